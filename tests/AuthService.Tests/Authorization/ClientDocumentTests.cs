using System.Net;
using McpPlatform.TestSupport;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using OpenIddict.Abstractions;
using static McpPlatform.AuthService.Tests.AuthServiceApplication;

namespace McpPlatform.AuthService.Tests.Authorization;

/// <summary>A host of documents, and an instance of the service that may reach it.</summary>
public sealed class ClientDocumentFixture(PlatformServers servers) : IAsyncLifetime
{
    internal ClientHost Host { get; private set; } = null!;

    internal AuthServiceApplication App { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Host = await ClientHost.StartAsync();
        App = new AuthServiceApplication(servers) { Services = Host.Trust };
        await App.InitializeAsync(("OUTBOUND_ALLOW", $"localhost:{Host.Address.Port}"));
    }

    public async ValueTask DisposeAsync()
    {
        await App.DisposeAsync();
        await Host.DisposeAsync();
    }
}

/// <summary>Clients that are known by the address of their document.</summary>
public sealed class ClientDocumentTests(ClientDocumentFixture fixture) : IClassFixture<ClientDocumentFixture>
{
    private readonly ClientHost host = fixture.Host;
    private readonly AuthServiceApplication app = fixture.App;

    [Fact]
    public async Task A_client_is_known_by_its_document_which_is_fetched_once()
    {
        var (_, username) = await app.CreateAccountAsync("mcp.tools.call");
        var id = host.Publish("/" + new string('c', 300) + ".json", id => new { client_id = id, client_name = "A client of the web", redirect_uris = new[] { OAuthClient.Https }, grant_types = new[] { "authorization_code", "refresh_token" }, token_endpoint_auth_method = "none" });
        var client = new OAuthClient(app, id, OAuthClient.Https);
        using var browser = app.Browser();

        var consent = await browser.GetAsync((await OAuthClient.LogInAsync(browser, await browser.GetAsync(client.Address()), username)).Location!);
        Assert.Contains("A client of the web", consent.Html, StringComparison.Ordinal);
        Assert.Contains($"It speaks for localhost:{host.Address.Port}", consent.Html, StringComparison.Ordinal);
        var tokens = await JsonAsync(await client.RedeemAsync((await OAuthClient.AllowAsync(browser, consent)).Answer["code"]));

        Assert.Equal(id, OAuthClient.Payload(tokens).GetProperty("client_id").GetString());
        await JsonAsync(await client.RefreshAsync(tokens.GetProperty("refresh_token").GetString()!));
        Assert.Equal(1, host.RequestsFor(new Uri(id).AbsolutePath));
    }

    [Fact]
    public async Task What_the_document_does_not_say_is_not_so()
    {
        object Document(string id, string method = "none") => new { client_id = id, redirect_uris = new[] { OAuthClient.Https }, token_endpoint_auth_method = method };
        string[] wrong =
        [
            host.Publish("/other", _ => Document("https://elsewhere.example/client")),
            host.Publish("/secret", id => Document(id, "client_secret_post")),
            host.Publish("/secret-inside", id => new { client_id = id, redirect_uris = new[] { OAuthClient.Https }, client_secret = "x" }),
            host.Publish("/redirects", id => new { client_id = id, redirect_uris = new[] { "http://client.example/" } }),
            host.Publish("/array", _ => new[] { 1 }),
            Answer("/big", context => context.Response.WriteAsJsonAsync(new { client_id = new Uri(host.Address, "/big").AbsoluteUri, redirect_uris = new[] { OAuthClient.Https }, padding = new string('x', 6000) })),
            Answer("/redirect", context => Task.Run(() => context.Response.Redirect("/other"))),
            Answer("/html", context => context.Response.WriteAsync("<html>")),
            Answer("/broken", context => Results.Text("{", "application/json").ExecuteAsync(context)),
            Answer("/slow", context => Task.Delay(8_000, context.RequestAborted)),
            new Uri(host.Address, "/nothing").AbsoluteUri,
        ];
        using var browser = app.Browser();

        foreach (var id in wrong)
        {
            var page = await browser.GetAsync(new OAuthClient(app, id, OAuthClient.Https).Address());
            Assert.True((page.Status, page.Location) == (HttpStatusCode.BadRequest, null), $"{id}: {page.Status} {page.Location}");
            Assert.Contains("invalid_client", page.Html, StringComparison.Ordinal);
        }

        Assert.Equal(0, await app.InDatabaseAsync(db => db.ClientRegistrations.CountAsync(client => wrong.Contains(client.ClientId))));
    }

