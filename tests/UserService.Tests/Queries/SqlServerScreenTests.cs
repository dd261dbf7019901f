using System.Text.Json;
using McpPlatform.UserService.Queries.Sql;

namespace McpPlatform.UserService.Tests.Queries;

/// <summary>SQL Server does not run where these tests do: what is tested is what it would be given.</summary>
public sealed class SqlServerScreenTests
{
    [Theory]
    [InlineData("SELECT TOP (5) a.id, [na]]me], \"q\" FROM dbo.people AS a WITH (NOLOCK) WHERE a.name = N'it''s; DROP' ORDER BY 1 OFFSET 5 ROWS FETCH NEXT 5 ROWS ONLY;")]
    [InlineData("WITH a (x, y) AS (SELECT 1, 2), b AS (SELECT 3 AS z) SELECT * FROM a CROSS JOIN b")]
    [InlineData("(SELECT 1) UNION ALL (SELECT 2) EXCEPT SELECT 3")]
    [InlineData("SELECT count(*), max(id) OVER (PARTITION BY name), CASE WHEN 1 = 1 THEN 'a' ELSE 'b' END FROM db.dbo.people")]
    [InlineData("SELECT CAST(a AS decimal(10, 2)), CONVERT(varchar(10), b), IIF(a > 1, 2, 3) FROM t -- a comment; EXEC x")]
    [InlineData("SELECT /* nested /* EXEC */ ; */ doc.value('(/a)[1]', 'int') FROM t CROSS APPLY doc.nodes('/a') AS n (x)")]
    [InlineData("SELECT * FROM t FOR JSON PATH")]
    [InlineData("SELECT * FROM OPENJSON('[1]') WITH (a int)")]
    [InlineData("SELECT [update], [exec] FROM [set]")]
    [InlineData("SELECT 0xFF, 1.5e3, .5, @@VERSION")]
    [InlineData("SELECT * FROM people WITH (INDEX(1)) WHERE CONTAINS(name, 'x') AND name IN (SELECT 'a' UNION SELECT 'b')")]
    public void What_reads_passes(string query) => Assert.False(SqlServerScreen.Screen(query, mayWrite: false).Writes);

