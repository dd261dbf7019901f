using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace McpPlatform.UserService.Tests.Queries;

[Collection(UserServiceCollection.Name)]
public sealed class MariaDbTests(MariaDbTarget target) : IClassFixture<MariaDbTarget>
{
    public static TheoryData<string> Statements() =>
    [
        // Files
        "SELECT LOAD_FILE('/etc/passwd')", "SELECT load_file ('/etc/passwd')", "SELECT /**/ LOAD_FILE/**/('/etc/passwd')", "SELECT `LOAD_FILE`('/etc/passwd')",
        "SELECT 'x' INTO OUTFILE '{0}'", "SELECT 'x' INTO DUMPFILE '{0}'", "SELECT * FROM people INTO OUTFILE '{0}'", "SELECT 'x' FROM people LIMIT 1 INTO @a",
        "SELECT /*!50000 'x' INTO OUTFILE '{0}' */", "SELECT 1 /*! INTO OUTFILE '{0}' */", "SELECT 1 /*M! INTO OUTFILE '{0}' */", "SELECT 1 /*M!100100 INTO OUTFILE '{0}' */", "TABLE people INTO OUTFILE '{0}'",
        "LOAD DATA INFILE '/etc/passwd' INTO TABLE log", "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE log", "WITH a AS (SELECT 1) SELECT * FROM a INTO OUTFILE '{0}'",

        // Time, locks, settings, sessions
        "SELECT SLEEP(60)", "SELECT sleep (60)", "SELECT BENCHMARK(1000000000, MD5('a'))", "SELECT GET_LOCK('hostile', 1)", "SELECT RELEASE_ALL_LOCKS()", "SELECT MASTER_POS_WAIT('a', 1)",
        "SELECT * FROM people FOR UPDATE", "SELECT * FROM people LOCK IN SHARE MODE", "SELECT * FROM people FOR SHARE", "LOCK TABLES people WRITE", "FLUSH TABLES WITH READ LOCK",
        "SET GLOBAL max_connections = 1", "SET SESSION max_statement_time = 0", "SET STATEMENT max_statement_time = 0 FOR SELECT 1", "SELECT /*+ SET_VAR(max_execution_time=0) */ 1", "SELECT @a := 1", "SELECT @a",
        "SET @a = 1", "KILL 1", "SHUTDOWN", "RESET MASTER", "PURGE BINARY LOGS TO 'a'", "CHANGE MASTER TO MASTER_HOST='127.0.0.1'", "START TRANSACTION READ WRITE", "COMMIT", "BEGIN", "XA START 'a'", "USE mysql",

        // Changes
        "INSERT INTO people VALUES (9, 'x', NULL)", "UPDATE people SET name = 'x'", "DELETE FROM people", "REPLACE INTO people VALUES (1, 'x', NULL)", "REPLACE people VALUES (1, 'x', NULL)",
        "WITH a AS (SELECT 1) DELETE FROM people", "TRUNCATE TABLE people", "DROP TABLE people", "CREATE TABLE hostile (a int)", "CREATE TEMPORARY TABLE hostile (a int)", "ALTER TABLE people ADD hostile int", "RENAME TABLE people TO hostile",
        "CREATE TABLE hostile AS SELECT 1", "GRANT ALL ON *.* TO nobody@localhost", "INSTALL SONAME 'ha_example'", "CREATE FUNCTION hostile RETURNS STRING SONAME 'x.so'", "CREATE EVENT hostile ON SCHEDULE EVERY 1 DAY DO DELETE FROM people",
        "SELECT 1; DROP TABLE people", "SELECT 1;SELECT 2", "SELECT 'a\\'; DROP TABLE people; -- '; DROP TABLE people", "SELECT 'a' -- x\n; DROP TABLE people", "SELECT 1 --1; \n; DROP TABLE people", "SELECT 1 # '\n; DROP TABLE people -- '",
        "SELECT \"a'\"; DROP TABLE people", "EXPLAIN DELETE FROM people", "ANALYZE DELETE FROM people", "ANALYZE TABLE people", "EXPLAIN FOR CONNECTION 1", "SHOW EXPLAIN FOR 1",

        // Code
        "SELECT sneaky()", "SELECT `sneaky`()", "SELECT version2()", "SELECT target.sneaky()", "SELECT sys.ps_thread_id(1)", "CALL sneaky()", "DO SLEEP(1)", "HANDLER people OPEN", "PREPARE a FROM 'SELECT 1'", "EXECUTE a",
        "EXECUTE IMMEDIATE 'DROP TABLE people'", "SELECT * FROM people PROCEDURE ANALYSE()", "SELECT NEXT VALUE FOR tickets", "SELECT NEXTVAL(tickets)", "SELECT SETVAL(tickets, 9)", "SELECT LASTVAL(tickets)", "SELECT sys_exec('touch {0}')", "SELECT lib_mysqludf_sys_info()",
        "BEGIN NOT ATOMIC DROP TABLE people; END", "SELECT any_value(1)", "SELECT ANY_VALUE (id) FROM people", "SELECT path(1)", "SELECT /**/ Path /**/ (1)",

        // Passwords and other people's rows
        "SELECT * FROM mysql.user", "SELECT * FROM `mysql`.`global_priv`", "SELECT * FROM mysql . user", "SHOW GRANTS", "SHOW CREATE USER root@localhost", "SHOW PROCESSLIST", "SHOW FULL PROCESSLIST", "SHOW BINLOG EVENTS", "TABLE mysql.global_priv",
        "SELECT * FROM information_schema.processlist", "SELECT * FROM `INFORMATION_SCHEMA`.`PROCESSLIST`", "SELECT sql_text FROM performance_schema.events_statements_history", "SELECT * FROM sys.session", "TABLE performance_schema.threads",

        // What can be read in two ways
        "SELECT 'a", "SELECT `a", "SELECT /* a", "SELECT 1x", "SELECT 0xzz", "SELECT {fn now()}", "SELECT \\N", "SELECT\u00a01", "SELECT @'a'", "SELECT 1 \u0001", "", ";", "# nothing",
    ];

