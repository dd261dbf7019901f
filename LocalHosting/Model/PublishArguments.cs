namespace McpPlatform.LocalHosting;

/// <summary>
/// Aspire's two ways of asking for the manifest: <c>--publisher manifest --output-path F</c> and
/// <c>--operation publish --step publish-manifest --output-path F</c>.
/// </summary>
internal sealed record PublishArguments(bool IsPublish, string? OutputPath)
{
    public static PublishArguments Parse(string[] args)
    {
        string? Value(string key) => Array.IndexOf(args, key) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : null;

        var isPublish = Value("--publisher") is not null || Value("--operation") == "publish";
        return new PublishArguments(isPublish, Value("--output-path"));
    }
}