    [Theory]
    [InlineData("SELECT 1; SELECT 2")]
    [InlineData("SELECT 1 SELECT 2")]
    [InlineData("SELECT 1 DROP TABLE people")]
    [InlineData("SELECT 1 EXEC xp_cmdshell 'dir'")]
    [InlineData("SELECT 1 EXECUTE('DROP TABLE people')")]
    [InlineData("EXEC sp_executesql N'SELECT 1'")]
    [InlineData("exec master..xp_cmdshell 'dir'")]
    [InlineData("sp_who")]
    [InlineData("SELECT * FROM OPENROWSET(BULK 'C:\\x', SINGLE_CLOB) AS a")]
    [InlineData("SELECT * FROM openrowset ('SQLNCLI', 'Server=x', 'SELECT 1')")]
    [InlineData("SELECT * FROM OPENQUERY(other, 'SELECT 1')")]
    [InlineData("SELECT * FROM OPENDATASOURCE('SQLNCLI', 'x').db.dbo.t")]
    [InlineData("SELECT * FROM other.db.dbo.people")]
    [InlineData("SELECT * FROM [other].[db]..[people]")]
    [InlineData("SELECT * FROM other...people")]
    [InlineData("SELECT * FROM [sys].[sql_logins]")]
    [InlineData("SELECT * FROM master.dbo.syslogins")]
    [InlineData("SELECT * INTO hostile FROM people")]
    [InlineData("SELECT * FROM people WITH (UPDLOCK)")]
    [InlineData("SELECT * FROM people WITH (TABLOCKX, HOLDLOCK)")]
    [InlineData("WAITFOR DELAY '00:01'")]
    [InlineData("SELECT 1 WAITFOR DELAY '00:01'")]
    [InlineData("BULK INSERT people FROM 'C:\\x'")]
    [InlineData("SELECT 1 IF 1=1 SHUTDOWN")]
    [InlineData("SELECT 1 COMMIT")]
    [InlineData("SELECT 1 SET NOEXEC OFF")]
    [InlineData("SELECT 1 USE master")]
    [InlineData("SELECT 1 DECLARE @a int")]
    [InlineData("SELECT 1 BEGIN TRAN")]
    [InlineData("SELECT 1 GO SELECT 2")]
    [InlineData("SELECT 1 KILL 55")]
    [InlineData("SELECT 1 DBCC CHECKDB")]
    [InlineData("SELECT 1 RECONFIGURE")]
    [InlineData("SELECT 1 BACKUP DATABASE x TO DISK = 'y'")]
    [InlineData("SELECT 1 RESTORE DATABASE x")]
    [InlineData("SELECT 1 PRINT 'x'")]
    [InlineData("SELECT 1 REVERT")]
    [InlineData("SELECT dbo.fn()")]
    [InlineData("SELECT [dbo].[fn](1)")]
    [InlineData("SELECT * FROM sys.dm_os_file_exists('C:\\x')")]
    [InlineData("SELECT * FROM sys.fn_xe_file_target_read_file('x', NULL, NULL, NULL)")]
    [InlineData("SELECT * FROM fn_dump_dblog(1)")]
    [InlineData("SELECT \"openrowset\"('x')")]
    [InlineData("SELECT [OPENROWSET] ('x')")]
    [InlineData("SELECT NEXT VALUE FOR tickets")]
    [InlineData("INSERT INTO people VALUES (1)")]
    [InlineData("UPDATE people SET a = 1")]
    [InlineData("DELETE people")]
    [InlineData("MERGE people USING p ON 1 = 1 WHEN MATCHED THEN DELETE")]
    [InlineData("WITH a AS (SELECT 1 AS x) DELETE FROM a")]
    [InlineData("WITH a AS (SELECT 1 AS x) SELECT 1 SELECT 2")]
    [InlineData("SELECT 'a\\'; DROP TABLE people --'")]
    [InlineData("SELECT [a]] ; DROP TABLE people")]
    [InlineData("SELECT /* /* */ 1; DROP TABLE people")]
    [InlineData("SELECT * FROM #temp")]
    [InlineData("SELECT geometry::Parse('x')")]
    [InlineData("SELECT @a")]
    [InlineData("SELECT\u00a01 SELECT 2")]
    [InlineData("SELECT 1x")]
    [InlineData("{call sp_who}")]
    [InlineData("")]
    [InlineData("SELECT 1 SETUSER 'sa'")]
    [InlineData("SELECT 1 END CONVERSATION @a")]
    [InlineData("SELECT * FROM sys.[sql\uff3flogins]")]
    [InlineData("SELECT * FROM sys.[SQL_LOG\u0130NS]")]
    [InlineData("SELECT * FROM sys.[sql_lo\u00adgins]")]
    [InlineData("SELECT * FROM sys.[sql_l\u00f3gins ]")]
    [InlineData("SELECT * FROM (DELETE FROM people OUTPUT deleted.*) AS d")]
    [InlineData("SELECT 1) SELECT (2")]
    [InlineData("SELECT '\0'; SELECT 2")]
    [InlineData("SELECT \0 1")]
    public void What_is_hostile_is_refused(string query)
    {
        var exception = Assert.Throws<StatementRefusedException>(() =>
            StatementParameters.Bind(SqlServerScreen.Screen(query, mayWrite: false), null, number => $"@p{number}"));

        Assert.EndsWith(".", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("INSERT INTO dbo.people (id, name) SELECT 1, 'x'", true)]
    [InlineData("UPDATE p SET p.name = 'x' FROM people p WHERE p.id = 1", true)]
    [InlineData("DELETE FROM people WHERE id IN (SELECT 1)", true)]
    [InlineData("MERGE INTO people AS t USING s ON t.id = s.id WHEN MATCHED THEN UPDATE SET name = 'x' WHEN NOT MATCHED THEN INSERT (id) VALUES (1);", true)]
    [InlineData("WITH a AS (SELECT 1 AS x) UPDATE a SET x = 2", true)]
    [InlineData("INSERT INTO people VALUES (1) DELETE FROM people", false)]
    [InlineData("WITH a AS (SELECT 1 AS x) INSERT INTO people SELECT x FROM a", true)]
    [InlineData("INSERT INTO people VALUES (1), (2)", true)]
    [InlineData("INSERT INTO people VALUES (1) SELECT 1", false)]
    [InlineData("WITH a AS (SELECT 1 AS x) INSERT INTO people SELECT x FROM a DELETE FROM people", false)]
    [InlineData("WITH a AS (SELECT 1 AS x) UPDATE a SET x = 2 SELECT 1", false)]
    [InlineData("INSERT INTO people EXEC xp_cmdshell 'dir'", false)]
    [InlineData("INSERT INTO people SELECT 1 SELECT 2", false)]
    [InlineData("UPDATE people SET name = 'x' SELECT 1", false)]
    [InlineData("UPDATE people SET name = 'x' UPDATE people SET name = 'y'", false)]
    [InlineData("INSERT INTO other.db.dbo.people VALUES (1)", false)]
    [InlineData("DELETE FROM people OUTPUT deleted.* INTO hostile", false)]
    [InlineData("INSERT TOP (2) INTO people (id) VALUES (1)", true)]
    [InlineData("WITH a AS (SELECT 1 AS x) INSERT INTO people SELECT x FROM a UNION ALL SELECT 2", true)]
    [InlineData("INSERT INTO people DEFAULT VALUES", true)]
    [InlineData("INSERT INTO people (id) (SELECT 1)", true)]
    [InlineData("UPDATE people SET name = 'x' SET NOEXEC OFF", false)]
    [InlineData("UPDATE STATISTICS people", false)]
    [InlineData("INSERT INTO people (id) (SELECT 1) SELECT 2", false)]
    [InlineData("INSERT INTO people SELECT * FROM (DELETE FROM notes OUTPUT deleted.*) AS d", false)]
    [InlineData("WITH a AS (SELECT 1 AS x) UPDATE a SET x = 2 DELETE FROM people", false)]
    [InlineData("UPDATE msdb.dbo.sysjobsteps SET command = 'x'", false)]
    [InlineData("INSERT INTO [MASTER]..notes VALUES (1)", false)]
    [InlineData("TRUNCATE TABLE people", false)]
    [InlineData("DROP TABLE people", false)]
    public void Writing_is_one_statement_on_rows(string query, bool allowed)
    {
        if (allowed)
        {
            Assert.True(SqlServerScreen.Screen(query, mayWrite: true).Writes);
        }
        else
        {
            Assert.Throws<StatementRefusedException>(() => SqlServerScreen.Screen(query, mayWrite: true));
        }
    }

    [Theory]
    [InlineData("SELECT ?, ?", "[1, 2]", "SELECT @p1, @p2", 2)]
    [InlineData("SELECT @p2, @p1", "[1, 2]", "SELECT @p2, @p1", 2)]
    [InlineData("SELECT @a, :b, @a", """{"a": 1, "b": 2}""", "SELECT @p1, @p2, @p1", 2)]
    public void Places_are_numbered(string query, string parameters, string expected, int values)
    {
        var bound = StatementParameters.Bind(SqlServerScreen.Screen(query, mayWrite: false), JsonSerializer.Deserialize<JsonElement>(parameters), number => $"@p{number}");

        Assert.Equal((expected, values), (bound.Text, bound.Values.Count));
    }
}
