using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using McpPlatform.TestSupport;

namespace McpPlatform.AuthService.Tests.External;

/// <summary>
/// Two platforms: one where people are known, and one whose login page leads there, by a registration that links accounts and by one that makes them; and a
/// provider that lies.
/// </summary>
public sealed class ExternalLoginFixture(PlatformServers servers) : IAsyncLifetime
{
    internal AuthServiceApplication Home { get; private set; } = null!;

    internal AuthServiceApplication App { get; private set; } = null!;

    internal FakeProvider Fake { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        var (homePort, port) = (FreePort(), FreePort());
        Fake = await FakeProvider.StartAsync();
        Home = new AuthServiceApplication(servers) { Port = homePort };
        await Home.InitializeAsync(("Authentication:Issuer", Address(homePort)));
        App = new AuthServiceApplication(servers) { Port = port };
        await App.InitializeAsync(
        [
            ("Authentication:Issuer", Address(port)),
            .. await ProviderAsync(port, "home", createUsers: false), .. await ProviderAsync(port, "open", createUsers: true),
            ("ExternalLogins:fake:Authority", Fake.Issuer.AbsoluteUri), ("ExternalLogins:fake:ClientId", "platform"), ("ExternalLogins:fake:ClientSecret", "secret"), ("ExternalLogins:fake:CreateUsers", "true"),
            ("ExternalLogins:gone:Authority", "http://127.0.0.1:9/"), ("ExternalLogins:gone:ClientId", "platform"),
        ]);
    }

    public async ValueTask DisposeAsync()
    {
        await App.DisposeAsync();
        await Home.DisposeAsync();
        await Fake.DisposeAsync();
    }

    private static string Address(int port) => $"http://127.0.0.1:{port}/";

    private async Task<(string, string)[]> ProviderAsync(int port, string name, bool createUsers)
    {
        using var client = Home.Client();
        using var response = await client.PostAsJsonAsync("/connect/register", new { client_name = "The other platform", redirect_uris = new[] { $"{Address(port)}connect/external/{name}/callback" } });
        var id = (await AuthServiceApplication.JsonAsync(response)).GetProperty("client_id").GetString()!;
        var key = $"ExternalLogins:{name}:";
        return
        [
            (key + "Authority", $"http://127.0.0.1:{Home.Port}/"), (key + "ClientId", id), (key + "Scopes", "openid"), (key + "DisplayName", $"The {name} platform"), (key + "CreateUsers", createUsers ? "true" : "false"),
        ];
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
