using Npgsql;

namespace McpPlatform.EndToEnd.Tests.Secrets;

/// <summary>All rows of all tables of the platform, as text; bytes are hexadecimal in it.</summary>
internal static class Databases
{
    public static async Task<List<(string Table, string Row)>> DumpAsync(Platform platform)
    {
        List<(string, string)> rows = [];
        foreach (var database in (string[])["authdb", "usersdb", "mcpdb", "analyticsdb"])
        {
            await using var source = NpgsqlDataSource.Create(await platform.ConnectionStringAsync(database));
            List<string> tables = [];
            await using (var find = source.CreateCommand("SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"))
            await using (var found = await find.ExecuteReaderAsync())
            {
                while (await found.ReadAsync())
                {
                    tables.Add(found.GetString(0));
                }
            }

            foreach (var table in tables)
            {
                await using var read = source.CreateCommand($"SELECT one::text FROM {table} one");
                await using var reader = await read.ExecuteReaderAsync();
                while (await reader.ReadAsync())
                {
                    rows.Add(($"{database} {table}", reader.GetString(0)));
                }
            }
        }

        return rows;
    }
}
