using McpPlatform.McpService.BuiltIn.Confluence;
using McpPlatform.McpService.BuiltIn.Jenkins;
using McpPlatform.ServiceDefaults.Outbound;
using Microsoft.Extensions.Options;

namespace McpPlatform.McpService.BuiltIn;

/// <summary>The operator names these servers, and that allows their addresses, private or not.</summary>
internal sealed class BuiltInAddresses(IOptions<JenkinsOptions> jenkins, IOptions<ConfluenceOptions> confluence) : IConfigureOptions<OutboundOptions>
{
    public void Configure(OutboundOptions options)
    {
        foreach (var address in (string?[])[jenkins.Value.Url, confluence.Value.BaseUrl])
        {
            Allow(options, address);
        }
    }

    /// <summary>Lets an address of the operator through the guard.</summary>
    public static void Allow(OutboundOptions options, string? address)
    {
        if (TryParse(address, out var url))
        {
            options.Allow.Add(url.HostNameType == UriHostNameType.IPv6 ? $"[{url.IdnHost}]:{url.Port}" : $"{url.IdnHost}:{url.Port}");
        }
    }

    /// <summary>What may stand in a setting: paths are appended to it, so it ends with a slash afterwards.</summary>
    public static bool TryParse(string? text, out Uri url)
    {
        var good = Uri.TryCreate(text?.TrimEnd('/') + "/", UriKind.Absolute, out var parsed) && parsed.Scheme is "http" or "https"
            && parsed is { UserInfo: "", Query: "", Fragment: "", Host.Length: > 0 };
        url = good ? parsed! : new Uri("http://invalid.invalid/");
        return good;
    }

    public const string Sentence = "an absolute http or https address without user, query and fragment";
}
