using System.Collections.Frozen;

namespace McpPlatform.UserService.Queries.Sql;

/// <summary>
/// What a statement may be before SQL Server sees it. T-SQL needs no semicolon between statements, so whatever begins one may stand nowhere but at the beginning
/// (<see cref="SqlServerClauses"/>), and SQL Server has no read-only transactions, so what leaves the transaction must be recognised by its name.
/// </summary>
internal static class SqlServerScreen
{
    public static readonly FrozenSet<string> Changes = Set("insert update delete merge");

    // Every other word that begins a statement, what opens files, servers and code, and the hints that lock.
    private static readonly FrozenSet<string> Never = Set(
        "add alter backup begin break bulk checkpoint close commit continue create dbcc deallocate declare deny disable drop dump enable exec execute get go goto grant if kill lineno load move open openquery openrowset opendatasource " +
        "openxml print proc procedure raiserror readtext receive reconfigure rename restore return revert revoke rollback save send setuser shutdown throw transaction tran truncate updatetext use waitfor while writetext browse " +
        "updlock xlock tablock tablockx holdlock paglock rowlock serializable repeatableread");

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
            SqlServerNames.Refuse(tokens, i, writes);
            RefuseWord(tokens, i, kind);
            RefuseCall(tokens, i);
        }

        SqlServerClauses.RefuseSecondStatement(tokens, kind);
        return new(kind, writes, tokens, text);
    }

    public static bool IsMember(IReadOnlyList<SqlToken> tokens, int i) => i > 0 && tokens[i - 1].IsSymbol(".");

    private static void RefuseWord(IReadOnlyList<SqlToken> tokens, int i, string kind)
    {
        var token = tokens[i];
        if (token.Kind != TokenKind.Word || IsMember(tokens, i))
        {
            return;
        }

        var (previous, next) = (i > 0 ? tokens[i - 1] : default, i + 1 < tokens.Count ? tokens[i + 1] : default);
        if (token.Value == "into" && !(kind is "insert" or "merge" or "with" && IsTarget(tokens, i)))
        {
            throw new StatementRefusedException("INTO is not allowed: it makes a table.");
        }

        if (token.Value == "fetch" && !(next.IsWord("next") || next.IsWord("first")))
        {
            throw new StatementRefusedException("FETCH is only allowed after OFFSET.");
        }

        if (Never.Contains(token.Value) || (token.Value == "conversation" && previous.IsWord("end")) || (token.Value == "statistics" && previous.IsWord("update")))
        {
            throw new StatementRefusedException($"{token.Value.ToUpperInvariant()} is not allowed: a name that is such a word must stand in brackets.");
        }

        if (token.Value == "next" && next.IsWord("value"))
        {
            throw new StatementRefusedException("Sequences are not advanced here.");
        }
    }

    // INSERT INTO, MERGE INTO, also with TOP (n) between.
    private static bool IsTarget(IReadOnlyList<SqlToken> tokens, int i)
    {
        if (i >= 5 && tokens[i - 1].IsSymbol(")") && tokens[i - 3].IsSymbol("(") && tokens[i - 4].IsWord("top"))
        {
            i -= 4;
        }

        return i > 0 && (tokens[i - 1].IsWord("insert") || tokens[i - 1].IsWord("merge"));
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
        var isBuiltIn = token.Kind == TokenKind.Word && (member ? SqlServerFunctions.IsMethod(token.Value) : SqlServerFunctions.MayPrecedeParenthesis(token.Value));
        var isBranch = token.IsWord("insert") && i > 0 && tokens[i - 1].IsWord("then");
        if (!isList && !isCommonTable && !isBuiltIn && !isBranch)
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

    private static FrozenSet<string> Set(string words) => words.Split(' ').ToFrozenSet(StringComparer.Ordinal);
}