    [Theory]
    [InlineData("https://169.254.169.254/latest/meta-data")]
    [InlineData("https://127.0.0.1:1/client")]
    [InlineData("https://10.0.0.1/client")]
    [InlineData("https://[::1]/client")]
    [InlineData("https://localhost/client")]
    public async Task Nobody_makes_us_look_into_our_own_network(string id)
    {
        using var browser = app.Browser();

        var page = await browser.GetAsync(new OAuthClient(app, id, OAuthClient.Https).Address());

        Assert.Equal((HttpStatusCode.BadRequest, null), (page.Status, page.Location));
        Assert.Contains("could not be fetched", page.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_that_could_be_written_in_two_ways_is_no_id()
    {
        host.Publish("/client", id => new { client_id = id, redirect_uris = new[] { OAuthClient.Https } });
        using var browser = app.Browser();
        foreach (var path in (string[])["/a/../client", "/./client", "/client#x", "/", "", "/%63lient"])
        {
            var page = await browser.GetAsync(new OAuthClient(app, host.Address.GetLeftPart(UriPartial.Authority) + path, OAuthClient.Https).Address());
            Assert.Equal((HttpStatusCode.BadRequest, null), (page.Status, page.Location));
        }

        Assert.InRange(host.RequestsFor("/client"), 0, 1);
    }

    [Fact]
    public async Task A_client_that_the_platform_knows_otherwise_is_not_for_a_document_to_change()
    {
        var id = host.Publish("/known", id => new { client_id = id, client_name = "Impostor", redirect_uris = new[] { "https://evil.example/" } });
        await app.InScopeAsync<IOpenIddictApplicationManager>(applications => applications.CreateAsync(new OpenIddictApplicationDescriptor
        {
            ClientId = id, ClientType = "public", DisplayName = "The real one", RedirectUris = { new Uri(OAuthClient.Https) },
            Permissions = { "ept:authorization", "ept:token", "gt:authorization_code", "rst:code" },
        }).AsTask());
        using var browser = app.Browser();

        Assert.Contains("The real one", (await browser.GetAsync(new OAuthClient(app, id, OAuthClient.Https).Address())).Html, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, (await browser.GetAsync(new OAuthClient(app, id, "https://evil.example/").Address())).Status);
        Assert.Equal(0, host.RequestsFor("/known"));
    }

    [Fact]
    public async Task A_document_that_is_no_longer_fresh_is_fetched_again_and_its_word_counts()
    {
        var redirect = OAuthClient.Https;
        var id = host.Publish("/moving", id => new { client_id = id, redirect_uris = new[] { redirect } });
        using var browser = app.Browser();
        await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => browser.GetAsync(new OAuthClient(app, id, redirect).Address())));
        redirect = "https://client.example/moved";
        await app.InDatabaseAsync(db => db.ClientRegistrations.Where(client => client.ClientId == id).ExecuteUpdateAsync(set => set.SetProperty(client => client.FreshUntil, DateTimeOffset.UtcNow.AddMinutes(-1))));

        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync(new OAuthClient(app, id, redirect).Address())).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await browser.GetAsync(new OAuthClient(app, id, OAuthClient.Https).Address())).Status);
        host.Answers.Remove("/moving");
        await app.InDatabaseAsync(db => db.ClientRegistrations.Where(client => client.ClientId == id).ExecuteUpdateAsync(set => set.SetProperty(client => client.FreshUntil, DateTimeOffset.UtcNow.AddMinutes(-1))));
        Assert.Equal((HttpStatusCode.BadRequest, null), (await browser.GetAsync(new OAuthClient(app, id, redirect).Address())) is var gone ? (gone.Status, gone.Location) : default);
    }

    private string Answer(string path, RequestDelegate answer)
    {
        host.Answers[path] = answer;
        return new Uri(host.Address, path).AbsoluteUri;
    }
}
