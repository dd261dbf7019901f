using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using McpPlatform.AuthService.Authorization;
using McpPlatform.AuthService.Pruning;
using McpPlatform.Contracts.Messages;
using Microsoft.EntityFrameworkCore;
using static McpPlatform.AuthService.Tests.AuthServiceApplication;

namespace McpPlatform.AuthService.Tests.Authorization;

[Collection(AuthServiceCollection.Name)]
public sealed class ClientRegistrationTests(AuthServiceApplication app)
{
    [Fact]
    public async Task A_client_registers_itself_and_is_told_what_it_got()
    {
        await using var audit = await app.ListenAsync<ActivityRecorded>();

        using var response = await app.PostAsync("/connect/register", new
        {
            client_name = "A client", redirect_uris = new[] { OAuthClient.Loopback, "com.example.app:/callback" }, token_endpoint_auth_method = "client_secret_post",
            grant_types = new[] { "authorization_code", "refresh_token", "urn:example:unknown" }, response_types = new[] { "code" }, scope = "mcp.tools.call unknown",
            software_id = "not known here", contacts = new[] { 1, 2 },
        });

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        Assert.True(response.Headers.CacheControl!.NoStore);
        var client = await JsonAsync(response);
        Assert.Equal(("A client", "none", "mcp.tools.call"), (client.GetProperty("client_name").GetString(), client.GetProperty("token_endpoint_auth_method").GetString(), client.GetProperty("scope").GetString()));
        Assert.Equal([OAuthClient.Loopback, "com.example.app:/callback"], client.GetProperty("redirect_uris").EnumerateArray().Select(one => one.GetString()!));
        Assert.Equal(["authorization_code", "refresh_token"], OAuthClient.List(client, "grant_types"));
        Assert.False(client.TryGetProperty("client_secret", out _));
        await audit.WaitForAsync(record => record.Action == "oauth.client.register" && record.Target == client.GetProperty("client_id").GetString());
    }

    [Theory]
    [InlineData("http://client.example/callback")]
    [InlineData("https://client.example/callback#fragment")]
    [InlineData("https://user@client.example/callback")]
    [InlineData("https://client.example/a b")]
    [InlineData("https://client.example/\\evil")]
    [InlineData("https://client.example/\u0000")]
    [InlineData("javascript:alert(1)")]
    [InlineData("data:text/html,x")]
    [InlineData("file:///etc/passwd")]
    [InlineData("myapp:/callback")]
    [InlineData("http://localhost.evil.example/callback")]
    [InlineData("http://127.0.0.2/callback")]
    [InlineData("/callback")]
    [InlineData("")]
    public async Task A_redirect_address_that_anybody_could_take_is_refused(string address)
    {
        using var response = await app.PostAsync("/connect/register", new { redirect_uris = new[] { address } });

        Assert.Equal((HttpStatusCode.BadRequest, "invalid_redirect_uri"), await OAuthClient.ErrorAsync(response));
    }

