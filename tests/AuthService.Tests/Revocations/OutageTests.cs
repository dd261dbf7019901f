using System.Net;
using System.Text;
using McpPlatform.TestSupport;

namespace McpPlatform.AuthService.Tests.Revocations;

/// <summary>Services without AuthService, and what AuthService is asked by them.</summary>
[Collection(AuthServiceCollection.Name)]
public sealed class OutageTests(AuthServiceApplication app, PlatformServers servers)
{
    [Fact]
    public async Task Without_AuthService_live_tokens_go_on_and_where_nobody_knows_nobody_is_let_in()
    {
        var platform = new RevocationPlatform(servers);
        await platform.InitializeAsync();
        await platform.UntilCompleteAsync();
        await using var service = await platform.StartServiceAsync();
        var (live, ended, endedLater) = (await platform.LogInAsync(), await platform.LogInAndOutAsync(), await platform.LogInAsync());
        Assert.Equal(HttpStatusCode.OK, await service.AskAsync(live));
        await platform.Redis.CommandAsync("SAVE");
        await platform.LogOutAsync(endedLater);

        await platform.AuthService.DisposeAsync();

        await Task.Delay(TimeSpan.FromSeconds(1.1));
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Unauthorized), (await service.AskAsync(live), await service.AskAsync(ended)));

        await platform.Redis.StopAsync();
        await service.UntilAsync(live, HttpStatusCode.ServiceUnavailable);
        using var refused = await service.SendAsync(live);
        Assert.True(refused.Headers.RetryAfter?.Delta > TimeSpan.Zero);

        // Back with the snapshot and its mark, but without what was revoked since.
        await platform.Redis.RestartAsync();
        for (var attempt = 0; attempt < 30; attempt++)
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, await service.AskAsync(endedLater));
            await Task.Delay(50);
        }

        await platform.Redis.DisposeAsync();
    }

    [Theory]
    [InlineData("{}", HttpStatusCode.BadRequest)]
    [InlineData("""{"queries":null}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"queries":[1]}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"queries":[{"session":"a","user":"b","version":99999999999999999999}]}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"queries":[null]}""", HttpStatusCode.OK)]
    [InlineData("""{"queries":[{"session":"\u0000","user":"\ud800","version":-1}]}""", HttpStatusCode.BadRequest, HttpStatusCode.OK)]
    [InlineData("""{"queries":[{"session":null,"user":null,"version":0}]}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"queries":[]}""", HttpStatusCode.OK)]
    public async Task What_services_ask_is_answered_or_refused_and_never_an_error(string body, params HttpStatusCode[] expected)
    {

        using var response = await app.Client().PostAsync("/internal/revocations/check", new StringContent(body, Encoding.UTF8, "application/json"));

        Assert.Contains(response.StatusCode, expected);
    }

    [Fact]
    public async Task A_question_about_many_tokens_is_answered_in_order()
    {
        var (id, username) = await app.CreateAccountAsync();
        var (token, _) = await app.LogInAsync(username);
        Assert.Equal(HttpStatusCode.NoContent, (await app.PostAsync("/api/auth/logout", new { all = true }, token)).StatusCode);

        using var response = await app.PostAsync("/internal/revocations/check", new
        {
            queries = new[]
            {
                new { session = Guid.CreateVersion7().ToString(), user = id.ToString(), version = 0L },
                new { session = Guid.CreateVersion7().ToString(), user = id.ToString(), version = 1L },
                new { session = Guid.CreateVersion7().ToString(), user = Guid.CreateVersion7().ToString(), version = 0L },
            },
        });
        using var tooMany = await app.PostAsync("/internal/revocations/check", new { queries = Enumerable.Repeat(new { session = "a", user = "b", version = 0 }, 257) });

        var answer = await AuthServiceApplication.JsonAsync(response);
        Assert.Equal([true, false, false], answer.GetProperty("revoked").EnumerateArray().Select(one => one.GetBoolean()));
        Assert.Equal(HttpStatusCode.BadRequest, tooMany.StatusCode);
    }
}
