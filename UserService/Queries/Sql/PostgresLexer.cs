namespace McpPlatform.UserService.Queries.Sql;

/// <summary>PostgreSQL's lexical rules (documentation, 4.1) with <c>standard_conforming_strings</c> on, which the session sets.</summary>
internal sealed class PostgresLexer(string sql) : SqlLexer(sql)
{
    private const string OperatorCharacters = "+-*/<>=~!@#%^&|`?";

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
        '\'' => String(escapes: false),
        '"' => (TokenKind.QuotedName, Name('"')),
        '$' => Dollar(),
        '@' or ':' when IsWordStart(Peek()) => NamedParameter(),
        '.' when char.IsAsciiDigit(Peek()) => (TokenKind.Number, Number()),
        _ when char.IsAsciiDigit(first) => (TokenKind.Number, Number()),
        _ when IsWordStart(first) => WordOrPrefix(),
        _ => Symbol(first),
    };

    private (TokenKind Kind, string Value) WordOrPrefix()
    {
        if (Sql[At] is 'u' or 'U' && Peek() == '&' && Peek(2) is '"' or '\'')
        {
            throw new StatementRefusedException("Write a name or a string without U&: the character itself instead of its number.");
        }

        var word = Word();
        if (At < Sql.Length && Sql[At] == '\'' && word is "e" or "E" or "b" or "B" or "x" or "X" or "n" or "N")
        {
            return String(escapes: word is "e" or "E");
        }

        return (TokenKind.Word, word);
    }

    // 'a' and 'b' on two lines are one string, with the escapes of the first: rare, and easily read wrongly.
    private (TokenKind Kind, string Value) String(bool escapes) => Last.Kind == TokenKind.Text
        ? throw new StatementRefusedException("Two strings stand side by side: join them with ||.")
        : (TokenKind.Text, Quoted('\'', escapes));

    private (TokenKind Kind, string Value) Dollar()
    {
        if (char.IsAsciiDigit(Peek()))
        {
            At++;
            return (TokenKind.Parameter, Number() is var number && number.All(char.IsAsciiDigit) ? number : throw Unreadable('$'));
        }

        var end = At + 1;
        while (end < Sql.Length && Sql[end] != '$' && IsWordPart(Sql[end]))
        {
            end++;
        }

        if (end >= Sql.Length || Sql[end] != '$' || (end > At + 1 && !IsWordStart(Sql[At + 1])))
        {
            throw Unreadable('$');
        }

        var tag = Sql[At..(end + 1)];
        var close = Sql.IndexOf(tag, end + 1, StringComparison.Ordinal);
        if (close < 0)
        {
            throw new StatementRefusedException($"The string that begins with {tag} does not end.");
        }

        var value = Sql[(end + 1)..close];
        At = close + tag.Length;
        return (TokenKind.Text, value);
    }

    // A cast (::type) is read as a symbol before this is asked.
    private (TokenKind Kind, string Value) NamedParameter()
    {
        var marker = Sql[At++];
        return (TokenKind.Parameter, marker + Word());
    }

    private (TokenKind Kind, string Value) Symbol(char first)
    {
        var start = At;
        if (OperatorCharacters.Contains(first))
        {
            do
            {
                At++;
            }
            while (At < Sql.Length && OperatorCharacters.Contains(Sql[At]) && !Follows("--") && !Follows("/*"));
            return (TokenKind.Symbol, Sql[start..At]);
        }

        At += Follows("::") || Follows(":=") || Follows("..") ? 2 : 1;
        return first is '(' or ')' or '[' or ']' or ',' or ';' or '.' or ':' ? (TokenKind.Symbol, Sql[start..At]) : throw Unreadable(first);
    }
}
