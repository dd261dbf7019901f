using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.TestSupport;
using Microsoft.IdentityModel.Tokens;

namespace McpPlatform.ServiceDefaults.Tests;

public sealed class TokenTests(PlatformServers servers)
{
    // Nothing that another test leaves in Redis may say which keys are valid.
    private static readonly Dictionary<string, string?> WithoutRedis = new() { ["ConnectionStrings:redis"] = "127.0.0.1:9,connectTimeout=200" };

    [Fact]
    public async Task No_forged_token_gets_in_and_none_is_an_error_of_ours()
    {
        await using var service = await ExampleService.StartAsync(servers);
        Assert.Equal(HttpStatusCode.OK, await AskAsync(service, ForgedTokens.Good(service.Issuer)));

        Dictionary<string, HttpStatusCode> wrong = new(StringComparer.Ordinal);
        foreach (var name in ForgedTokens.Names)
        {
            if (await AskAsync(service, ForgedTokens.Make(service.Issuer, name)) is var status && status != HttpStatusCode.Unauthorized)
            {
                wrong[name] = status;
            }
        }

        Assert.Empty(wrong);
        Assert.InRange(ForgedTokens.Names.Count(), 40, int.MaxValue);
    }

    [Fact]
    public async Task A_flood_of_unknown_keys_fetches_the_keys_once_and_delays_no_good_token()
    {
        await using var service = await ExampleService.StartAsync(servers, WithoutRedis);
        var good = service.Issuer.CreateToken(Guid.CreateVersion7(), "ann");
        Assert.Equal(HttpStatusCode.OK, await AskAsync(service, good));
        var fetches = service.Issuer.Fetches;
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        var flood = Parallel.ForAsync(0, 1000, async (number, _) =>
        {
            var description = service.Issuer.Describe(Guid.CreateVersion7(), "mallory");
            description.SigningCredentials = new SigningCredentials(new ECDsaSecurityKey(other) { KeyId = $"unknown-{number}" }, SecurityAlgorithms.EcdsaSha256);
            Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(service, TestIssuer.CreateToken(description)));
        });
        List<TimeSpan> waits = [];
        while (!flood.IsCompleted)
        {
            var watch = Stopwatch.StartNew();
            Assert.Equal(HttpStatusCode.OK, await AskAsync(service, good));
            waits.Add(watch.Elapsed);
        }

        await flood;
        Assert.InRange(service.Issuer.Fetches - fetches, 0, 1);
        Assert.InRange(waits.Order().ElementAt(waits.Count / 2), TimeSpan.Zero, TimeSpan.FromMilliseconds(250));
    }

    [Fact]
    public async Task A_removed_key_is_refused_and_the_new_one_accepted_within_five_seconds_also_for_a_token_that_was_seen_before()
    {
        await using var service = await ExampleService.StartAsync(servers, WithoutRedis);
        var before = service.Issuer.CreateToken(Guid.CreateVersion7(), "ann");
        Assert.Equal(HttpStatusCode.OK, await AskAsync(service, before));

        service.Issuer.Rotate();

        var after = service.Issuer.CreateToken(Guid.CreateVersion7(), "ann");
        var watch = Stopwatch.StartNew();
        Assert.Equal(HttpStatusCode.OK, await AskAsync(service, after));
        while (await AskAsync(service, before) != HttpStatusCode.Unauthorized)
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(5));
            await Task.Delay(20);
        }
    }

    [Fact]
    public async Task A_key_that_is_removed_is_refused_within_five_seconds_though_nobody_asks_with_a_new_one_and_the_flood_has_used_up_the_fetch()
    {
        await using var service = await ExampleService.StartAsync(servers, WithoutRedis);
        var before = service.Issuer.CreateToken(Guid.CreateVersion7(), "ann");
        Assert.Equal(HttpStatusCode.OK, await AskAsync(service, before));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(service, ForgedTokens.Make(service.Issuer, "kid unknown")));

        service.Issuer.Rotate();

        var watch = Stopwatch.StartNew();
        while (await AskAsync(service, before) != HttpStatusCode.Unauthorized)
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(5));
            await Task.Delay(20);
        }
    }

    [Fact]
    public async Task A_token_that_was_seen_before_is_refused_when_it_has_expired()
    {
        await using var service = await ExampleService.StartAsync(servers);
        var description = service.Issuer.Describe(Guid.CreateVersion7(), "ann");
        (description.IssuedAt, description.NotBefore, description.Expires) = (DateTime.UtcNow.AddMinutes(-5), DateTime.UtcNow.AddMinutes(-5), DateTime.UtcNow.AddSeconds(-26));
        var token = TestIssuer.CreateToken(description);
        Assert.Equal(HttpStatusCode.OK, await AskAsync(service, token));

        var watch = Stopwatch.StartNew();
        while (await AskAsync(service, token) != HttpStatusCode.Unauthorized)
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(6));
            await Task.Delay(50);
        }
    }

    [Fact]
    public async Task A_token_is_looked_up_among_the_revoked_once_a_second_however_often_it_is_used()
    {
        await using var service = await ExampleService.StartAsync(servers, WithoutRedis);
        var token = service.Issuer.CreateToken(Guid.CreateVersion7(), "ann");
        var watch = Stopwatch.StartNew();

        await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => AskAsync(service, token)));

        Assert.InRange(service.Issuer.Questions, 1, 1 + (int)Math.Ceiling(watch.Elapsed.TotalSeconds));
    }

    [Fact]
    public async Task A_revocation_that_only_the_truth_knows_is_in_force_within_two_seconds()
    {
        await using var service = await ExampleService.StartAsync(servers, WithoutRedis);
        var description = service.Issuer.Describe(Guid.CreateVersion7(), "ann");
        var token = TestIssuer.CreateToken(description);
        Assert.Equal(HttpStatusCode.OK, await AskAsync(service, token));

        service.Issuer.Revoke(description.Subject.FindFirst("sid")!.Value);

        var watch = Stopwatch.StartNew();
        while (await AskAsync(service, token) != HttpStatusCode.Unauthorized)
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(2));
            await Task.Delay(20);
        }
    }

    [Fact]
    public void Only_so_many_tokens_are_remembered_and_those_in_use_stay()
    {
        var recent = new RecentTokens();
        var used = Known();
        recent.Add("used", used);
        for (var number = 0; number < 3 * RecentTokens.Most; number++)
        {
            recent.Add($"token {number}", Known());
            Assert.Same(used, recent.Find("used"));
        }

        Assert.Null(recent.Find("token 0"));
        Assert.InRange(Enumerable.Range(0, 3 * RecentTokens.Most).Count(number => recent.Find($"token {number}") is not null), 1, RecentTokens.Most);
    }

    private static KnownToken Known() => new(new TokenValidationResult(), new object(), DateTimeOffset.MaxValue, new RevocationQuery(string.Empty, string.Empty, 0));

    private static async Task<HttpStatusCode> AskAsync(ExampleService service, string token)
    {
        using var client = service.Client();
        client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", "Bearer " + token);
        using var response = await client.GetAsync("/mine");
        return response.StatusCode;
    }
}
