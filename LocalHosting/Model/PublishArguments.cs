namespace McpPlatform.LocalHosting;

/// <summary>
/// Aspire's two ways of asking for the manifest: <c>--publisher manifest --output-path F</c> and
/// <c>--operation publish --step publish-manifest --output-path F</c>.
/// </summary>
internal sealed record PublishArguments(bool IsPublish, string? OutputPath)
{
    private const StringComparison IgnoreCase = StringComparison.OrdinalIgnoreCase;

    public static PublishArguments Parse(string[] args)
    {
        var publisher = Value(args, "--publisher");
        var operation = Value(args, "--operation");
        if (publisher is null && (operation is null || operation.Equals("run", IgnoreCase)))
        {
            return new PublishArguments(IsPublish: false, OutputPath: null);
        }

        if (publisher is not null && !publisher.Equals("manifest", IgnoreCase))
        {
            throw new DistributedApplicationException($"There is no publisher '{publisher}': the only one is --publisher manifest.");
        }

        if (publisher is null && !operation!.Equals("publish", IgnoreCase))
        {
            throw new DistributedApplicationException($"There is no operation '{operation}': it is either run or publish.");
        }

        if (publisher is null && Value(args, "--step") is var step && !"publish-manifest".Equals(step, IgnoreCase))
        {
            throw new DistributedApplicationException($"There is no step '{step}': the only one is --step publish-manifest.");
        }

        return new PublishArguments(IsPublish: true, Value(args, "--output-path"));
    }

    /// <summary>The value in <c>--key value</c> or <c>--key=value</c>; empty when the key is there without a value.</summary>
    private static string? Value(string[] args, string key)
    {
        var at = Array.FindIndex(args, arg => arg.Equals(key, IgnoreCase) || arg.StartsWith($"{key}=", IgnoreCase));
        return at < 0 ? null
            : args[at].Length > key.Length ? args[at][(key.Length + 1)..]
            : at + 1 < args.Length && !args[at + 1].StartsWith("--", StringComparison.Ordinal) ? args[at + 1]
            : "";
    }
}
