using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using System.Text;
using McpPlatform.ServiceDefaults.Outbound;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;

namespace McpPlatform.McpService.Servers;

/// <summary>Addresses of MCP servers.</summary>
internal static class ServerUrls
{
    public const int MaxLength = 2048;

    public const string Sentence = "an absolute http or https URL of at most 2048 characters, its host in ASCII (names of other scripts as xn--…), without user name, password or fragment, such as https://mcp.example.com/mcp";

    private static readonly TimeSpan LookupPatience = TimeSpan.FromSeconds(3);

    public static bool TryParse(string? text, [NotNullWhen(true)] out Uri? url) =>
        Uri.TryCreate(text, UriKind.Absolute, out url)
        && text!.Length <= MaxLength && url.AbsoluteUri.Length <= MaxLength
        && url.Scheme is ("http" or "https") && url.Host.Length > 0 && Ascii.IsValid(url.Host) && url.UserInfo.Length == 0 && url.Fragment.Length == 0;

    /// <summary>
    /// An early word to whoever registers a server that could never be called. The boundary is elsewhere: the address is decided on again at every connection.
    /// A name that is not known yet may be known later.
    /// </summary>
    public static async Task<ValidationProblem?> RefuseAddressAsync(this OutboundGuard guard, Uri url, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(LookupPatience);
        try
        {
            await guard.ResolveAsync(url.IdnHost, url.Port, patience.Token);
            return null;
        }
        catch (OutboundRefusedException exception)
        {
            return ProblemExtensions.Invalid("url", exception.Message);
        }
        catch (Exception exception) when (exception is SocketException or ArgumentException
            || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return null;
        }
    }

    /// <summary>Some servers take their key in the query: only who may manage servers sees that, and no record keeps it.</summary>
    public static string WithoutQuery(string url) => url.Split('?', 2)[0];
}
