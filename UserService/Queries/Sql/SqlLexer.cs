using System.Globalization;

namespace McpPlatform.UserService.Queries.Sql;

/// <summary>
/// Reads one statement as the server will read it. What servers of different versions or settings read differently is refused rather than guessed, so that
/// there is only one way to read what is left.
/// </summary>
internal abstract class SqlLexer(string sql)
{
    private readonly List<SqlToken> tokens = [];
    private readonly char[] clean = sql.ToCharArray();

    protected string Sql { get; } = sql;

    protected int At { get; set; }

    /// <summary>The last token so far; an empty symbol at the beginning.</summary>
    protected SqlToken Last => tokens.Count > 0 ? tokens[^1] : new(TokenKind.Symbol, string.Empty, string.Empty, 0, 0);

    /// <summary>Reads the statement.</summary>
    /// <returns>Its tokens, without a last semicolon, and the text with blanks in place of comments, which is what the server gets.</returns>
    /// <exception cref="StatementRefusedException">It is no single statement, or can be read in two ways.</exception>
    public (IReadOnlyList<SqlToken> Tokens, string Text) Read()
    {
        while (At < Sql.Length)
        {
            if (Sql[At] is ' ' or '\t' or '\r' or '\n' or '\f')
            {
                At++;
            }
            else if (!SkipComment())
            {
                var start = At;
                var (kind, value) = Next(Sql[At]);
                tokens.Add(new(kind, value.ToLowerInvariant(), value, start, At));
            }
        }

        return (OneStatement(), new string(clean));
    }

    /// <summary>Reads a token that begins with this character, and moves past it.</summary>
    protected abstract (TokenKind Kind, string Value) Next(char first);

    /// <summary>Moves past a comment, if one begins here.</summary>
    protected abstract bool SkipComment();

    protected bool Follows(string text) => string.CompareOrdinal(Sql, At, text, 0, text.Length) == 0;

    protected char Peek(int offset = 1) => At + offset < Sql.Length ? Sql[At + offset] : '\0';

    protected void SkipLine() => BlankTo(Sql.AsSpan(At).IndexOfAny('\n', '\r') is var end and >= 0 ? At + end : Sql.Length);

    protected void SkipBlock(bool nested)
    {
        var (end, depth) = (At + 2, 1);
        while (depth > 0)
        {
            var next = Sql.AsSpan(end).IndexOfAny('*', '/');
            if (next < 0 || end + next + 1 >= Sql.Length)
            {
                throw new StatementRefusedException("A comment does not end.");
            }

            end += next;
            var opens = nested && Sql[end] == '/' && Sql[end + 1] == '*';
            var closes = Sql[end] == '*' && Sql[end + 1] == '/';
            depth += opens ? 1 : closes ? -1 : 0;
            end += opens || closes ? 2 : 1;
        }

        BlankTo(end);
    }

    /// <summary>Reads up to the closing quote; a doubled one is part of the value, and so is an escaped one where there are escapes.</summary>
    protected string Quoted(char close, bool escapes = false)
    {
        var value = new System.Text.StringBuilder();
        for (var i = At + 1; i < Sql.Length; i++)
        {
            if (escapes && Sql[i] == '\\' && i + 1 < Sql.Length)
            {
                value.Append(Sql[++i]);
            }
            else if (Sql[i] != close)
            {
                value.Append(Sql[i]);
            }
            else if (i + 1 < Sql.Length && Sql[i + 1] == close)
            {
                value.Append(Sql[++i]);
            }
            else
            {
                At = i + 1;
                return value.ToString();
            }
        }

        throw new StatementRefusedException("A quote does not end.");
    }

    protected string Name(char close)
    {
        var name = Quoted(close);
        return name.Length > 0 ? name : throw new StatementRefusedException("A name in quotes is empty.");
    }

    protected string Word()
    {
        var start = At;
        while (At < Sql.Length && IsWordPart(Sql[At]))
        {
            At++;
        }

        return Sql[start..At];
    }

    /// <summary>Reads a number with its fraction and exponent. What follows it directly must not be part of a word: servers disagree on where it ends.</summary>
    protected string Number()
    {
        var start = At;
        SkipDigits();
        if (At < Sql.Length && Sql[At] == '.' && Peek() != '.')
        {
            At++;
            SkipDigits();
        }

        if (At < Sql.Length && Sql[At] is 'e' or 'E' && (char.IsAsciiDigit(Peek()) || (Peek() is '+' or '-' && char.IsAsciiDigit(Peek(2)))))
        {
            At += 2;
            SkipDigits();
        }

        return At < Sql.Length && IsWordPart(Sql[At])
            ? throw new StatementRefusedException($"Put a blank after the number {Sql[start..At]}.")
            : Sql[start..At];
    }

    protected static bool IsWordStart(char c) => char.IsAsciiLetter(c) || c == '_' || (c > 127 && IsLetter(c));

    protected static bool IsWordPart(char c) => IsWordStart(c) || char.IsAsciiDigit(c) || c == '$';

    protected static StatementRefusedException Unreadable(char c) => new(char.IsControl(c) || c > 127
        ? $"The character U+{(int)c:X4} may only stand in quotes."
        : $"The character {c} cannot stand here.");

    // Letters and the marks upon them. Everything else outside ASCII is a blank to one server and part of a name to another.
    private static bool IsLetter(char c) => char.GetUnicodeCategory(c) is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter
        or UnicodeCategory.TitlecaseLetter or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter or UnicodeCategory.NonSpacingMark
        or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.DecimalDigitNumber;

    private void SkipDigits()
    {
        while (At < Sql.Length && char.IsAsciiDigit(Sql[At]))
        {
            At++;
        }
    }

    private void BlankTo(int end)
    {
        for (; At < end; At++)
        {
            clean[At] = Sql[At] is '\n' or '\r' ? Sql[At] : ' ';
        }
    }

    private List<SqlToken> OneStatement()
    {
        while (tokens.Count > 0 && tokens[^1].IsSymbol(";"))
        {
            clean[tokens[^1].Start] = ' ';
            tokens.RemoveAt(tokens.Count - 1);
        }

        return tokens.Count == 0 ? throw new StatementRefusedException("There is no statement in it.")
            : tokens.Exists(token => token.IsSymbol(";")) ? throw new StatementRefusedException("Only one statement can be run at a time.")
            : tokens;
    }
}
