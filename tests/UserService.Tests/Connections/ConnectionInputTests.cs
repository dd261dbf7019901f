using System.Net;
using System.Net.Http.Json;
using System.Text;
using McpPlatform.Contracts.Identity;

namespace McpPlatform.UserService.Tests.Connections;

/// <summary>What may not stand in a profile: nothing that a driver could take for more than one value.</summary>
[Collection(UserServiceCollection.Name)]
public sealed class ConnectionInputTests(UserServiceApplication app)
{
    public static TheoryData<string> Hosts() =>
    [
        "", " ", "db.example.com:5432", "a,b", "a;Password=x", "a=b", "a\"b", "a'b", "a/b", "/var/run/postgresql", "@abstract", "a\\b", "a?b", "a b", "a\tb", "a\nb",
        "a\u0001b", "a\u2028b", "\uff41", "user@host", "tcp:host", "np:\\\\.\\pipe\\x", "(localdb)", ".", "-a", "a-", "[::1]:5432", "[::1", "fe80::1%eth0", "a%00b", "a#b", "a&b", "[a]",
        "host,1433", "lpc:host", "xn--\u007f", "\u202ea", new string('a', 254),
    ];

    [Theory]
    [MemberData(nameof(Hosts))]
    public async Task A_host_that_is_more_than_a_host_is_refused(string host)
    {
        using var client = app.ClientWith(Permissions.DbConnectionsManage);

        await (await client.PostAsJsonAsync(Profiles.Route, Profiles.Body(("host", host)))).AssertInvalidAsync("host");
        await (await client.PostAsJsonAsync("/api/db/test", Profiles.Body(("host", host)))).AssertInvalidAsync("host");
        await (await client.PatchAsJsonAsync($"{Profiles.Route}/{Guid.CreateVersion7()}", new { host })).AssertInvalidAsync("host");
    }

    [Theory]
    [InlineData("10.0.0.1")]
    [InlineData("127.0.0.2")]
    [InlineData("2130706434")]
    [InlineData("0x7f.0.0.2")]
    [InlineData("169.254.169.254")]
    [InlineData("::1")]
    [InlineData("[::ffff:10.0.0.1]")]
    [InlineData("fd00::1")]
    public async Task A_host_that_may_not_be_reached_is_said_so_at_once(string host)
    {
        var (owner, _, _) = await app.PersonAsync();
        var profile = await owner.CreateConnectionAsync();

        var response = await owner.PostAsJsonAsync(Profiles.Route, Profiles.Body(("name", "inside"), ("host", host)));
        Assert.Contains("OUTBOUND_ALLOW", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        await response.AssertInvalidAsync("host");
        await (await owner.PatchAsJsonAsync(profile.PathOf(), new { host, password = "x" })).AssertInvalidAsync("host");
    }

    [Theory]
    [InlineData("name", "")]
    [InlineData("name", " a")]
    [InlineData("name", "a/b")]
    [InlineData("name", "a*")]
    [InlineData("name", "a\u0001b")]
    [InlineData("database_type", "oracle")]
    [InlineData("database_type", "")]
    [InlineData("database_type", "POSTGRESQL")]
    [InlineData("port", 0)]
    [InlineData("port", 65536)]
    [InlineData("port", -1)]
    [InlineData("database", "")]
    [InlineData("database", "a\u0001b")]
    [InlineData("database", "a\nb")]
    [InlineData("username", "")]
    [InlineData("username", "a\u0001b")]
    [InlineData("username", "a\u0085b")]
    [InlineData("password", "a\u0001b")]
    [InlineData("ssl_mode", "none")]
    [InlineData("ssl_mode", "")]
    public async Task A_wrong_value_is_named(string field, object value)
    {
        using var client = app.ClientWith(Permissions.DbConnectionsManage);

        await (await client.PostAsJsonAsync(Profiles.Route, Profiles.Body((field, value)))).AssertInvalidAsync(field);
        await (await client.PatchAsJsonAsync($"{Profiles.Route}/{Guid.CreateVersion7()}", new Dictionary<string, object> { [field] = value })).AssertInvalidAsync(field);
    }

    [Theory]
    [InlineData("name")]
    [InlineData("database_type")]
    [InlineData("host")]
    [InlineData("database")]
    [InlineData("username")]
    public async Task A_missing_value_is_named(string field)
    {
        using var client = app.ClientWith(Permissions.DbConnectionsManage);

        await (await client.PostAsJsonAsync(Profiles.Route, Profiles.Body((field, null)))).AssertInvalidAsync(field);
    }

    [Fact]
    public async Task Long_values_and_many_roles_are_refused()
    {
        using var client = app.ClientWith(Permissions.DbConnectionsManage);

        await (await client.PostAsJsonAsync(Profiles.Route, Profiles.Body(("name", new string('a', 65))))).AssertInvalidAsync("name");
        await (await client.PostAsJsonAsync(Profiles.Route, Profiles.Body(("database", new string('a', 129))))).AssertInvalidAsync("database");
        await (await client.PostAsJsonAsync(Profiles.Route, Profiles.Body(("username", new string('a', 129))))).AssertInvalidAsync("username");
        await (await client.PostAsJsonAsync(Profiles.Route, Profiles.Body(("password", new string('a', 1025))))).AssertInvalidAsync("password");
        await (await client.PostAsJsonAsync(Profiles.Route, Profiles.Body(("shared_with_roles", Enumerable.Range(0, 21).Select(i => $"r{i}").ToArray())))).AssertInvalidAsync("shared_with_roles");
    }

    [Theory]
    [InlineData("""{"name":"\ud800","database_type":"postgresql","host":"a.example","database":"d","username":"u"}""")]
    [InlineData("""{"name":"a","database_type":"postgresql","host":"a.example\u0000","database":"d","username":"u"}""")]
    [InlineData("""{"name":"a","database_type":"postgresql","host":"a.example","database":"d","username":"u","owner_id":"00000000-0000-0000-0000-000000000001"}""")]
    [InlineData("""{"name":"a","database_type":"postgresql","host":"a.example","database":"d","username":"u","options":"-c x=y"}""")]
    [InlineData("""{"name":"a","connection_string":"Host=a"}""")]
    [InlineData("""{"name":{"a":1},"database_type":"postgresql"}""")]
    [InlineData("""{"name":"a","port":"5432"}""")]
    [InlineData("""{"name":"a","port":5432.5}""")]
    [InlineData("""{"name":"a","shared_with_roles":"admin"}""")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("")]
    [InlineData("{")]
    public async Task A_body_of_another_shape_is_a_400(string body)
    {
        using var client = app.ClientWith(Permissions.DbConnectionsManage);
        foreach (var path in new[] { Profiles.Route, "/api/db/test" })
        {
            using var content = new StringContent(body, Encoding.UTF8, "application/json");
            await (await client.PostAsync(path, content)).AssertProblemAsync(HttpStatusCode.BadRequest);
        }
    }
}
