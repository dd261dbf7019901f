namespace McpPlatform.UserService.Queries.Sql;

internal enum TokenKind
{
    /// <summary>A keyword or an unquoted name.</summary>
    Word,

    /// <summary>A name in quotes, whose value is what stands between them.</summary>
    QuotedName,

    /// <summary>A string, whatever its form. What is in it is data.</summary>
    Text,

    Number,

    /// <summary>A place for a parameter: <c>$1</c>, <c>?</c>, <c>:name</c>, <c>@name</c>.</summary>
    Parameter,

    /// <summary>An operator or a punctuation mark.</summary>
    Symbol,
}

/// <summary>One token. The value of a word or a name is in lower case, since every list that it is compared with is.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Value">As above.</param>
/// <param name="Exact">The same as it was written, without quotes.</param>
/// <param name="Start">Where it begins.</param>
/// <param name="End">Where the next one may begin.</param>
internal readonly record struct SqlToken(TokenKind Kind, string Value, string Exact, int Start, int End)
{
    public bool IsName => Kind is TokenKind.Word or TokenKind.QuotedName;

    public bool IsWord(string word) => Kind == TokenKind.Word && Value == word;

    public bool IsSymbol(string symbol) => Kind == TokenKind.Symbol && Value == symbol;
}

/// <summary>A statement that is not run. The message is one sentence for the person who wrote it.</summary>
internal sealed class StatementRefusedException(string sentence) : Exception(sentence);
