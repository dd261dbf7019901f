using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace McpPlatform.UserService.Tests.Users;

[Collection(UserServiceCollection.Name)]
public sealed class MeTests(UserServiceApplication app)
{
    [Fact]
    public async Task Me_is_the_profile_of_the_token_and_nobody_elses()
    {
        var (ann, bob) = (await app.CreateUserAsync(), await app.CreateUserAsync());
        using var anns = app.ClientFor(ann, "ann");
        using var bobs = app.ClientFor(bob, "bob");

        var changed = await (await anns.PatchAsJsonAsync("/api/users/me", new { email = "ann@example.com", preferences = new { theme = "dark" } })).JsonAsync();

        Assert.Equal("dark", changed.GetProperty("preferences").GetProperty("theme").GetString());
        var me = await anns.GetFromJsonAsync<JsonElement>("/api/users/me");
        Assert.Equal((ann, "ann@example.com"), (me.GetProperty("id").GetGuid(), me.GetProperty("email").GetString()));
        Assert.Equal("dark", me.GetProperty("preferences").GetProperty("theme").GetString());
        Assert.Equal("{}", (await bobs.GetFromJsonAsync<JsonElement>("/api/users/me")).GetProperty("preferences").GetRawText());
    }

    [Fact]
    public async Task Me_without_token_is_401_and_without_profile_404()
    {
        using var anonymous = app.Anonymous();
        using var nobody = app.ClientWith();

        await (await anonymous.GetAsync("/api/users/me")).AssertProblemAsync(HttpStatusCode.Unauthorized);
        await (await anonymous.PatchAsJsonAsync("/api/users/me", new { })).AssertProblemAsync(HttpStatusCode.Unauthorized);
        await (await nobody.GetAsync("/api/users/me")).AssertProblemAsync(HttpStatusCode.NotFound);
        await (await nobody.PatchAsJsonAsync("/api/users/me", new { })).AssertProblemAsync(HttpStatusCode.NotFound);
    }

    [Theory]
    [InlineData("""{"is_admin":true}""")]
    [InlineData("""{"roles":["admin"]}""")]
    [InlineData("""{"is_active":false}""")]
    [InlineData("""{"id":"0198c0de-0000-7000-8000-000000000000"}""")]
    [InlineData("""{"grants_version":9}""")]
    public async Task Me_refuses_what_is_not_the_users_to_change(string body)
    {
        var id = await app.CreateUserAsync();
        using var client = app.ClientFor(id, "me");

        await (await PatchAsync(client, body)).AssertProblemAsync(HttpStatusCode.BadRequest);

        var me = await client.GetFromJsonAsync<JsonElement>("/api/users/me");
        Assert.False(me.GetProperty("is_admin").GetBoolean());
        Assert.Equal(["user"], me.Strings("roles"));
    }

    [Fact]
    public async Task Preferences_hold_16_kib_and_not_a_byte_more()
    {
        using var client = app.ClientFor(await app.CreateUserAsync(), "me");
        const string frame = """{"x":""}""";
        var most = new string('a', (16 * 1024) - frame.Length);

        Assert.Equal(HttpStatusCode.OK, (await PatchAsync(client, """{"preferences":{"x":"#"}}""".Replace("#", most, StringComparison.Ordinal))).StatusCode);
        await (await PatchAsync(client, """{"preferences":{"x":"#"}}""".Replace("#", most + "a", StringComparison.Ordinal))).AssertInvalidAsync("preferences");
    }

    [Theory]
    [InlineData("""{"preferences":[1]}""")]
    [InlineData("""{"preferences":"text"}""")]
    [InlineData("""{"preferences":{"x":"\u0000"}}""")]
    [InlineData("""{"preferences":{"x":"\ud800"}}""")]
    [InlineData("""{"preferences":{"x":1e999999}}""")]
    public async Task Preferences_that_cannot_be_stored_are_400(string body)
    {
        using var client = app.ClientFor(await app.CreateUserAsync(), "me");

        await (await PatchAsync(client, body)).AssertInvalidAsync("preferences");
    }

    private static async Task<HttpResponseMessage> PatchAsync(HttpClient client, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        return await client.PatchAsync("/api/users/me", content);
    }
}
