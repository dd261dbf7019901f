using System.Net;
using System.Net.Sockets;
using Microsoft.Playwright;
using ModelContextProtocol.Authentication;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace McpPlatform.EndToEnd.Tests.OAuth;

/// <summary>
/// An application as people have it on their computer: the SDK's MCP client, which is told the address of the endpoint and nothing else, and opens a browser
/// when it has to.
/// </summary>
internal sealed class McpApplication : IAsyncDisposable, ITokenCache
{
    private readonly HttpListener listener = new();
    private readonly HttpClientTransport transport;
    private readonly Func<IPage> newPage;
    private readonly Func<IPage, Task> useBrowser;
    private TokenContainer? tokens;

    /// <param name="endpoint">The MCP endpoint.</param>
    /// <param name="clientId">The address of the client's document; null for one that registers.</param>
    /// <param name="newPage">The browser.</param>
    /// <param name="useBrowser">What the person does at the page that opens.</param>
    public McpApplication(Uri endpoint, Uri? clientId, Func<IPage> newPage, Func<IPage, Task> useBrowser)
    {
        (this.newPage, this.useBrowser) = (newPage, useBrowser);
        var callback = $"http://127.0.0.1:{FreePort()}/callback";
        listener.Prefixes.Add(callback + "/");
        listener.Start();
        transport = new(new()
        {
            Endpoint = endpoint,
            TransportMode = HttpTransportMode.StreamableHttp,
            OAuth = new()
            {
                RedirectUri = new Uri(callback),
                ClientMetadataDocumentUri = clientId,
                DynamicClientRegistration = new() { ClientName = "An MCP client" },
                AuthorizationCallbackHandler = AuthorizeAsync,
                TokenCache = this,
            },
        });
    }

    /// <summary>What the client was given last.</summary>
    public TokenContainer Tokens => tokens ?? throw new InvalidOperationException("It was given no token.");

    /// <summary>How often a browser was opened.</summary>
    public int Logins { get; private set; }

    /// <summary>Connects, calls the tool and hangs up.</summary>
    public async Task<string> EchoAsync(string message)
    {
        await using var client = await McpClient.CreateAsync(transport);
        var result = await client.CallToolAsync("everything__echo", new Dictionary<string, object?> { ["message"] = message });
        return Assert.IsType<TextContentBlock>(Assert.Single(result.Content)).Text;
    }

    /// <summary>The client takes its access token for expired.</summary>
    public void Expire() => tokens!.ObtainedAt = DateTimeOffset.UtcNow.AddDays(-1);

    public ValueTask<TokenContainer?> GetTokensAsync(CancellationToken cancellationToken) => new(tokens);

    public ValueTask StoreTokensAsync(TokenContainer tokens, CancellationToken cancellationToken)
    {
        this.tokens = tokens;
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await transport.DisposeAsync();
        listener.Close();
    }

    private async Task<AuthorizationResult?> AuthorizeAsync(AuthorizationCallbackContext context, CancellationToken cancellationToken)
    {
        Logins++;
        var page = newPage();
        var answer = HearAsync();
        await page.GotoAsync(context.AuthorizationUri.AbsoluteUri);
        await useBrowser(page);
        return await answer.WaitAsync(TimeSpan.FromSeconds(15), cancellationToken);
    }

    private async Task<AuthorizationResult> HearAsync()
    {
        var request = await listener.GetContextAsync();
        var query = request.Request.QueryString;
        request.Response.Close("You can close this page."u8.ToArray(), willBlock: false);
        return new() { Code = query["code"], State = query["state"], Iss = query["iss"] };
    }

    private static int FreePort()
    {
        using var one = new TcpListener(IPAddress.Loopback, 0);
        one.Start();
        return ((IPEndPoint)one.LocalEndpoint).Port;
    }
}
