using System.Globalization;
using System.Net;
using System.Text.Json;

namespace McpPlatform.McpService.BuiltIn.Confluence;

/// <summary>The tools about pages.</summary>
internal sealed class ConfluenceTools(ConfluenceClient client)
{
    public async Task<ToolAnswer<SearchOutput>> SearchAsync(SearchInput input, ReportProgress report, CancellationToken cancellationToken)
    {
        // One more than wanted tells whether there are more.
        var json = await client.SearchAsync(input.Cql ?? Cql(input.Words!, input.Space), input.Limit + 1, cancellationToken);
        var found = json.ItemsAt("results").Where(result => result.At("content")?.TextAt("id") is not null).Select(Found).ToList();
        var output = new SearchOutput([.. found.Take(input.Limit)], found.Count > input.Limit);
        var lines = output.Pages.Select(page => $"- {page.PageId}: {page.Title}{(page.Space is null ? "" : $" [{page.Space}]")}: {page.Excerpt}");
        return new(output, output.Pages.Count == 0 ? "Nothing found. Try fewer or other words." : string.Join('\n', lines) + (output.HasMore ? "\nThere is more." : ""));
    }

    public async Task<ToolAnswer<PageOutput>> GetAsync(GetPageInput input, ReportProgress report, CancellationToken cancellationToken)
    {
        var page = await client.GetAsync(input.PageId, cancellationToken);
        var storage = page.Storage ?? string.Empty;
        var text = input.Format == PageFormat.Markdown ? StorageFormat.ToMarkdown(storage) : storage;
        var output = Output(page, text.Cut(input.MaxCharacters), text.Length > input.MaxCharacters);
        return new(output, string.Create(CultureInfo.InvariantCulture, $"# {page.Title}\n(page {page.Id}, version {page.Version}, changed {Change(page)})\n\n{output.Body}{(output.IsCut ? "\n[cut: raise max_characters for more]" : "")}"));
    }

    public async Task<ToolAnswer<PageOutput>> CreateAsync(CreatePageInput input, ReportProgress report, CancellationToken cancellationToken)
    {
        var page = await client.CreateAsync(input, Storage(input.Body, input.BodyFormat), cancellationToken);
        return new(Output(page, null, false), $"Page {page.Id} \"{page.Title}\" is created.");
    }

    public async Task<ToolAnswer<PageOutput>> UpdateAsync(UpdatePageInput input, ReportProgress report, CancellationToken cancellationToken)
    {
        var storage = Storage(input.Body, input.BodyFormat);
        var before = await client.GetAsync(input.PageId, cancellationToken);
        if (before.Version != input.Version)
        {
            throw Conflict(before, input.Version);
        }

        // Between the look and the change somebody may have been first: Confluence decides.
        var page = await client.UpdateAsync(input, input.Title ?? before.Title, storage, cancellationToken)
            ?? throw Conflict(await client.GetAsync(input.PageId, cancellationToken), input.Version);
        return new(Output(page, null, false), string.Create(CultureInfo.InvariantCulture, $"Page {page.Id} \"{page.Title}\" has version {page.Version} now."));
    }

    /// <summary>Words as CQL: whatever they are, they stay words.</summary>
    public static string Cql(string words, string? space)
    {
        var text = new string([.. words.Where(letter => !char.IsControl(letter))]).Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);
        return $"type = page and {(space is null ? "" : $"space = \"{space}\" and ")}siteSearch ~ \"{text}\"";
    }

    private static ToolFailedException Conflict(StoredPage page, int version) => new(string.Create(
        CultureInfo.InvariantCulture,
        $"Nothing was changed: page {page.Id} has version {page.Version}, not {version}. It was changed {Change(page)}. Call get_page, put your changes into its text of now, and update it with version {page.Version}."));

    private static string Change(StoredPage page) =>
        $"by {page.ChangedBy ?? "somebody"} at {page.ChangedAt?.ToUniversalTime().ToString("u", CultureInfo.InvariantCulture) ?? "an unknown time"}{(string.IsNullOrEmpty(page.Message) ? "" : $" (\"{page.Message.Cut(300)}\")")}";

    private static string Storage(string body, BodyFormat format) => format == BodyFormat.Text ? StorageFormat.FromText(body)
        : StorageFormat.IsWellFormed(body) ? body
        : throw new ToolFailedException("The body is not well-formed storage format (XHTML): close every tag, and write & as &amp;. For plain text set body_format to text.");

    private static PageOutput Output(StoredPage page, string? text, bool isCut) => new(page.Id, page.Title, page.Version, page.ChangedAt, page.ChangedBy, text, isCut);

    private static FoundPage Found(JsonElement result)
    {
        var content = result.At("content")!.Value;
        var excerpt = WebUtility.HtmlDecode(result.TextAt("excerpt") ?? string.Empty).Replace("@@@hl@@@", string.Empty, StringComparison.Ordinal).Replace("@@@endhl@@@", string.Empty, StringComparison.Ordinal);
        var changed = DateTimeOffset.TryParse(result.TextAt("lastModified"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : (DateTimeOffset?)null;
        return new(content.TextAt("id")!, content.TextAt("title") ?? string.Empty, content.At("space")?.TextAt("key"), excerpt.ReplaceLineEndings(" ").Trim().Cut(500), changed);
    }
}
