using System.Net;
using System.Text.Json;

namespace McpPlatform.UserService.Tests.Queries;

/// <summary>What a superuser's session would let through, one statement each: refused, and nothing has happened.</summary>
[Collection(UserServiceCollection.Name)]
public sealed class HostilePostgresTests(PostgresTarget target) : IClassFixture<PostgresTarget>
{
    // {0} is a file that nobody has written yet.
    public static TheoryData<string> Statements() =>
    [
        // Files and programs
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT * FROM pg_read_file('/etc/passwd')",
        "SELECT * FROM pg_catalog.pg_read_file('/etc/passwd') AS t",
        "SELECT \"pg_read_file\"('/etc/passwd')",
        "SELECT \"pg_catalog\" . \"pg_read_file\" ('/etc/passwd')",
        "SELECT U&\"pg\\005fread\\005ffile\"('/etc/passwd')",
        "SELECT u&\"!0070g_read_file\" UESCAPE '!' ('/etc/passwd')",
        "SELECT PG_READ_FILE /* a comment */ ('/etc/passwd')",
        "SELECT pg_read_file -- a comment\n ('/etc/passwd')",
        "SELECT pg_read_binary_file('/etc/passwd')",
        "SELECT * FROM people, LATERAL pg_read_file('/etc/passwd')",
        "SELECT * FROM people WHERE name = (SELECT pg_read_file('/etc/passwd'))",
        "SELECT * FROM people ORDER BY pg_read_file('/etc/passwd')",
        "SELECT * FROM ROWS FROM (pg_ls_dir('/'), pg_ls_dir('/etc')) AS t",
        "SELECT pg_stat_file('/etc/passwd')",
        "SELECT * FROM pg_ls_logdir()",
        "SELECT * FROM pg_ls_waldir()",
        "TABLE pg_hba_file_rules",
        "SELECT * FROM pg_file_settings",
        "SELECT lo_import('/etc/passwd')",
        "SELECT lo_export(1, '{0}')",
        "SELECT lo_from_bytea(0, 'x')",
        "SELECT lo_get(1)",
        "SELECT data FROM pg_largeobject",
        "COPY people TO '{0}'",
        "COPY people TO STDOUT",
        "COPY (SELECT 1) TO PROGRAM 'touch {0}'",
        "COPY people FROM PROGRAM 'touch {0}; echo'",
        "WITH x AS (COPY people TO '{0}') SELECT 1",
        "EXPLAIN COPY people TO '{0}'",
        "LOAD 'auto_explain'",
        "CREATE FUNCTION f() RETURNS int LANGUAGE c AS '/tmp/x.so'",

        // More than one statement, and statements in disguise
        "COMMIT; CREATE TABLE hostile (a int)",
        "SELECT 1; CREATE TABLE hostile (a int)",
        "SELECT 1;; SELECT 2",
        "SELECT E'\\'; CREATE TABLE hostile (a int); --'; CREATE TABLE hostile (a int)",
        "SELECT 'a\\'; CREATE TABLE hostile (a int); --'",
        "SELECT $a$ $b$ $a$; CREATE TABLE hostile (a int) --$b$",
        "SELECT /* /* */ */ 1; CREATE TABLE hostile (a int) /* */",
        "SELECT E'a'\n'\\''; CREATE TABLE hostile (a int) --'",
        "/* SELECT */ DROP TABLE people",
        "-- SELECT\rDROP TABLE people",
        "DROP TABLE people",
        "TRUNCATE people",
        "CREATE TABLE hostile (a int)",
        "CREATE TEMP TABLE hostile (a int)",
        "ALTER TABLE people ADD hostile int",
        "ALTER SYSTEM SET work_mem = '64kB'",
        "CREATE EXTENSION file_fdw",
        "CREATE SUBSCRIPTION hostile CONNECTION 'host=127.0.0.1' PUBLICATION p",
        "DO $$ BEGIN PERFORM pg_read_file('/etc/passwd'); END $$",
        "PREPARE p AS SELECT 1",
        "EXECUTE p",
        "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
        "CALL something()",
        "VACUUM", "CHECKPOINT", "REINDEX TABLE people", "CLUSTER", "DISCARD ALL",
        "SELECT 1 INTO hostile",
        "SELECT * INTO TEMP hostile FROM people",
        "CREATE TABLE hostile AS SELECT 1",
        "EXPLAIN ANALYZE CREATE TABLE hostile AS SELECT 1",
        "EXPLAIN (ANALYZE) INSERT INTO people VALUES (9, 'x', NULL)",
        "EXPLAIN ANALYZE EXECUTE p",
        "EXPLAIN ANALYZE WITH x AS (DELETE FROM people RETURNING *) SELECT * FROM x",
        "INSERT INTO people VALUES (9, 'x', NULL)",
        "UPDATE people SET name = 'x'",
        "DELETE FROM people",
        "MERGE INTO people USING people p ON false WHEN NOT MATCHED THEN INSERT VALUES (9, 'x', NULL)",
        "WITH x AS (DELETE FROM people RETURNING *) SELECT * FROM x",
        "WITH x AS (UPDATE people SET name = 'x' RETURNING *) SELECT * FROM x",

        // Settings, transactions, locks, other sessions
        "SET statement_timeout = 0",
        "SET TRANSACTION READ WRITE",
        "SET LOCAL role pg_monitor",
        "RESET ALL",
        "BEGIN", "COMMIT", "ROLLBACK", "END", "SAVEPOINT a", "START TRANSACTION READ WRITE",
        "SELECT set_config('transaction_read_only', 'off', true)",
        "SELECT set_config('statement_timeout', '0', false)",
        "SELECT 1 WHERE (SELECT set_config('work_mem', '64kB', false)) = ''",
        "LOCK TABLE pg_class",
        "SELECT * FROM people FOR UPDATE",
        "SELECT * FROM people FOR NO KEY UPDATE",
        "SELECT * FROM people FOR /* */ SHARE SKIP LOCKED",
        "SELECT * FROM people FOR KEY SHARE",
        "SELECT pg_advisory_lock(1)",
        "SELECT pg_try_advisory_lock_shared(1)",
        "SELECT pg_advisory_xact_lock(1)",
        "NOTIFY hostile", "LISTEN hostile",
        "SELECT pg_notify('hostile', '')",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity",
        "SELECT pg_cancel_backend(1)",
        "SELECT pg_reload_conf()",
        "SELECT pg_rotate_logfile()",
        "SELECT pg_switch_wal()",
        "SELECT pg_create_restore_point('hostile')",
        "SELECT pg_create_physical_replication_slot('hostile')",
        "SELECT pg_logical_emit_message(false, 'a', 'b')",
        "SELECT pg_stat_reset()",
        "SELECT pg_export_snapshot()",
        "SELECT nextval('tickets')", "SELECT setval('tickets', 9)", "SELECT setseed(0.5)",
        "SELECT currtid2('people', '(0,1)')",

        // Statements given as text
        "SELECT query_to_xml('SELECT pg_read_file(''/etc/passwd'')', true, true, '')",
        "SELECT query_to_xml_and_xmlschema('DELETE FROM people', true, true, '')",
        "SELECT cursor_to_xml('c', 1, true, true, '')",
        "SELECT database_to_xml(true, true, '')",
        "SELECT schema_to_xml('public', true, true, '')",
        "SELECT ts_stat('SELECT to_tsvector(pg_read_file(''/etc/passwd''))')",
        "SELECT ts_rewrite('a'::tsquery, 'SELECT ''a''::tsquery, pg_read_file(''/etc/passwd'')::tsquery')",
        "SELECT * FROM crosstab('SELECT 1, 2, pg_read_file(''/etc/passwd'')') AS t (a int, b text)",
        "SELECT * FROM connectby('people', 'id', 'id', '1', 0) AS t (a int, b int, c int)",
        "SELECT * FROM dblink('host=127.0.0.1', 'SELECT 1') AS t (a int)",
        "SELECT dblink_connect('host=127.0.0.1')",
        "SELECT dblink_exec('CREATE TABLE hostile (a int)')",

        // The database's own functions
        "SELECT \"Sneaky\"()",
        "SELECT public.\"Sneaky\" ()",
        "SELECT definer()",
        "SELECT p.leak FROM people p",
        "SELECT (p).\"leak\" FROM people p",
        "SELECT leak(p) FROM people p",
        "SELECT 1 ### 2",
        "SELECT 1 OPERATOR(public.###) 2",
        "SELECT aggr(id) FROM people",
        "SELECT alias_of_sleep(0)",
        "SELECT a[1:pg_read_file('/etc/passwd')::int] FROM (SELECT ARRAY[1]) AS t (a)",
        "SELECT (ARRAY[1])[:pg_reload_conf()::int]",

        // Credentials
        "SELECT rolpassword FROM pg_authid",
        "SELECT passwd FROM \"pg_catalog\".\"pg_shadow\"",
        "TABLE pg_user_mappings",
        "SELECT subconninfo FROM pg_subscription",
        "SELECT * FROM information_schema.user_mapping_options",
        "SELECT * FROM information_schema._pg_user_mappings",

        // What others do
        "SELECT query FROM pg_stat_activity",
        "SELECT query FROM pg_stat_get_activity(NULL) AS a",
        "SELECT pg_stat_get_backend_activity(1)",
        "SELECT query FROM pg_stat_statements",

        // What nobody can read for certain
        "SELECT 1\u00a0; SELECT 2", "SELECT\u200b1", "SELECT 'a' 'b'", "SELECT 'a", "SELECT \"a", "SELECT $a$ b", "SELECT /* a", "SELECT 1x", "SELECT 0x1f", "SELECT $1$1", "", ";", "-- nothing",
        "SELECT \u0001 1", "\\! touch {0}", "\\copy people to {0}", "HELP", "SELECT 1 \\gexec",
    ];

