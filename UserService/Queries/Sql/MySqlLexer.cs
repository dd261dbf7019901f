namespace McpPlatform.UserService.Queries.Sql;

/// <summary>The lexical rules of MySQL and MariaDB with the <c>sql_mode</c> that the session sets: backslash escapes, double quotes around strings.</summary>
internal sealed class MySqlLexer(string sql) : SqlLexer(sql)
{
    protected override bool SkipComment()
    {
        if (Follows("#") || (Follows("--") && (At + 2 == Sql.Length || Peek(2) is ' ' or '\t' or '\r' or '\n' or '\f')))
        {
            SkipLine();
            return true;
        }

        if (!Follows("/*"))
        {
            return false;
        }

        // /*! and /*M! are executed, /*+ sets variables.
        if (Peek(2) is '!' or '+' || (Peek(2) is 'M' or 'm' && Peek(3) == '!'))
        {
            throw new StatementRefusedException("Comments that the server executes (/*!, /*M!, /*+) are not allowed.");
        }

        SkipBlock(nested: false);
        return true;
    }

    protected override (TokenKind Kind, string Value) Next(char first) => first switch
    {
        '\'' or '"' => (TokenKind.Text, Quoted(first, escapes: true)),
        '`' => (TokenKind.QuotedName, Name('`')),
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
        return digits.Length > 0 && digits.All(char.IsAsciiHexDigit) ? (TokenKind.Number, "0x" + digits) : throw new StatementRefusedException("A number that begins with 0x is none.");
    }

    private (TokenKind Kind, string Value) Symbol(TokenKind kind, int length)
    {
        At += length;
        return (kind, Sql[(At - length)..At]);
    }
}
