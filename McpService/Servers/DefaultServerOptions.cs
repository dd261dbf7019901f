using McpPlatform.ServiceDefaults.Outbound;
using Microsoft.Extensions.Options;

namespace McpPlatform.McpService.Servers;

/// <summary>The MCP server that is there without anybody registering it.</summary>
internal sealed class DefaultServerOptions
{
    public const string UrlKey = "MCP_SERVER_URL", NameKey = "MCP_SERVER_NAME";

    /// <summary>Its MCP endpoint; nothing when there is to be no default server.</summary>
    public string? Url { get; set; }

    public string Name { get; set; } = "default";
}

internal sealed class DefaultServerOptionsSetup(IConfiguration configuration) : IConfigureOptions<DefaultServerOptions>
{
    public void Configure(DefaultServerOptions options)
    {
        options.Url = configuration[DefaultServerOptions.UrlKey] is { Length: > 0 } url ? url : null;
        options.Name = configuration[DefaultServerOptions.NameKey] is { Length: > 0 } name ? name : options.Name;
    }
}

/// <summary>The operator names the default server, and that allows its address, private or not.</summary>
internal sealed class DefaultServerAddress(IConfiguration configuration) : IConfigureOptions<OutboundOptions>
{
    public void Configure(OutboundOptions options)
    {
        if (ServerUrls.TryParse(configuration[DefaultServerOptions.UrlKey], out var url))
        {
            options.Allow.Add(url.HostNameType == UriHostNameType.IPv6 ? $"[{url.IdnHost}]:{url.Port}" : $"{url.IdnHost}:{url.Port}");
        }
    }
}

internal sealed class DefaultServerOptionsValidator : IValidateOptions<DefaultServerOptions>
{
    public ValidateOptionsResult Validate(string? name, DefaultServerOptions options)
    {
        List<string> failures = [];

        // The value is not repeated: its query or user part may be a secret.
        if (options.Url is not null && !ServerUrls.TryParse(options.Url, out _))
        {
            failures.Add($"{DefaultServerOptions.UrlKey} must be {ServerUrls.Sentence}.");
        }

        if (!ServerNames.IsValid(options.Name))
        {
            failures.Add($"{DefaultServerOptions.NameKey} is '{options.Name}', but: {ServerNames.Sentence}");
        }

        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }
}
