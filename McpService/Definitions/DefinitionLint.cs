using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace McpPlatform.McpService.Definitions;

/// <summary>Something in a definition that a person should look at.</summary>
/// <param name="Code">What kind, such as <c>hidden_characters</c>.</param>
/// <param name="Severity"><c>high</c> or <c>warning</c>; a new tool with a high one waits for approval.</param>
/// <param name="Path">Where, as a JSON Pointer (RFC 6901).</param>
/// <param name="Excerpt">The place, with characters that nobody sees written out as U+XXXX.</param>
internal sealed record LintFinding(string Code, string Severity, string Path, string Excerpt)
{
    public const string High = "high", Warning = "warning";
}

/// <summary>
/// Looks in every text of a definition, keys included, for what is there for a model and not for a person: characters that are not shown, and sentences that
/// command. It finds what is crude; what it does not find is not proven harmless, which is why changes wait for a person whatever it says.
/// </summary>
internal static partial class DefinitionLint
{
    private const int MaxFindings = 50, MaxExcerpt = 120, MaxDescription = 8_192, MaxDefinition = 64 * 1024;

    private static readonly (string Code, string Severity, Regex Pattern)[] Rules =
    [
        ("instruction_override", LintFinding.High, Override()),
        ("hide_from_user", LintFinding.High, Hide()),
        ("instruction_tag", LintFinding.High, Tag()),
        ("conversation_exfiltration", LintFinding.High, Exfiltration()),
        ("secret_file", LintFinding.High, SecretFile()),
        ("tool_steering", LintFinding.Warning, Steering()),
        ("data_in_url", LintFinding.Warning, DataInUrl()),
        ("encoded_blob", LintFinding.Warning, Blob()),
    ];

    public static IReadOnlyList<LintFinding> Check(JsonElement definition)
    {
        List<LintFinding> findings = [];
        if (definition.GetRawText().Length > MaxDefinition)
        {
            findings.Add(new("oversize", LintFinding.Warning, string.Empty, $"The definition has {definition.GetRawText().Length} characters."));
        }

        Visit(findings, string.Empty, definition);
        return findings;
    }

    public static bool IsGrave(IReadOnlyList<LintFinding> findings) => findings.Any(finding => finding.Severity == LintFinding.High);

    private static void Visit(List<LintFinding> findings, string path, JsonElement element)
    {
        if (findings.Count >= MaxFindings)
        {
            return;
        }

        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var member in element.EnumerateObject())
                {
                    var at = $"{path}/{Visible(member.Name).Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)}";
                    CheckText(findings, at, member.Name);
                    Visit(findings, at, member.Value);
                }

                break;
            case JsonValueKind.Array:
                var index = 0;
                foreach (var item in element.EnumerateArray())
                {
                    Visit(findings, $"{path}/{index++}", item);
                }

                break;
            case JsonValueKind.String:
                CheckText(findings, path, element.GetString()!);
                if (path == "/name" && element.GetString()!.Any(character => !char.IsAscii(character)))
                {
                    findings.Add(new("confusable_name", LintFinding.Warning, path, Visible(element.GetString()!)));
                }

