using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;

namespace McpPlatform.McpService.BuiltIn.Confluence;

/// <summary>Confluence's storage format: XHTML with elements of its own (<c>ac:</c>, <c>ri:</c>).</summary>
internal static partial class StorageFormat
{
    private const int MaxDepth = 60;

    /// <summary>What a person would read, as Markdown. What cannot be parsed is given without its tags.</summary>
    public static string ToMarkdown(string storage)
    {
        if (Parse(storage) is not { } root)
        {
            return WebUtility.HtmlDecode(Tag().Replace(storage, " ")).Trim();
        }

        var text = new StringBuilder();
        Write(text, root, 0, string.Empty);
        return Gaps().Replace(text.ToString(), "\n\n").Trim();
    }

    /// <summary>Whether Confluence could store it; it refuses what is not well-formed with words that help nobody.</summary>
    public static bool IsWellFormed(string storage) => Parse(storage) is not null;

    /// <summary>Paragraphs divided by empty lines.</summary>
    public static string FromText(string text) => string.Concat(
        text.ReplaceLineEndings("\n").Split("\n\n", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(paragraph => $"<p>{WebUtility.HtmlEncode(paragraph).Replace("\n", "<br />", StringComparison.Ordinal)}</p>"));

    private static XElement? Parse(string storage)
    {
        // Names of HTML's characters are not known to XML, and declaring them would need a DTD.
        var plain = Entity().Replace(storage, match => match.Groups["name"].Value is "amp" or "lt" or "gt" or "quot" or "apos" ? match.Value
            : WebUtility.HtmlDecode(match.Value) is var text && text != match.Value ? text : match.Value);
        try
        {
            using var reader = XmlReader.Create(
                new StringReader($"<root xmlns:ac=\"ac\" xmlns:ri=\"ri\">{plain}</root>"),
                new() { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null });
            return XElement.Load(reader, LoadOptions.PreserveWhitespace);
        }
        catch (XmlException)
        {
            return null;
        }
    }

    private static void Write(StringBuilder text, XElement parent, int depth, string indent)
    {
        foreach (var node in parent.Nodes())
        {
            if (node is XText words)
            {
                text.Append(words is XCData ? words.Value : Spaces().Replace(words.Value, " "));
            }
            else if (node is XElement element)
            {
                if (depth >= MaxDepth)
                {
                    text.Append(element.Value);
                }
                else
                {
                    WriteElement(text, element, depth + 1, indent);
                }
            }
        }
    }

    private static void WriteElement(StringBuilder text, XElement element, int depth, string indent)
    {
        switch (element.Name.LocalName)
        {
            case "h1" or "h2" or "h3" or "h4" or "h5" or "h6":
                Around(text, element, depth, indent, "\n\n" + new string('#', element.Name.LocalName[1] - '0') + " ", "\n\n");
                break;
            case "p" or "div" or "blockquote" or "layout" or "layout-section" or "layout-cell":
                Around(text, element, depth, indent, indent.Length > 0 ? string.Empty : "\n\n", indent.Length > 0 ? " " : "\n\n");
                break;
            case "br":
                text.Append('\n').Append(indent);
                break;
            case "hr":
                text.Append("\n\n---\n\n");
                break;
            case "strong" or "b":
                Around(text, element, depth, indent, "**", "**");
                break;
            case "em" or "i":
                Around(text, element, depth, indent, "*", "*");
                break;
            case "code":
                Around(text, element, depth, indent, "`", "`");
                break;
            case "pre" or "plain-text-body":
                text.Append("\n\n```\n").Append(element.Value).Append("\n```\n\n");
                break;
            case "a":
                Around(text, element, depth, indent, "[", $"]({(string?)element.Attribute("href")})");
                break;
            case "ul" or "ol":
                WriteList(text, element, depth, indent);
                break;
            case "table":
                WriteTable(text, element, depth);
                break;
            case "parameter" or "colgroup":
                // Settings of macros, not text.
                break;
            case "page" or "attachment" or "user":
                text.Append((string?)element.Attributes().FirstOrDefault(attribute => attribute.Name.LocalName is "content-title" or "filename" or "account-id" or "userkey"));
                break;
            default:
                Write(text, element, depth, indent);
                break;
        }
    }

    private static void Around(StringBuilder text, XElement element, int depth, string indent, string before, string after)
    {
        text.Append(before);
        Write(text, element, depth, indent);
        text.Append(after);
    }

    private static void WriteList(StringBuilder text, XElement list, int depth, string indent)
    {
        var number = 1;
        foreach (var item in list.Elements().Where(element => element.Name.LocalName == "li"))
        {
            text.Append('\n').Append(indent).Append(list.Name.LocalName == "ol" ? string.Create(CultureInfo.InvariantCulture, $"{number++}. ") : "- ");
            Write(text, item, depth, indent + "  ");
        }

        text.Append(indent.Length == 0 ? "\n\n" : string.Empty);
    }

    private static void WriteTable(StringBuilder text, XElement table, int depth)
    {
        var isFirst = true;
        text.Append("\n\n");
        foreach (var row in table.Descendants().Where(element => element.Name.LocalName == "tr"))
        {
            var cells = row.Elements().Where(cell => cell.Name.LocalName is "td" or "th").Select(cell =>
            {
                var content = new StringBuilder();
                Write(content, cell, depth, string.Empty);
                return Spaces().Replace(content.ToString(), " ").Trim().Replace("|", "\\|", StringComparison.Ordinal);
            }).ToList();
            text.Append("| ").AppendJoin(" | ", cells).Append(" |\n");
            if (isFirst)
            {
                text.Append('|').Insert(text.Length, "---|", cells.Count).Append('\n');
            }

            isFirst = false;
        }

        text.Append('\n');
    }

    [GeneratedRegex("<[^>]*>", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Tag();

    [GeneratedRegex("&(?<name>[A-Za-z][A-Za-z0-9]{1,31});", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Entity();

    [GeneratedRegex(@"\s+", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Spaces();

    [GeneratedRegex(@"\s*\n[ \t]*\n\s*", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Gaps();
}
