using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace McpPlatform.McpService.BuiltIn.Confluence;

internal sealed record SearchInput : IValidatableObject
{
    [Description("Words to find in titles and texts of pages. Either this or cql.")]
    [StringLength(500, MinimumLength = 1, ErrorMessage = "words must have 1 to 500 characters.")]
    public string? Words { get; init; }

    [Description("A query in Confluence's own language, for example: space = DOC and title ~ \"release\" order by lastmodified desc. Either this or words.")]
    [StringLength(2000, MinimumLength = 1, ErrorMessage = "cql must have 1 to 2000 characters.")]
    public string? Cql { get; init; }

    [Description("With words: only in the space of this key.")]
    [RegularExpression("^[A-Za-z0-9~._-]{1,255}$", ErrorMessage = "space must be the key of a space.")]
    public string? Space { get; init; }

    [Description("The most results, 1 to 50. 10 when left out.")]
    [Range(1, 50, ErrorMessage = "limit must be 1 to 50.")]
    public int Limit { get; init; } = 10;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Words is null == Cql is null)
        {
            yield return new("Give either words or cql.");
        }

        if (Cql is not null && Space is not null)
        {
            yield return new("space goes with words; in cql write space = KEY.");
        }
    }
}

internal record PageInput
{
    [Description("The page's id, as search tells it.")]
    [RegularExpression("^[0-9]{1,20}$", ErrorMessage = "page_id must be the number that search tells.")]
    public required string PageId { get; init; }
}

internal sealed record GetPageInput : PageInput
{
    [Description("markdown for reading, storage for the exact source (which update_page takes). markdown when left out.")]
    public PageFormat Format { get; init; }

    [Description("The most characters of the text, 1000 to 200000. 50000 when left out.")]
    [Range(1000, 200_000, ErrorMessage = "max_characters must be 1000 to 200000.")]
    public int MaxCharacters { get; init; } = 50_000;
}

internal sealed record CreatePageInput
{
    [Description("The key of the space, for example DOC.")]
    [RegularExpression("^[A-Za-z0-9~._-]{1,255}$", ErrorMessage = "space must be the key of a space.")]
    public required string Space { get; init; }

    [Description("The title; no other page of the space may have it.")]
    [StringLength(255, MinimumLength = 1, ErrorMessage = "title must have 1 to 255 characters.")]
    public required string Title { get; init; }

    [Description("The text: in storage format (XHTML), or plain text whose paragraphs are divided by empty lines.")]
    [StringLength(500_000, ErrorMessage = "body may have at most 500000 characters.")]
    public required string Body { get; init; }

    [Description("What body is: storage or text. storage when left out.")]
    public BodyFormat BodyFormat { get; init; }

    [Description("The page under which it is to be. Leave it out for the top of the space.")]
    [RegularExpression("^[0-9]{1,20}$", ErrorMessage = "parent_id must be the id of a page.")]
    public string? ParentId { get; init; }
}

internal sealed record UpdatePageInput : PageInput
{
    [Description("The version that you read with get_page and that your text is made from. If the page has another one by now, nothing is changed.")]
    [Range(1, int.MaxValue, ErrorMessage = "version must be a number from 1 on.")]
    public required int Version { get; init; }

    [Description("The whole new text, which takes the place of the old: in storage format (XHTML), or plain text.")]
    [StringLength(500_000, ErrorMessage = "body may have at most 500000 characters.")]
    public required string Body { get; init; }

    [Description("What body is: storage or text. storage when left out.")]
    public BodyFormat BodyFormat { get; init; }

    [Description("A new title. Leave it out to keep it.")]
    [StringLength(255, MinimumLength = 1, ErrorMessage = "title must have 1 to 255 characters.")]
    public string? Title { get; init; }

    [Description("What was changed, for the page's history.")]
    [MaxLength(500, ErrorMessage = "message may have at most 500 characters.")]
    public string? Message { get; init; }
}

internal enum PageFormat
{
    Markdown,
    Storage,
}

internal enum BodyFormat
{
    Storage,
    Text,
}

internal sealed record FoundPage(string PageId, string Title, string? Space, [property: Description("The words around what was found.")] string Excerpt, DateTimeOffset? LastModified);

internal sealed record SearchOutput(IReadOnlyList<FoundPage> Pages, [property: Description("There are more: narrow the query or raise limit.")] bool HasMore);

internal sealed record PageOutput(
    string PageId, string Title, [property: Description("For update_page.")] int Version, DateTimeOffset? ChangedAt, string? ChangedBy, string? Body,
    [property: Description("The text was longer than max_characters.")] bool IsCut);
