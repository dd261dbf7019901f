using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using McpPlatform.Contracts.Identity;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace McpPlatform.ServiceDefaults.Tests;

public sealed class HttpTests(PlatformServers servers)
{
    [Fact]
    public async Task A_route_that_says_nothing_needs_a_token_and_takes_the_user_from_it()
    {
        await using var service = await ExampleService.StartAsync(servers);
        var id = Guid.CreateVersion7();

        using var without = await service.Client().GetAsync("/mine");
        var with = await service.Client(service.Issuer.CreateToken(id, "ann")).GetFromJsonAsync<JsonElement>("/mine");

        Assert.Equal(HttpStatusCode.Unauthorized, without.StatusCode);
        Assert.Equal("application/problem+json", without.Content.Headers.ContentType?.MediaType);
        Assert.Equal((id, "ann"), (with.GetProperty("id").GetGuid(), with.GetProperty("username").GetString()));
    }

    [Theory]
    [InlineData(null, null, "6.6.6.6")]
    [InlineData(null, "true", "6.6.6.6")]
    [InlineData("10.9.9.9", null, "127.0.0.1")]
    [InlineData("10.9.9.9,10.8.0.0/16", "true", "127.0.0.1")]
    [InlineData("127.0.0.1,::1", null, "6.6.6.6")]
    public async Task The_callers_address_is_what_a_known_proxy_says(string? proxies, string? deployed, string expected)
    {
        await using var service = await ExampleService.StartAsync(servers, new() { ["ForwardedHeaders:KnownProxies"] = proxies, ["FORWARDEDHEADERS_ENABLED"] = deployed });
        using var client = service.Client();
        client.DefaultRequestHeaders.Add("X-Forwarded-For", "127.0.0.2, 6.6.6.6");

        Assert.Equal(expected, await client.GetStringAsync("/address"));
    }

    [Theory]
    [InlineData("proxy.example.com")]
    [InlineData("10.0.0.1;10.0.0.2")]
    [InlineData("0.0.0.0/0")]
    [InlineData("10.0.0.1,::/0")]
    public async Task Proxies_that_are_no_addresses_or_everybody_are_refused(string proxies)
    {
        var refusal = await Assert.ThrowsAsync<OptionsValidationException>(() => ExampleService.StartAsync(servers, new() { ["ForwardedHeaders:KnownProxies"] = proxies }));

        Assert.StartsWith($"ForwardedHeaders__KnownProxies is '{proxies}', but must be a comma list", Assert.Single(refusal.Failures), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_permission_is_what_the_token_says()
    {
        await using var service = await ExampleService.StartAsync(servers);
        var id = Guid.CreateVersion7();

        using var without = await service.Client(service.Issuer.CreateToken(id, "ann", Permissions.AuditRead)).GetAsync("/tools");
        using var with = await service.Client(service.Issuer.CreateToken(id, "ann", Permissions.McpToolsCall)).GetAsync("/tools");

        Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.OK), (without.StatusCode, with.StatusCode));
    }

    [Fact]
    public async Task A_revoked_session_ends_at_once_and_others_do_not()
    {
        await using var service = await ExampleService.StartAsync(servers);
        var id = Guid.CreateVersion7();
        var description = service.Issuer.Describe(id, "ann");
        var session = description.Subject.FindFirst(PlatformClaims.SessionId)!.Value;
        var ended = TestIssuer.CreateToken(description);
        var other = service.Issuer.CreateToken(id, "ann");
        Assert.Equal(HttpStatusCode.OK, (await service.Client(ended).GetAsync("/mine")).StatusCode);

        var list = service.Services.GetRequiredService<RevocationList>();
        await list.RevokeSessionAsync(session, TimeSpan.FromMinutes(1));

        Assert.Equal(HttpStatusCode.Unauthorized, (await service.Client(ended).GetAsync("/mine")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await service.Client(other).GetAsync("/mine")).StatusCode);

        await list.RevokeUserAsync(id, version: 1, TimeSpan.FromMinutes(1));

        Assert.Equal(HttpStatusCode.Unauthorized, (await service.Client(other).GetAsync("/mine")).StatusCode);
    }

    [Fact]
    public async Task When_revocation_cannot_be_looked_up_the_request_is_refused_not_allowed()
    {
        var settings = new Dictionary<string, string?> { ["ConnectionStrings:redis"] = "127.0.0.1:9,connectTimeout=200" };
        await using var service = await ExampleService.StartAsync(servers, settings);
        service.Issuer.KnowsRevocations = false;

        using var response = await service.Client(service.Issuer.CreateToken(Guid.CreateVersion7(), "ann")).GetAsync("/mine");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.True(response.Headers.RetryAfter?.Delta > TimeSpan.Zero);
    }

    [Theory]
    [InlineData("{", "not valid JSON")]
    [InlineData("""{"text":"a","colour":"red"}""", "the property 'colour' is not known here")]
    [InlineData("""{"text":"a","count":"many"}""", "$.count")]
    [InlineData("""{"text":"a","text":"b"}""", "text")]
    [InlineData("""{"count":1}""", "required properties are missing: 'text'")]
    [InlineData("", "body")]
    public async Task A_body_that_cannot_be_read_is_a_problem_that_says_where(string body, string says)
    {
        await using var service = await ExampleService.StartAsync(servers);

        using var response = await service.Client().PostAsync("/echo", new StringContent(body, Encoding.UTF8, "application/json"));

        var problem = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains(says, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain("McpPlatform", problem.GetRawText(), StringComparison.Ordinal);
        Assert.NotEmpty(problem.GetProperty("trace_id").GetString()!);
    }

    [Theory]
    [InlineData("text/html")]
    [InlineData("application/x-ndjson")]
    [InlineData("text/event-stream, image/*")]
    public async Task An_error_is_told_whatever_the_caller_accepts(string accept)
    {
        await using var service = await ExampleService.StartAsync(servers);
        using var client = service.Client(service.Issuer.CreateToken(Guid.CreateVersion7(), "ann"));
        client.DefaultRequestHeaders.TryAddWithoutValidation("Accept", accept);
        using var broken = new StringContent("{", Encoding.UTF8, "application/json");

        foreach (var (response, status) in new[]
        {
            (await client.PostAsync("/echo", broken), HttpStatusCode.BadRequest), (await client.GetAsync("/nowhere"), HttpStatusCode.NotFound), (await client.GetAsync("/broken"), HttpStatusCode.InternalServerError),
        })
        {
            Assert.Equal((status, "application/problem+json"), (response.StatusCode, response.Content.Headers.ContentType?.MediaType));
            Assert.Equal(JsonValueKind.String, (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("trace_id").ValueKind);
        }
    }

    [Fact]
    public async Task A_bug_tells_its_trace_and_nothing_else()
    {
        await using var service = await ExampleService.StartAsync(servers);

        using var response = await service.Client().GetAsync("/broken");

        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.DoesNotContain("secret detail", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Alive_looks_at_nothing_and_health_at_everything()
    {
        var settings = new Dictionary<string, string?> { ["ConnectionStrings:redis"] = "127.0.0.1:9,connectTimeout=200" };
        await using var service = await ExampleService.StartAsync(servers, settings);

        using var alive = await service.Client().GetAsync("/alive");
        using var health = await service.Client().GetAsync("/health");

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable), (alive.StatusCode, health.StatusCode));
        var checks = (await health.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("checks");
        Assert.Equal(("healthy", "unhealthy"), (checks.GetProperty("postgres").GetString(), checks.GetProperty("redis").GetString()));
    }
}
