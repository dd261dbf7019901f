using System.Security.Cryptography;
using System.Text;

namespace McpPlatform.UserService.Queries.Sql;

/// <summary>One statement that passed the screen.</summary>
/// <param name="Kind">Its first word, such as <c>select</c>.</param>
/// <param name="Writes">Whether it may change rows; only with permission.</param>
/// <param name="Tokens">What it consists of.</param>
/// <param name="Text">Without comments.</param>
internal sealed record Statement(string Kind, bool Writes, IReadOnlyList<SqlToken> Tokens, string Text)
{
    private const int MaxShape = 500;

    /// <summary>The statement without what was written into it: every string, number and comment is gone.</summary>
    public string Shape()
    {
        var shape = new StringBuilder();
        foreach (var token in Tokens)
        {
            if (shape.Length > MaxShape)
            {
                return shape.Append('…').ToString();
            }

            shape.Append(shape.Length > 0 ? " " : string.Empty).Append(token.Kind is TokenKind.Text or TokenKind.Number ? "?" : Text.AsSpan(token.Start, token.End - token.Start));
        }

        return shape.ToString();
    }

    /// <summary>Tells one text from another, and nothing else.</summary>
    public static string Fingerprint(string sql) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(sql)).AsSpan(0, 16));
}
