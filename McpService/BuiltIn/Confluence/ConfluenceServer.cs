using ModelContextProtocol.Server;

namespace McpPlatform.McpService.BuiltIn.Confluence;

/// <summary>The built-in server <c>confluence</c>.</summary>
internal sealed class ConfluenceServer
{
    private const string ServerName = "confluence", Description = "Pages of Confluence: search, read, create and change.";
    private readonly McpServerTool[] tools;

    public ConfluenceServer(ConfluenceClient client)
    {
        var pages = new ConfluenceTools(client);
        tools =
        [
            BuiltInTool.Create<SearchInput, SearchOutput>(
                "search", "Search Confluence", "Finds pages by words, or by a query in Confluence's own language (CQL). Gives ids for get_page, with the words around what was found.",
                ToolEffect.Reads, pages.SearchAsync),
            BuiltInTool.Create<GetPageInput, PageOutput>(
                "get_page", "Read a Confluence page", "Reads a page as Markdown, or its exact source (format storage), with its version. Read it as storage before you change it, so that macros and tables are kept.",
                ToolEffect.Reads, pages.GetAsync),
            BuiltInTool.Create<CreatePageInput, PageOutput>(
                "create_page", "Create a Confluence page", "Creates a page in a space, at its top or under another page. A title can be there only once in a space: search for it first.",
                new ToolEffect(ReadOnly: false, Destructive: false, Idempotent: false), pages.CreateAsync),
            BuiltInTool.Create<UpdatePageInput, PageOutput>(
                "update_page", "Change a Confluence page",
                "Puts a new text in the place of a page's whole text. Needs the version that you read; if somebody has changed the page since, nothing happens and you are told who, when and what to do.",
                new ToolEffect(ReadOnly: false, Destructive: true, Idempotent: false), pages.UpdateAsync),
        ];
    }

    public BuiltInServer Describe() => new(ServerName, Description, _ => new()
    {
        ServerInfo = new() { Name = ServerName, Title = "Confluence", Version = "1.0.0" },
        ServerInstructions = "Find pages with search and read them with get_page. To change one, read it with format storage, change that text, and give it to update_page with the version you read.",
        ToolCollection = [.. tools],
    });
}