                break;
        }
    }

    private static void CheckText(List<LintFinding> findings, string path, string text)
    {
        if (FindHidden(text) is { } position)
        {
            findings.Add(new("hidden_characters", LintFinding.High, path, Excerpt(text, position)));
        }

        if (text.Length > MaxDescription)
        {
            findings.Add(new("oversize", LintFinding.Warning, path, $"{text.Length} characters."));
        }

        // Full-width letters, and what is not shown, do not hide a sentence from the rules.
        var plain = Plain(text);
        foreach (var (code, severity, pattern) in Rules)
        {
            if (pattern.Match(plain) is { Success: true } match)
            {
                findings.Add(new(code, severity, path, Excerpt(plain, match.Index)));
            }
        }
    }

    private static string Plain(string text)
    {
        var shown = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (!IsHidden(rune))
            {
                shown.Append(rune.Value is >= 0xFF01 and <= 0xFF5E ? new Rune(rune.Value - 0xFEE0) : rune);
            }
        }

        return shown.ToString();
    }

    private static int? FindHidden(string text)
    {
        var (position, before) = (0, default(Rune));
        foreach (var rune in text.EnumerateRunes())
        {
            // Parts of an emoji: a joiner between two, the selector of the coloured form.
            var ofEmoji = rune.Value is 0x200D or 0xFE0F && Rune.GetUnicodeCategory(before) is UnicodeCategory.OtherSymbol or UnicodeCategory.ModifierSymbol or UnicodeCategory.NonSpacingMark;
            if (IsHidden(rune) && !ofEmoji)
            {
                return position;
            }

            (position, before) = (position + rune.Utf16SequenceLength, rune);
        }

        return null;
    }

    // Zero width, direction, tags, variation selectors, fillers, and controls other than line feeds and tabs.
    private static bool IsHidden(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is UnicodeCategory.Format or UnicodeCategory.PrivateUse
        || (Rune.GetUnicodeCategory(rune) == UnicodeCategory.Control && rune.Value is not ('\n' or '\r' or '\t'))
        || rune.Value is 0x034F or 0x115F or 0x1160 or 0x17B4 or 0x17B5 or 0x3164 or 0xFFA0 or 0x2028 or 0x2029 or (>= 0x180B and <= 0x180F) or (>= 0xFE00 and <= 0xFE0F) or (>= 0xE0000 and <= 0xE0FFF);

    private static string Excerpt(string text, int position)
    {
        var from = Math.Max(0, position - (MaxExcerpt / 4));
        from -= from > 0 && char.IsLowSurrogate(text[from]) ? 1 : 0;
        var length = Math.Min(MaxExcerpt, text.Length - from);
        length -= length > 0 && char.IsHighSurrogate(text[from + length - 1]) ? 1 : 0;
        return (from > 0 ? "…" : string.Empty) + Visible(text.Substring(from, length)) + (from + length < text.Length ? "…" : string.Empty);
    }

    private static string Visible(string text)
    {
        var visible = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            _ = IsHidden(rune) ? visible.Append(CultureInfo.InvariantCulture, $"⟨U+{rune.Value:X4}⟩") : visible.Append(rune);
        }

        return visible.ToString();
    }

    [GeneratedRegex(@"\b(ignore|disregard|forget|override|bypass)\b[^.\n]{0,30}\b(previous|prior|earlier|above|preceding|other|all|any|system|safety)\b[^.\n]{0,30}\b(instructions?|prompts?|rules?|guidelines?|messages?|directives?)\b", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Override();

    [GeneratedRegex(@"\b(do not|don['’]?t|never|must not|without)\b[^.\n]{0,20}\b(tell(ing)?|inform(ing)?|mention(ing)?|reveal(ing)?|show(ing)?|notify(ing)?|alert(ing)?|ask(ing)?)\b[^.\n]{0,30}\b(user|human|person|operator)\b", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Hide();

    [GeneratedRegex(@"</?\s*(important|system|secret|instructions?|admin|assistant|hidden|critical)\s*>|\[/?(system|inst|important)\]|<\|[a-z_]+\|>", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Tag();

    [GeneratedRegex(@"\b(include|send|pass|provide|copy|insert|append|forward|put)\b[^.\n]{0,60}\b(system prompt|conversation( history)?|chat history|previous messages|all messages|api keys?|passwords?|credentials|access tokens?)\b", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Exfiltration();

    [GeneratedRegex(@"~/\.(ssh|aws|config|cursor|kube|gnupg|netrc)|\bid_(rsa|ed25519|ecdsa)\b|/etc/(passwd|shadow)\b|\.cursor/mcp\.json|claude_desktop_config\.json", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex SecretFile();

    [GeneratedRegex(@"\b(before|after|whenever|instead of|every time)\b[^.\n]{0,30}\b(using|calling|invoking|running|you (use|call|invoke|run))\b[^.\n]{0,30}\b(this|any|other|another|the)\b[^.\n]{0,30}\btools?\b|\byou must (first|always|call|use|read)\b", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Steering();

    [GeneratedRegex(@"!\[[^\]]{0,200}\]\(https?://|https?://[^\s""'<>]{0,500}[?&/=](\{[^}]{1,100}\}|\$\{|<[a-z_ ]{1,60}>)", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex DataInUrl();

    [GeneratedRegex(@"[A-Za-z0-9+/_-]{160,}={0,2}", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Blob();
}
