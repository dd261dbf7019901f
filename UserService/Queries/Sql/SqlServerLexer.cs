namespace McpPlatform.UserService.Queries.Sql;

/// <summary>T-SQL's lexical rules with <c>QUOTED_IDENTIFIER</c> on, which the session sets.</summary>
internal sealed class SqlServerLexer(string sql) : SqlLexer(sql)
{
    protected override bool SkipComment()
    {
        if (Follows("--"))
        {
            SkipLine();
            return true;
        }

        if (Follows("/*"))
        {
            SkipBlock(nested: true);
            return true;
        }

        return false;
    }

    protected override (TokenKind Kind, string Value) Next(char first) => first switch
    {
        '\'' => (TokenKind.Text, Quoted('\'')),
        '"' => (TokenKind.QuotedName, Name('"')),
        '[' => (TokenKind.QuotedName, Name(']')),
        '?' => Symbol(TokenKind.Parameter, 1),
        '@' or ':' when IsWordStart(Peek()) => NamedParameter(),
        '@' when Peek() == '@' => Symbol(TokenKind.Symbol, 2),
        '.' when char.IsAsciiDigit(Peek()) && !Last.IsName => (TokenKind.Number, Number()),
        '0' when Peek() is 'x' or 'X' => Hexadecimal(),
        _ when char.IsAsciiDigit(first) => (TokenKind.Number, Number()),
        _ when IsWordStart(first) => (TokenKind.Word, Word()),
        '+' or '-' or '*' or '/' or '%' or '<' or '>' or '=' or '!' or '&' or '|' or '^' or '~' or '(' or ')' or ',' or ';' or '.' => Symbol(TokenKind.Symbol, 1),
        _ => throw Unreadable(first),
    };

    private (TokenKind Kind, string Value) NamedParameter()
    {
        var marker = Sql[At++];
        return (TokenKind.Parameter, marker + Word());
    }

    private (TokenKind Kind, string Value) Hexadecimal()
    {
        At += 2;
        var digits = Word();
        return digits.All(char.IsAsciiHexDigit) ? (TokenKind.Number, "0x" + digits) : throw new StatementRefusedException("A number that begins with 0x is none.");
    }

    private (TokenKind Kind, string Value) Symbol(TokenKind kind, int length)
    {
        At += length;
        return (kind, Sql[(At - length)..At]);
    }
}
