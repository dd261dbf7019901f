using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace McpPlatform.UserService.Queries.Sql;

/// <summary>Names that SQL Server would find although they are written otherwise: its collations may ignore case, accents, widths and invisible characters.</summary>
internal static class SqlServerNames
{
    // Hashes of passwords, other servers' logins, keys, the statements of others.
    private static readonly FrozenSet<string> Relations = Set(
        "sql_logins syslogins sysxlogins sysxlgns linked_logins sysremotelogins sysoledbusers credentials database_scoped_credentials key_encryptions query_store_query_text");

    // Who writes here has jobs, logins and code.
    private static readonly FrozenSet<string> SystemDatabases = Set("master msdb model tempdb mssqlsystemresource sys");

    public static bool IsSystemDatabase(string name) => SystemDatabases.Contains(Fold(name));

    /// <exception cref="StatementRefusedException">The token is a name, or part of one, that may not be used.</exception>
    public static void Refuse(IReadOnlyList<SqlToken> tokens, int i, bool writes)
    {
        var token = tokens[i];
        if (token.IsName)
        {
            var name = Fold(token.Exact);
            if (Relations.Contains(name) || name.StartsWith("xp_", StringComparison.Ordinal) || name.StartsWith("sp_", StringComparison.Ordinal))
            {
                throw new StatementRefusedException($"{token.Exact} may not be used: it holds credentials or runs code.");
            }

            if (writes && SystemDatabases.Contains(name))
            {
                throw new StatementRefusedException($"{token.Exact} may not stand in a statement that writes.");
            }
        }

        // server.database.schema.table, also with parts left out
        if (token.IsSymbol(".") && DotsFrom(tokens, i) >= 3)
        {
            throw new StatementRefusedException("Another server may not be reached: a name has at most three parts.");
        }
    }

    // Two names never follow each other in a name of parts.
    private static int DotsFrom(IReadOnlyList<SqlToken> tokens, int i)
    {
        var dots = 0;
        for (var at = i; at < tokens.Count && (tokens[at].IsSymbol(".") || (tokens[at].IsName && tokens[at - 1].IsSymbol("."))); at++)
        {
            dots += tokens[at].IsSymbol(".") ? 1 : 0;
        }

        return dots;
    }

    // Compatibility forms taken apart, then ASCII alone: what a collation might take for the same name is the same name here.
    private static string Fold(string name)
    {
        var folded = new StringBuilder(name.Length);
        foreach (var c in WellFormed(name).Normalize(NormalizationForm.FormKD))
        {
            if (c is 'ı' or 'İ')
            {
                folded.Append('i');
            }
            else if (char.IsAscii(c) && !char.IsControl(c) && CharUnicodeInfo.GetUnicodeCategory(c) != UnicodeCategory.SpaceSeparator)
            {
                folded.Append(char.ToLowerInvariant(c));
            }
        }

        return folded.ToString();
    }

    // Half a surrogate pair cannot be normalised.
    private static string WellFormed(string name) => string.Concat(name.EnumerateRunes().Where(rune => rune != Rune.ReplacementChar));

    private static FrozenSet<string> Set(string words) => words.Split(' ').ToFrozenSet(StringComparer.Ordinal);
}
