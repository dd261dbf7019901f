using System.Collections.Frozen;

namespace McpPlatform.UserService.Queries.Sql;

/// <summary>What a statement may be before MySQL or MariaDB sees it: kinds, clauses and functions from short lists, and nothing of the server's own schema.</summary>
internal static class MySqlScreen
{
    private static readonly FrozenSet<string> Reads = Set("select with values table show explain describe desc");

    private static readonly FrozenSet<string> Changes = Set("insert update delete replace");

    // Statements that cannot begin with one of the words above, and clauses that write files, set variables or run code.
    private static readonly FrozenSet<string> Never = Set(
        "outfile dumpfile load_file procedure handler load call do execute prepare deallocate set kill shutdown install uninstall lock unlock flush reset purge grant revoke create drop alter truncate rename " +
        "analyze optimize repair check cache start begin commit rollback savepoint xa returns sleep benchmark get_lock release_lock release_all_locks nextval setval lastval");

    // SHOW GRANTS and SHOW CREATE USER tell hashes of passwords, SHOW BINLOG other people's rows, SHOW PROCESSLIST their statements.
    private static readonly FrozenSet<string> Shown = Set(
        "tables columns fields databases schemas index indexes keys create status variables engines warnings errors table character charset collation triggers privileges full global session");

    private static readonly FrozenSet<string> ShownFurther = Set("table view database schema trigger tables columns fields status variables set like where from in");

    public static Statement Screen(string sql, bool mayWrite)
    {
        var (tokens, text) = new MySqlLexer(sql).Read();
        var first = tokens.FirstOrDefault(token => !token.IsSymbol("("));
        var kind = first.Kind == TokenKind.Word ? first.Value : string.Empty;
        var writes = tokens.Where((token, i) => token.Kind == TokenKind.Word && Changes.Contains(token.Value) && !IsFunctionOrMember(tokens, i)).Any();
        if (!Reads.Contains(kind) && !Changes.Contains(kind))
        {
            throw new StatementRefusedException("Only SELECT, WITH, VALUES, TABLE, SHOW, DESCRIBE and EXPLAIN can be run" + (mayWrite ? ", and INSERT, UPDATE, DELETE and REPLACE." : "."));
        }

        if (writes && !mayWrite)
        {
            throw new StatementRefusedException("INSERT, UPDATE, DELETE and REPLACE are not allowed here: a name that is such a word must stand in backticks.");
        }

        if (writes && !(Changes.Contains(kind) || kind == "with"))
        {
            throw new StatementRefusedException("EXPLAIN explains statements that read.");
        }

        if (kind == "show")
        {
            RefuseShow(tokens);
        }

        for (var i = 0; i < tokens.Count; i++)
        {
            RefuseWord(tokens, i, kind);
            RefuseSchema(tokens, i, writes);
            MySqlCalls.Refuse(tokens, i);
        }

        return new(kind, writes, tokens, text);
    }

    // REPLACE(a, b, c) and INSERT(a, 1, 2, b) are functions, unless the statement begins with the word.
    private static bool IsFunctionOrMember(IReadOnlyList<SqlToken> tokens, int i) =>
        i > 0 && (tokens[i - 1].IsSymbol(".") || (tokens[i].Value is "replace" or "insert" && i + 1 < tokens.Count && tokens[i + 1].IsSymbol("(")));

    private static void RefuseShow(IReadOnlyList<SqlToken> tokens)
    {
        if (tokens.Count < 2 || !Shown.Contains(tokens[1].Value) || (tokens[1].Value is "create" or "full" or "global" or "session" or "character" && (tokens.Count < 3 || !ShownFurther.Contains(tokens[2].Value))))
        {
            throw new StatementRefusedException("SHOW shows tables, columns, databases, indexes, triggers, status, variables, and how a table, a view or a database was created.");
        }
    }

    private static void RefuseWord(IReadOnlyList<SqlToken> tokens, int i, string kind)
    {
        var (token, previous, next) = (tokens[i], i > 0 ? tokens[i - 1] : default, i + 1 < tokens.Count ? tokens[i + 1] : default);
        if (token.Kind != TokenKind.Word || previous.IsSymbol("."))
        {
            return;
        }

        if (token.Value == "into" && !(i <= 4 && kind is "insert" or "replace" && tokens.Take(i).All(before => before.Kind == TokenKind.Word)))
        {
            throw new StatementRefusedException("INTO is not allowed: it writes files and variables.");
        }

        if (token.Value == "for" && (next.IsWord("update") || next.IsWord("share") || next.IsWord("connection")))
        {
            throw new StatementRefusedException("FOR UPDATE, FOR SHARE and FOR CONNECTION are not allowed.");
        }

        if (token.Value is "next" or "previous" && next.IsWord("value"))
        {
            throw new StatementRefusedException("Sequences are not advanced here.");
        }

        var belongs = (kind == "show" && i <= 2) || (token.Value == "set" && (kind is "update" or "insert" or "replace" || previous.IsWord("character"))) || (token.Value == "analyze" && kind is "explain" or "describe" or "desc" && i == 1);
        if (Never.Contains(token.Value) && !belongs)
        {
            throw new StatementRefusedException($"{token.Value.ToUpperInvariant()} is not allowed: a name that is such a word must stand in backticks.");
        }
    }

    // mysql holds the passwords, and the next three tell the statements of others with the values in them.
    private static void RefuseSchema(IReadOnlyList<SqlToken> tokens, int i, bool writes)
    {
        var token = tokens[i];
        if (token.IsName && (token.Value is "mysql" or "performance_schema" or "sys" or "processlist" || (writes && token.Value == "information_schema")))
        {
            throw new StatementRefusedException($"{token.Exact} may not be used here: it holds passwords, or what others do.");
        }
    }

    private static FrozenSet<string> Set(string words) => words.Split(' ').ToFrozenSet(StringComparer.Ordinal);
}
