using System.Net;

namespace McpPlatform.Gateway.Tests;

[Collection(GatewayTests.Name)]
public sealed class BodyLimitTests(GatewayApplication gateway)
{
    private const int Limit = 1024 * 1024, LoginLimit = 8192;

    [Theory]
    [InlineData("/api/users", Limit + 1, false)]
    [InlineData("/api/users", Limit + 1, true)]
    [InlineData("/mcp", 4 * Limit, true)]
    [InlineData("/mcp", 4 * Limit, false)]
    [InlineData("/api/login", LoginLimit + 1, false)]
    [InlineData("/api/login", LoginLimit + 1, true)]
    [InlineData("/api/login", Limit, true)]
    public async Task Larger_body_is_413_and_does_not_reach_the_service(string path, int length, bool chunked)
    {
        using var client = gateway.SignedIn();
        using var response = await SendAsync(client, path, length, chunked);
        Assert.Contains("at most", await response.ProblemAsync(HttpStatusCode.RequestEntityTooLarge), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/api/users", Limit, false)]
    [InlineData("/api/users", Limit, true)]
    [InlineData("/api/login", LoginLimit, false)]
    [InlineData("/api/login", LoginLimit, true)]
    [InlineData("/mcp", 100, true)]
    public async Task Body_up_to_the_limit_arrives_whole(string path, int length, bool chunked)
    {
        using var client = gateway.SignedIn();
        var echo = await (await SendAsync(client, path, length, chunked)).EchoAsync();
        Assert.Equal(length, echo["body_length"]!.GetValue<int>());
    }

    [Fact]
    public async Task Large_body_without_a_token_is_401()
    {
        using var client = gateway.Anonymous();
        await (await SendAsync(client, "/api/users", 100_000, chunked: true)).ProblemAsync(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Too_large_header_is_431()
    {
        using var client = gateway.SignedIn();
        client.DefaultRequestHeaders.Add("X-Large", new string('a', 40_000));
        using var response = await client.GetAsync("/api/users/me");
        Assert.Equal(HttpStatusCode.RequestHeaderFieldsTooLarge, response.StatusCode);
    }

    private static async Task<HttpResponseMessage> SendAsync(HttpClient client, string path, int length, bool chunked)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(Enumerable.Repeat((byte)'a', length).ToArray()) };
        request.Headers.TransferEncodingChunked = chunked;
        return await client.SendAsync(request);
    }
}
