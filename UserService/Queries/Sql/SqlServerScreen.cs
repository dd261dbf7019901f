using System.Collections.Frozen;

namespace McpPlatform.UserService.Queries.Sql;

/// <summary>
/// What a statement may be before SQL Server sees it. T-SQL needs no semicolon between statements, so whatever begins one may stand nowhere but at the beginning.
/// </summary>
internal static class SqlServerScreen
{
    private static readonly FrozenSet<string> Changes = Set("insert update delete merge");

    // Every other word that begins a statement, what opens files, servers and code, and the hints that lock.
    private static readonly FrozenSet<string> Never = Set(
        "add alter backup begin break bulk checkpoint close commit continue create dbcc deallocate declare deny disable drop dump enable exec execute get go goto grant if kill load move open openquery openrowset opendatasource openxml print proc " +
        "procedure raiserror readtext receive reconfigure restore return revert revoke rollback save send set shutdown throw transaction tran truncate updatetext use waitfor while writetext browse " +
        "updlock xlock tablock tablockx holdlock paglock rowlock serializable repeatableread");

    private static readonly FrozenSet<string> Relations = Set("sql_logins syslogins sysxlogins linked_logins sysremotelogins credentials database_scoped_credentials key_encryptions");

    public static Statement Screen(string sql, bool mayWrite)
    {
        var (tokens, text) = new SqlServerLexer(sql).Read();
        var kind = tokens.FirstOrDefault(token => !token.IsSymbol("(")) is { Kind: TokenKind.Word } first ? first.Value : string.Empty;
        if (kind is not ("select" or "with") && !Changes.Contains(kind))
        {
            throw new StatementRefusedException("Only SELECT and WITH can be run" + (mayWrite ? ", and INSERT, UPDATE, DELETE and MERGE." : "."));
        }

        var writes = tokens.Where((token, i) => token.Kind == TokenKind.Word && Changes.Contains(token.Value) && !IsMember(tokens, i)).Any();
        if (writes && !mayWrite)
        {
            throw new StatementRefusedException("INSERT, UPDATE, DELETE and MERGE are not allowed here: a name that is such a word must stand in brackets.");
        }

        for (var i = 0; i < tokens.Count; i++)
        {
            RefuseName(tokens, i);
            RefuseWord(tokens, i, kind);
            RefuseCall(tokens, i);
        }

        RefuseSecondStatement(tokens, kind);
        return new(kind, writes, tokens, text);
    }

    private static void RefuseName(IReadOnlyList<SqlToken> tokens, int i)
    {
        var token = tokens[i];
        if (token.IsName && (Relations.Contains(token.Value) || token.Value.StartsWith("xp_", StringComparison.Ordinal) || token.Value.StartsWith("sp_", StringComparison.Ordinal)))
        {
            throw new StatementRefusedException($"{token.Exact} may not be used: it holds credentials or runs code.");
        }

        // server.database.schema.table, also with parts left out
        if (token.IsSymbol(".") && DotsAfter(tokens, i) >= 3)
        {
            throw new StatementRefusedException("Another server may not be reached: a name has at most three parts.");
        }
    }

    // Two names never follow each other in a name of parts.
    private static int DotsAfter(IReadOnlyList<SqlToken> tokens, int i)
    {
        var dots = 0;
        for (var at = i; at < tokens.Count && (tokens[at].IsSymbol(".") || (tokens[at].IsName && tokens[at - 1].IsSymbol("."))); at++)
        {
            dots += tokens[at].IsSymbol(".") ? 1 : 0;
        }

        return dots;
    }

    private static void RefuseWord(IReadOnlyList<SqlToken> tokens, int i, string kind)
    {
        var token = tokens[i];
        if (token.Kind != TokenKind.Word || IsMember(tokens, i))
        {
            return;
        }

        var previous = i > 0 ? tokens[i - 1] : default;
        if (token.Value == "into" && !previous.IsWord("insert") && !previous.IsWord("merge") && !(i <= 5 && kind is "insert" or "merge" && previous.IsSymbol(")")))
        {
            throw new StatementRefusedException("INTO is not allowed: it makes a table.");
        }

        if (token.Value == "fetch" && !(i + 1 < tokens.Count && (tokens[i + 1].IsWord("next") || tokens[i + 1].IsWord("first"))))
        {
            throw new StatementRefusedException("FETCH is only allowed after OFFSET.");
        }

        var isSet = token.Value == "set" && (kind is "update" or "merge" or "with") && tokens.Any(other => other.IsWord("update"));
        if (Never.Contains(token.Value) && !isSet)
        {
            throw new StatementRefusedException($"{token.Value.ToUpperInvariant()} is not allowed: a name that is such a word must stand in brackets.");
        }

        if (token.IsWord("next") && i + 1 < tokens.Count && tokens[i + 1].IsWord("value"))
        {
            throw new StatementRefusedException("Sequences are not advanced here.");
        }
    }