    [Theory]
    [MemberData(nameof(Statements))]
    public async Task A_hostile_statement_is_refused_and_has_done_nothing(string statement)
    {
        var file = Path.Combine(Path.GetTempPath(), $"hostile-{Guid.CreateVersion7():N}");
        var before = await StateAsync();

        var response = await target.AskAsync(statement.Replace("{0}", file, StringComparison.Ordinal));

        Assert.Contains(response.StatusCode, new[] { HttpStatusCode.BadRequest, HttpStatusCode.UnprocessableEntity });
        Assert.DoesNotContain("root:", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.False(File.Exists(file));
        Assert.Equal(before, await StateAsync());
    }

    /// <summary>A view's functions are the database's own affair; what they do stays within the transaction and the session.</summary>
    [Fact]
    public async Task What_a_view_does_is_read_only_and_leaves_nothing_behind()
    {
        await target.ExecuteAsync("CREATE VIEW writing AS SELECT sneaky() AS a; CREATE VIEW locking AS SELECT GET_LOCK('hostile', 1) AS a; CREATE VIEW endless AS SELECT SLEEP(60) AS a");
        var before = await StateAsync();

        var problem = await (await target.AskAsync("SELECT * FROM writing")).AssertProblemAsync(HttpStatusCode.UnprocessableEntity);
        Assert.Equal("25006", problem.GetProperty("sql_state").GetString());
        Assert.Equal("[[1]]", (await target.RowsAsync("SELECT * FROM locking")).GetRawText());
        await (await target.AskAsync("SELECT * FROM endless", timeoutMs: 300)).AssertProblemAsync(HttpStatusCode.GatewayTimeout);

        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        while (await StateAsync() != before)
        {
            await Task.Delay(20, patience.Token);
        }
    }

    [Theory]
    [InlineData("SELECT id, name, born FROM people ORDER BY id", """[[1,"Ann","1980-02-29"],[2,"Bob",null],[3,"Cyd","2001-01-01"]]""")]
    [InlineData("(SELECT 1);", "[[1]]")]
    [InlineData("WITH RECURSIVE t (n, m) AS (SELECT 1, 2 UNION ALL SELECT n + 1, 3 FROM t WHERE n < 3) SELECT count(*) FROM t", "[[3]]")]
    [InlineData("SELECT t.a FROM (SELECT 1 AS a) AS t", "[[1]]")]
    [InlineData("SELECT 'it''s', \"a\\\"b\", 'x -- y'", """[["it's","a\"b","x -- y"]]""")]
    [InlineData("SELECT COUNT(*), max(id), CONCAT(name, '!') FROM people WHERE name IN ('Ann')", """[[1,1,"Ann!"]]""")]
    [InlineData("SELECT REPLACE('abc', 'b', 'x'), CAST('7' AS int)", """[["axc",7]]""")]
    [InlineData("SELECT 1 -- a comment; DROP", "[[1]]")]
    [InlineData("SELECT JSON_EXTRACT('{\"a\": [1]}', '$.a')", "[[\"[1]\"]]")]
    [InlineData("SELECT DATE_ADD('2026-01-01', INTERVAL 1 DAY)", """[["2026-01-02"]]""")]
    [InlineData("SELECT `name` FROM `people` WHERE id=2", """[["Bob"]]""")]
    [InlineData("SELECT @@sql_mode", """[["IGNORE_SPACE,STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"]]""")]
    public async Task What_reads_is_run(string query, string expected) => Assert.Equal(expected, (await target.RowsAsync(query)).GetRawText());

    [Theory]
    [InlineData("SHOW TABLES")]
    [InlineData("SHOW CREATE TABLE people")]
    [InlineData("SHOW FULL COLUMNS FROM people LIKE 'n%'")]
    [InlineData("DESCRIBE people")]
    [InlineData("EXPLAIN SELECT * FROM people")]
    [InlineData("EXPLAIN FORMAT=JSON SELECT * FROM people")]
    public async Task What_describes_is_run(string query) => Assert.NotEqual(0, (await target.RowsAsync(query)).GetArrayLength());

    [Fact]
    public async Task Values_are_bound_and_never_part_of_the_text()
    {
        Assert.Equal("""[["Bob"]]""", (await target.RowsAsync("SELECT name FROM people WHERE id = ?", new[] { 2 })).GetRawText());
        Assert.Equal("""[["' OR 1=1 -- ",5]]""", (await target.RowsAsync("SELECT :a, @b", new { a = "' OR 1=1 -- ", b = 5 })).GetRawText());
        await (await target.AskAsync("SELECT ?", Array.Empty<int>())).AssertProblemAsync(HttpStatusCode.UnprocessableEntity);
    }

    [Fact]
    public async Task Types_become_json()
    {
        var rows = await target.RowsAsync(
            "SELECT 9007199254740993, -5, 18446744073709551615, 1.10, CAST('123456789012345678901234567890.12' AS decimal(40,2)), 1e0, x'00ff', b'101', TIME'-838:59:59', TIMESTAMP'2026-01-02 03:04:05.5', true, NULL, CAST('0000-00-00' AS char)");

        Assert.Equal(
            """["9007199254740993",-5,"18446744073709551615","1.10","123456789012345678901234567890.12",1,"AP8=","BQ==","-838:59:59","2026-01-02T03:04:05.5",1,null,"0000-00-00"]""",
            rows[0].GetRawText());
    }

    [Fact]
    public async Task Rows_and_time_have_limits()
    {
        var answer = await (await target.AskAsync("SELECT seq FROM seq_1_to_1000000", maxRows: 3)).JsonAsync();
        Assert.Equal((3, true), (answer.GetProperty("row_count").GetInt32(), answer.GetProperty("truncated").GetBoolean()));

        var started = Stopwatch.StartNew();
        await (await target.AskAsync("SELECT count(*) AS slow_1 FROM seq_1_to_1000000 a, seq_1_to_1000000 b WHERE a.seq * b.seq = 7", timeoutMs: 300)).AssertProblemAsync(HttpStatusCode.GatewayTimeout);
        Assert.InRange(started.ElapsedMilliseconds, 250, 4000);
        await AssertGoneAsync("slow_1");
    }

    [Fact]
    public async Task A_client_that_leaves_ends_its_query()
    {
        using var leaving = new CancellationTokenSource();
        var asking = target.Person.PostAsJsonAsync(
            target.Path + "/query", new { query = "SELECT count(*) AS slow_2 FROM seq_1_to_1000000 a, seq_1_to_1000000 b WHERE a.seq * b.seq = 7" }, leaving.Token);
        while (await CountAsync("slow_2") == "0")
        {
            await Task.Delay(20);
        }

        await leaving.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        await AssertGoneAsync("slow_2");
    }

    [Fact]
    public async Task Writing_is_rows_and_nothing_else()
    {
        await target.ExecuteAsync("CREATE TABLE notes (id int, text varchar(50))");

        var answer = await (await target.AskToWriteAsync("INSERT INTO notes (id, text) SELECT seq, ? FROM seq_1_to_3", new[] { "a" })).JsonAsync();
        Assert.Equal(3, answer.GetProperty("row_count").GetInt32());
        await target.AskToWriteAsync("UPDATE notes SET text = 'b' WHERE id = 2");
        await target.AskToWriteAsync("DELETE FROM notes WHERE id = 3");
        Assert.Equal("a,b", await target.ScalarAsync("SELECT group_concat(text ORDER BY id) FROM notes"));

        foreach (var statement in new[]
        {
            "DROP TABLE notes", "INSERT INTO mysql.user SELECT 1", "INSERT INTO notes SELECT 1, LOAD_FILE('/etc/passwd')", "INSERT INTO notes SELECT 1, 'x' INTO OUTFILE '/tmp/hostile'", "INSERT INTO notes VALUES (1, sneaky())",
            "UPDATE notes SET text = sleep(9)", "DELETE FROM notes; DROP TABLE notes", "LOAD DATA INFILE '/etc/passwd' INTO TABLE notes",
        })
        {
            await (await target.AskToWriteAsync(statement)).AssertProblemAsync(HttpStatusCode.UnprocessableEntity);
        }

        Assert.Equal("a,b", await target.ScalarAsync("SELECT group_concat(text ORDER BY id) FROM notes"));
    }

    [Fact]
    public async Task A_database_error_tells_its_code_and_message()
    {
        var problem = await (await target.AskAsync("SELECT nothing FROM people")).AssertProblemAsync(HttpStatusCode.UnprocessableEntity);

        Assert.Equal("42S22", problem.GetProperty("sql_state").GetString());
        Assert.Contains("Unknown column", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    private Task<string> StateAsync() => target.ScalarAsync(
        """
        SELECT CONCAT_WS('|', (SELECT GROUP_CONCAT(id, name ORDER BY id) FROM people), (SELECT COUNT(*) FROM log), (SELECT COUNT(*) FROM information_schema.tables WHERE table_name = 'hostile'),
          IS_FREE_LOCK('hostile'), @@global.max_connections, (SELECT COUNT(*) FROM information_schema.events), (SELECT COUNT(*) FROM mysql.func), (SELECT next_not_cached_value FROM tickets))
        """);

    private Task<string> CountAsync(string marker) => target.ScalarAsync($"SELECT count(*) FROM information_schema.processlist WHERE info LIKE '%{marker}%' AND id <> connection_id()");

    private async Task AssertGoneAsync(string marker)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        while (await CountAsync(marker) != "0")
        {
            await Task.Delay(20, patience.Token);
        }
    }

    [Fact]
    public async Task The_schema_tells_columns_keys_indexes_and_comments()
    {
        await target.ExecuteAsync(
            """
            CREATE TABLE shop_orders (number int, shop int, buyer int NOT NULL COMMENT 'Who pays.', note varchar(20) DEFAULT 'none', more varchar(20), PRIMARY KEY (shop, number), UNIQUE KEY one_buyer (buyer, number),
              CONSTRAINT buys FOREIGN KEY (buyer) REFERENCES people (id)) COMMENT 'What was ordered.' ENGINE=InnoDB;
            CREATE VIEW shop_names AS SELECT name FROM people;
            """);

        var answer = await (await target.Person.GetAsync(target.Path + "/schema?search=SHOP_")).JsonAsync();

        var tables = answer.GetProperty("schemas").EnumerateArray().Single().GetProperty("tables").EnumerateArray().ToList();
        Assert.Equal(["shop_names:view", "shop_orders:table"], tables.Select(table => $"{table.GetProperty("name")}:{table.GetProperty("kind")}"));
        var orders = tables[1];
        Assert.Equal("What was ordered.", orders.GetProperty("comment").GetString());
        Assert.Equal("""["shop","number"]""", orders.GetProperty("primary_key").GetRawText());
        Assert.Equal("""{"name":"buyer","type":"int(11)","nullable":false,"comment":"Who pays."}""", orders.GetProperty("columns")[2].GetRawText());
        Assert.Equal("""{"name":"note","type":"varchar(20)","nullable":true,"default":"'none'"}""", orders.GetProperty("columns")[3].GetRawText());
        Assert.Equal("""{"name":"more","type":"varchar(20)","nullable":true}""", orders.GetProperty("columns")[4].GetRawText());
        Assert.Equal("""[{"name":"one_buyer","unique":true,"columns":["buyer","number"]}]""", orders.GetProperty("indexes").GetRawText());
        Assert.Equal(("buys", "people"), (orders.GetProperty("foreign_keys")[0].GetProperty("name").GetString(), orders.GetProperty("foreign_keys")[0].GetProperty("references").GetProperty("table").GetString()));

        var first = await (await target.Person.GetAsync(target.Path + "/schema?search=shop_&limit=1")).JsonAsync();
        var second = await (await target.Person.GetAsync(target.Path + "/schema?search=shop_&limit=1&cursor=" + first.GetProperty("next_cursor").GetString())).JsonAsync();
        Assert.Equal("shop_orders", second.GetProperty("schemas")[0].GetProperty("tables")[0].GetProperty("name").GetString());
        Assert.Equal(JsonValueKind.Null, second.GetProperty("next_cursor").ValueKind);
    }
}
