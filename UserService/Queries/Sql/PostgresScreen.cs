using System.Collections.Frozen;
using System.Text;

namespace McpPlatform.UserService.Queries.Sql;

/// <summary>
/// What a statement may be before PostgreSQL sees it. READ ONLY stops changes of rows and little else: files, programs, settings and locks are reached through functions and clauses,
/// so the kind of statement is a short list, and every name that is called is asked for in the server's catalogue afterwards (<see cref="Engines.PostgresFunctions"/>).
/// </summary>
internal static class PostgresScreen
{
    // NAMEDATALEN - 1: the server cuts longer names, so what is asked for would not be what is called.
    private const int MaxNameBytes = 63;

    private static readonly FrozenSet<string> Reads = Set("select with values table show explain");

    private static readonly FrozenSet<string> Changes = Set("insert update delete merge");

    // Passwords, other people's credentials and statements, the server's files, its memory.
    private static readonly FrozenSet<string> Relations = Set(
        "pg_authid pg_shadow pg_user_mapping pg_user_mappings user_mapping_options _pg_user_mappings pg_subscription pg_file_settings pg_hba_file_rules pg_ident_file_mappings pg_config pg_largeobject " +
        "pg_stat_activity pg_backend_memory_contexts pg_shmem_allocations pg_stat_statements pg_stat_statements_info");

    private static readonly FrozenSet<string> ExplainOptions = Set("analyze analyse verbose costs settings generic_plan buffers wal timing summary memory serialize format");

    public static Statement Screen(string sql, bool mayWrite)
    {
        var (tokens, text) = new PostgresLexer(sql).Read();
        var kind = tokens.FirstOrDefault(token => !token.IsSymbol("(")) is { Kind: TokenKind.Word } first ? first.Value : string.Empty;
        var main = kind == "explain" ? Explained(tokens) : kind;
        if (!(Reads.Contains(main) || Changes.Contains(main)) || (main is "show" or "explain" && main != kind))
        {
            throw new StatementRefusedException("Only SELECT, WITH, VALUES, TABLE, SHOW and EXPLAIN of these can be run" + (mayWrite ? ", and INSERT, UPDATE, DELETE and MERGE." : "."));
        }

        var writes = false;
        for (var i = 0; i < tokens.Count; i++)
        {
            var (token, next, after) = (tokens[i], At(tokens, i + 1), At(tokens, i + 2));
            RefuseName(token);
            RefuseLock(token, next, after);
            writes |= token.Kind == TokenKind.Word && Changes.Contains(token.Value) && !(i > 0 && tokens[i - 1].IsSymbol(".")) && !IsConflictUpdate(tokens, i);
            RefuseInto(tokens, i);
        }

        if (writes)
        {
            RefuseWrite(tokens, mayWrite, kind);
        }

        return new(kind, writes, tokens, text);
    }

    private static string Explained(IReadOnlyList<SqlToken> tokens)
    {
        var i = 1;
        if (At(tokens, i).IsSymbol("(") && At(tokens, i + 1) is { Kind: TokenKind.Word } option && ExplainOptions.Contains(option.Value))
        {
            while (i < tokens.Count && !tokens[i].IsSymbol(")"))
            {
                i++;
            }

            i++;
        }

        while (At(tokens, i) is var token && (token.IsSymbol("(") || (token.Kind == TokenKind.Word && token.Value is "analyze" or "analyse" or "verbose")))
        {
            i++;
        }

        return At(tokens, i) is { Kind: TokenKind.Word } main ? main.Value : string.Empty;
    }

    private static void RefuseName(SqlToken token)
    {
        if (!token.IsName)
        {
            return;
        }

        if (Relations.Contains(token.Value))
        {
            throw new StatementRefusedException($"{token.Value} may not be read: it holds credentials or the insides of the server.");
        }

        if (Encoding.UTF8.GetByteCount(token.Exact) > MaxNameBytes)
        {
            throw new StatementRefusedException($"A name may have at most {MaxNameBytes} bytes.");
        }
    }

    private static void RefuseLock(SqlToken token, SqlToken next, SqlToken after)
    {
        if (token.IsWord("for") && (next.IsWord("update") || next.IsWord("share") || (next.IsWord("no") && after.IsWord("key")) || (next.IsWord("key") && after.IsWord("share"))))
        {
            throw new StatementRefusedException("FOR UPDATE and FOR SHARE are not allowed: they lock rows.");
        }
    }

    // SELECT … INTO makes a table. After INSERT and MERGE the word names the target.
    private static void RefuseInto(IReadOnlyList<SqlToken> tokens, int i)
    {
        if (tokens[i].IsWord("into") && !(i > 0 && (tokens[i - 1].IsWord("insert") || tokens[i - 1].IsWord("merge"))))
        {
            throw new StatementRefusedException("INTO is not allowed: it makes a table.");
        }
    }

    // ON CONFLICT DO UPDATE and WHEN MATCHED THEN UPDATE|DELETE|INSERT belong to a statement that was counted.
    private static bool IsConflictUpdate(IReadOnlyList<SqlToken> tokens, int i) => i > 0 && (tokens[i - 1].IsWord("do") || tokens[i - 1].IsWord("then"))
        && tokens.Take(i).Any(token => token.IsWord("insert") || token.IsWord("merge"));

    private static void RefuseWrite(IReadOnlyList<SqlToken> tokens, bool mayWrite, string kind)
    {
        if (!mayWrite)
        {
            throw new StatementRefusedException("INSERT, UPDATE, DELETE and MERGE are not allowed here: a name that is such a word must stand in double quotes.");
        }

        if (kind is "explain" or "show" or "values" or "table")
        {
            throw new StatementRefusedException("EXPLAIN explains statements that read.");
        }

        // A superuser may write into the catalogue, and whoever writes pg_proc or pg_authid has everything.
        foreach (var token in tokens.Where(token => token.IsName && (token.Value.StartsWith("pg_", StringComparison.Ordinal) || token.Value == "information_schema")))
        {
            throw new StatementRefusedException($"{token.Value} may not stand in a statement that writes.");
        }
    }

    private static SqlToken At(IReadOnlyList<SqlToken> tokens, int index) =>
        index < tokens.Count ? tokens[index] : new(TokenKind.Symbol, string.Empty, string.Empty, 0, 0);

    private static FrozenSet<string> Set(string words) => words.Split(' ').ToFrozenSet(StringComparer.Ordinal);
}