    private static void RefuseCall(IReadOnlyList<SqlToken> tokens, int i)
    {
        var token = tokens[i];
        if (i + 1 >= tokens.Count || !tokens[i + 1].IsSymbol("(") || !token.IsName)
        {
            return;
        }

        var member = IsMember(tokens, i);
        var isList = i > 0 && (tokens[i - 1].IsWord("as") || tokens[i - 1].IsWord("into") || (member && i > 2 && tokens[i - 3].IsWord("into")));
        var isCommonTable = i > 0 && tokens[0].IsWord("with") && (tokens[i - 1].IsWord("with") || tokens[i - 1].IsSymbol(",")) && ListBefore(tokens, i + 1, "as");
        var isAction = token.IsWord("insert") && i > 0 && tokens[i - 1].IsWord("then");
        var isBuiltIn = token.Kind == TokenKind.Word && (member ? SqlServerFunctions.IsMethod(token.Value) : SqlServerFunctions.MayPrecedeParenthesis(token.Value));
        if (!isList && !isCommonTable && !isAction && !isBuiltIn)
        {
            throw new StatementRefusedException($"{token.Exact} may not be called: only built-in functions that compute may be, by their plain name.");
        }
    }

    private static bool ListBefore(IReadOnlyList<SqlToken> tokens, int open, string word)
    {
        var close = open + 1;
        while (close < tokens.Count && (tokens[close].IsName || tokens[close].IsSymbol(",")))
        {
            close++;
        }

        return close + 1 < tokens.Count && tokens[close].IsSymbol(")") && tokens[close + 1].IsWord(word);
    }

    private static void RefuseSecondStatement(IReadOnlyList<SqlToken> tokens, string kind)
    {
        var firstAt = tokens.ToList().FindIndex(token => !token.IsSymbol("("));
        var (allowed, depth) = (kind == "with" ? Following.Any : kind == "insert" ? Following.Select : Following.None, 0);
        for (var i = 0; i < tokens.Count; i++)
        {
            var token = tokens[i];
            depth += token.IsSymbol("(") ? 1 : token.IsSymbol(")") ? -1 : 0;
            if (allowed == Following.Select && depth == 0 && token.IsWord("values"))
            {
                // These are the source of INSERT.
                allowed = Following.None;
            }

            if (i == firstAt || token.Kind != TokenKind.Word || IsMember(tokens, i) || !(token.Value == "select" || Changes.Contains(token.Value)) || Belongs(token, i > 0 ? tokens[i - 1] : default))
            {
                continue;
            }

            if (allowed == Following.None || (allowed == Following.Select && token.Value != "select"))
            {
                throw new StatementRefusedException("Only one statement can be run at a time.");
            }

            allowed = allowed == Following.Any && token.Value == "insert" ? Following.Select : Following.None;
        }
    }

    // A query in parentheses or after a set operator, an action of MERGE.
    private static bool Belongs(SqlToken token, SqlToken previous) => token.Value == "select"
        ? previous.IsSymbol("(") || previous.IsWord("union") || previous.IsWord("all") || previous.IsWord("except") || previous.IsWord("intersect")
        : previous.IsWord("then");

    // What may still come: the main statement after WITH, the source of INSERT, nothing.
    private enum Following
    {
        Any,
        Select,
        None,
    }

    private static bool IsMember(IReadOnlyList<SqlToken> tokens, int i) => i > 0 && tokens[i - 1].IsSymbol(".");

    private static FrozenSet<string> Set(string words) => words.Split(' ').ToFrozenSet(StringComparer.Ordinal);
}
