namespace McpPlatform.UserService.Queries.Sql;

/// <summary>Tells calls from everything else that has a parenthesis after a name.</summary>
internal static class MySqlCalls
{
    /// <exception cref="StatementRefusedException">The token is the name of a function that may not be called.</exception>
    public static void Refuse(IReadOnlyList<SqlToken> tokens, int i)
    {
        var token = tokens[i];
        if (i + 1 >= tokens.Count || !tokens[i + 1].IsSymbol("(") || token.Kind is TokenKind.Symbol)
        {
            return;
        }

        if (token.IsName && (IsAlias(tokens, i) || IsTarget(tokens, i) || IsCommonTable(tokens, i)))
        {
            return;
        }

        if (token.Kind == TokenKind.Word && !(i > 0 && tokens[i - 1].IsSymbol(".")) && MySqlFunctions.MayPrecedeParenthesis(token.Value))
        {
            return;
        }

        throw new StatementRefusedException(token.IsName
            ? $"{token.Exact} may not be called: only built-in functions that compute may be, by their plain name."
            : "A parenthesis may not follow a value.");
    }

    /// <summary>The names that are called. Which of them are built in differs between servers and versions: one that is not could be a stored function's.</summary>
    public static IReadOnlyList<string> Of(Statement statement) =>
    [
        .. statement.Tokens.Where((token, i) => token.Kind == TokenKind.Word && i + 1 < statement.Tokens.Count && statement.Tokens[i + 1].IsSymbol("("))
            .Select(token => token.Value).Distinct(StringComparer.Ordinal),
    ];

    // FROM (…) AS t (a, b), and CAST(x AS char(10)).
    private static bool IsAlias(IReadOnlyList<SqlToken> tokens, int i) => i > 0 && tokens[i - 1].IsWord("as");

    // INSERT INTO t (a, b), INSERT INTO s.t (a, b).
    private static bool IsTarget(IReadOnlyList<SqlToken> tokens, int i)
    {
        var start = i > 1 && tokens[i - 1].IsSymbol(".") ? i - 2 : i;
        return start > 0 && start <= 5 && tokens[start - 1].IsWord("into");
    }

    // WITH t (a, b) AS (…)
    private static bool IsCommonTable(IReadOnlyList<SqlToken> tokens, int i)
    {
        if (i == 0 || !tokens[0].IsWord("with") || !(tokens[i - 1].IsWord("with") || tokens[i - 1].IsWord("recursive") || tokens[i - 1].IsSymbol(",")))
        {
            return false;
        }

        var close = i + 2;
        while (close < tokens.Count && (tokens[close].IsName || tokens[close].IsSymbol(",")))
        {
            close++;
        }

        return close + 2 < tokens.Count && tokens[close].IsSymbol(")") && tokens[close + 1].IsWord("as") && tokens[close + 2].IsSymbol("(");
    }
}