    [Theory]
    [MemberData(nameof(Statements))]
    public async Task A_hostile_statement_is_refused_and_has_done_nothing(string statement)
    {
        var file = Path.Combine(Path.GetTempPath(), $"hostile-{Guid.CreateVersion7():N}");
        var before = await StateAsync();

        foreach (var response in new[]
        {
            await target.AskAsync(statement.Replace("{0}", file, StringComparison.Ordinal)),
            await target.AskAsync("EXPLAIN ANALYZE " + statement.Replace("{0}", file, StringComparison.Ordinal)),
        })
        {
            Assert.Contains(response.StatusCode, new[] { HttpStatusCode.BadRequest, HttpStatusCode.UnprocessableEntity });
            Assert.DoesNotContain("root:", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        Assert.False(File.Exists(file));
        Assert.Equal(before, await StateAsync());
    }

    [Theory]
    [InlineData("UPDATE pg_proc SET prosrc = 'pg_read_file' WHERE proname = 'twice'")]
    [InlineData("INSERT INTO \"pg_catalog\".\"pg_am\" SELECT * FROM pg_am")]
    [InlineData("DELETE FROM pg_catalog . pg_class")]
    [InlineData("UPDATE people SET name = pg_read_file('/etc/passwd')")]
    [InlineData("INSERT INTO people SELECT 9, pg_read_file('/etc/passwd') RETURNING *")]
    [InlineData("INSERT INTO people VALUES (9, 'x', NULL); DROP TABLE people")]
    [InlineData("CREATE TABLE hostile (a int)")]
    [InlineData("DROP TABLE people")]
    [InlineData("TRUNCATE people")]
    [InlineData("SELECT 1 INTO hostile")]
    [InlineData("COPY people FROM '/etc/passwd'")]
    [InlineData("SET SESSION AUTHORIZATION postgres")]
    [InlineData("EXPLAIN ANALYZE DELETE FROM people")]
    [InlineData("SELECT nextval('tickets')")]
    [InlineData("GRANT ALL ON people TO PUBLIC")]
    public async Task Writing_is_rows_and_nothing_else(string statement)
    {
        var before = await StateAsync();

        await (await target.AskToWriteAsync(statement)).AssertProblemAsync(HttpStatusCode.UnprocessableEntity);

        Assert.Equal(before, await StateAsync());
    }

    /// <summary>Even a statement that the screen overlooked is in a read-only transaction that is rolled back, on a connection that nobody gets again.</summary>
    [Theory]
    [InlineData("SHOW transaction_read_only", "on")]
    [InlineData("SHOW lock_timeout", "5s")]
    [InlineData("SHOW statement_timeout", "15s")]
    [InlineData("SHOW idle_in_transaction_session_timeout", "20s")]
    [InlineData("SHOW standard_conforming_strings", "on")]
    public async Task A_query_runs_within_limits_that_the_server_holds(string query, string expected)
    {
        await target.ExecuteAsync("ALTER ROLE CURRENT_USER IN DATABASE " + "\"" + await target.ScalarAsync<string>("SELECT current_database()::text") + "\" SET standard_conforming_strings = off");

        Assert.Equal(expected, (await target.RowsAsync(query))[0][0].GetString());
    }

    /// <summary>Whoever owns a database says where its names are looked up, and could answer "not equal" for every name that is screened.</summary>
    [Fact]
    public async Task A_search_path_hides_no_function()
    {
        var database = await target.ScalarAsync<string>("SELECT current_database()::text");
        await target.ExecuteAsync(
            $"""
            CREATE SCHEMA trap;
            CREATE FUNCTION trap.never(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT false';
            CREATE OPERATOR trap.= (LEFTARG = text, RIGHTARG = text, FUNCTION = trap.never);
            ALTER DATABASE "{database}" SET search_path = trap, pg_catalog, public
            """);
        try
        {
            var problem = await (await target.AskAsync("SELECT pg_read_file('/etc/passwd')")).AssertProblemAsync(HttpStatusCode.UnprocessableEntity);
            Assert.StartsWith("pg_read_file may not be called", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
            Assert.Equal("\"trap, pg_catalog, public\"", await target.ValueAsync("SHOW search_path"));
        }
        finally
        {
            await target.ExecuteAsync($"ALTER DATABASE \"{database}\" RESET search_path");
        }
    }

    /// <summary>A view's functions are the database's own affair; what they do stays within the transaction and the session.</summary>
    [Fact]
    public async Task What_a_view_does_is_read_only_and_leaves_nothing_behind()
    {
        await target.ExecuteAsync(
            """
            CREATE FUNCTION writes() RETURNS int LANGUAGE plpgsql AS 'BEGIN INSERT INTO people VALUES (9, ''x'', NULL); RETURN 1; END';
            CREATE VIEW writing AS SELECT writes();
            CREATE VIEW locking AS SELECT pg_try_advisory_lock(42), set_config('statement_timeout', '0', false) AS a, set_config('work_mem', '64kB', false) AS b;
            CREATE VIEW endless AS SELECT set_config('statement_timeout', '0', false) AS a, pg_sleep(60)::text AS b;
            """);
        var before = await StateAsync();

        var problem = await (await target.AskAsync("SELECT * FROM writing")).AssertProblemAsync(HttpStatusCode.UnprocessableEntity);
        Assert.Equal("25006", problem.GetProperty("sql_state").GetString());
        Assert.Equal(HttpStatusCode.OK, (await target.AskAsync("SELECT * FROM locking")).StatusCode);
        Assert.Equal("\"15s\"", await target.ValueAsync("SHOW statement_timeout"));
        await (await target.AskAsync("SELECT * FROM endless", timeoutMs: 300)).AssertProblemAsync(HttpStatusCode.GatewayTimeout);

        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        while (await StateAsync() != before)
        {
            await Task.Delay(20, patience.Token);
        }
    }

    [Fact]
    public async Task Each_query_has_a_session_of_its_own() =>
        Assert.NotEqual(await target.ValueAsync("SELECT pg_backend_pid()"), await target.ValueAsync("SELECT pg_backend_pid()"));

    [Fact]
    public async Task An_external_entity_is_not_read()
    {
        var response = await target.AskAsync("""SELECT xmlparse(document '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>')::text""");

        Assert.DoesNotContain("root:", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private Task<string> StateAsync() => target.ScalarAsync<string>(
        """
        SELECT concat_ws('|', (SELECT string_agg(p::text, ',' ORDER BY id) FROM people p), (SELECT count(*) FROM pg_class WHERE relname = 'hostile'), to_regclass('people'),
          (SELECT last_value || is_called::text FROM tickets), (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())),
          (SELECT count(*) FROM pg_largeobject_metadata), (SELECT count(*) FROM pg_replication_slots WHERE slot_name = 'hostile'), (SELECT count(*) FROM pg_extension),
          (SELECT prosrc FROM pg_proc WHERE proname = 'twice'), (SELECT count(*) FROM pg_subscription), current_setting('work_mem'), (SELECT count(*) FROM pg_file_settings WHERE name = 'work_mem'))
        """);
}