    [Theory]
    [InlineData("{}", "invalid_redirect_uri")]
    [InlineData("""{"redirect_uris":"https://client.example/"}""", "invalid_redirect_uri")]
    [InlineData("""{"redirect_uris":[]}""", "invalid_redirect_uri")]
    [InlineData("""{"redirect_uris":[1,null]}""", "invalid_redirect_uri")]
    [InlineData("""{"redirect_uris":["\ud800"]}""", "invalid_redirect_uri")]
    [InlineData("""{"redirect_uris":["https://client.example/"],"client_name":"a\u202eb"}""", "invalid_client_metadata")]
    [InlineData("""{"redirect_uris":["https://client.example/"],"client_name":"a\u0000b"}""", "invalid_client_metadata")]
    [InlineData("""{"redirect_uris":["https://client.example/"],"grant_types":["client_credentials"]}""", "invalid_client_metadata")]
    [InlineData("""{"redirect_uris":["https://client.example/"],"response_types":["token"]}""", "invalid_client_metadata")]
    [InlineData("""{"redirect_uris":["https://client.example/"],"token_endpoint_auth_method":"private_key_jwt"}""", "invalid_client_metadata")]
    [InlineData("""{"redirect_uris":["https://client.example/"],"token_endpoint_auth_method":"magic"}""", "invalid_client_metadata")]
    [InlineData("""{"redirect_uris":["https://client.example/"],"token_endpoint_auth_method":["none"]}""", "invalid_client_metadata")]
    [InlineData("[]", "invalid_client_metadata")]
    [InlineData("null", "invalid_client_metadata")]
    [InlineData("no json", "invalid_client_metadata")]
    [InlineData("", "invalid_client_metadata")]
    public async Task What_is_no_registration_is_told_so_in_the_words_of_the_RFC(string body, string error)
    {
        using var response = await app.Client().PostAsync("/connect/register", new StringContent(body, Encoding.UTF8, "application/json"));

        Assert.Equal((HttpStatusCode.BadRequest, error), await OAuthClient.ErrorAsync(response));
    }

    [Fact]
    public async Task A_registration_has_its_size()
    {
        var many = await app.PostAsync("/connect/register", new { redirect_uris = Enumerable.Range(0, 11).Select(i => $"https://client.example/{i}") });
        var longOne = await app.PostAsync("/connect/register", new { redirect_uris = new[] { "https://client.example/" + new string('a', 500) } });
        var name = await app.PostAsync("/connect/register", new { redirect_uris = new[] { OAuthClient.Https }, client_name = new string('a', 101) });
        var huge = await app.PostAsync("/connect/register", new { redirect_uris = new[] { OAuthClient.Https }, padding = new string('a', 20_000) });

        Assert.Equal((400, 400, 400, 413), ((int)many.StatusCode, (int)longOne.StatusCode, (int)name.StatusCode, (int)huge.StatusCode));
    }

    [Fact]
    public async Task One_address_registers_only_so_many()
    {
        await using var limited = new AuthServiceApplication(app.Servers);
        await limited.InitializeAsync(("OAuth:RegistrationsPerHour", "2"));
        var body = new { redirect_uris = new[] { OAuthClient.Https } };
        using var http = limited.Client();

        Assert.Equal(HttpStatusCode.Created, (await http.PostAsJsonAsync("/connect/register", body)).StatusCode);
        Assert.Equal(HttpStatusCode.Created, (await http.PostAsJsonAsync("/connect/register", body)).StatusCode);
        using var third = await http.PostAsJsonAsync("/connect/register", body);

        Assert.Equal(HttpStatusCode.TooManyRequests, third.StatusCode);
        Assert.NotNull(third.Headers.RetryAfter);
        Assert.Equal(1, await limited.RunAsync([], ("OAuth:RegistrationsPerHour", "many")));
    }

    [Fact]
    public async Task A_client_that_no_user_let_in_goes_after_a_day_and_the_others_stay()
    {
        var (_, username) = await app.CreateAccountAsync();
        var (used, unused, young) = (await OAuthClient.RegisterAsync(app), await OAuthClient.RegisterAsync(app), await OAuthClient.RegisterAsync(app));
        using var browser = app.Browser();
        await used.CodeAsync(browser, username);
        await app.InDatabaseAsync(db => db.ClientRegistrations.Where(client => client.ClientId == used.Id || client.ClientId == unused.Id)
            .ExecuteUpdateAsync(set => set.SetProperty(client => client.CreatedAt, DateTimeOffset.UtcNow - PruneClients.Patience - TimeSpan.FromMinutes(1))));

        await app.Service<PruneRows>().RunAsync(CancellationToken.None);

        Assert.Equal(HttpStatusCode.BadRequest, (await browser.GetAsync(unused.Address())).Status);
        Assert.True((await browser.GetAsync(used.Address())).Answer.ContainsKey("code"));
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync(young.Address())).Status);
    }
}
