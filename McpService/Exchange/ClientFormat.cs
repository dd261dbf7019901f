namespace McpPlatform.McpService.Exchange;

/// <summary>Whose file.</summary>
internal enum ClientFormat
{
    Claude,
    VsCode,
    Cursor,
}

internal static class ClientFormats
{
    public const string Sentence = "The format must be 'claude', 'vscode' or 'cursor'.";

    public static ClientFormat? Parse(string? format) => format switch
    {
        "claude" => ClientFormat.Claude,
        "vscode" => ClientFormat.VsCode,
        "cursor" => ClientFormat.Cursor,
        _ => null,
    };
}
