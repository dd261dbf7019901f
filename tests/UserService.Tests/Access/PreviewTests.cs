using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using McpPlatform.Contracts.Identity;
using McpPlatform.ServiceDefaults.Authorization;

namespace McpPlatform.UserService.Tests.Access;

[Collection(UserServiceCollection.Name)]
public sealed class PreviewTests(UserServiceApplication app)
{
    private static readonly string[] Permitted = ["mcp.servers.read", "mcp.tools.call", "mcp.servers.manage"];
    private static readonly string[] Resources = ["server:a", "server:b", "tool:a/x", "tool:a/y", "tool:b/x"];
    private static readonly string[] Patterns = ["server:*", "server:a", "tool:a/*", "tool:*", "tool:a/x", "tool:b/x", "server:b"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task What_a_preview_says_is_what_changes(int seed)
    {
        var random = new Random(seed);
        using var admin = app.Admin();
        var (role, other, team) = (await app.CreateRoleAsync(Some(random, Permitted)), await app.CreateRoleAsync(Some(random, Permitted)), UserServiceApplication.NewSlug());
        await admin.PostAsJsonAsync("/api/permissions/teams", new { name = team, roles = new[] { role } });
        Guid[] users = [await app.CreateUserAsync(null, role), await app.CreateUserAsync(null, other), await app.CreateUserAsync(null, role, other)];
        await admin.PutAsync($"/api/permissions/teams/{team}/members/{users[1]}", null);
        var now = await StateAsync(admin, users);
        for (var round = 0; round < 2; round++)
        {
            var (type, subject) = random.Next(3) switch { 0 => ("role", role), 1 => ("team", team), _ => ("user", users[random.Next(3)].ToString()) };
            now = await CompareAsync(
                admin, now, "/api/permissions/grants/preview", "/api/permissions/grants", new() { ["subject_type"] = type, ["subject"] = subject, ["rules"] = Rules(random) });
            now = await CompareAsync(
                admin, now, $"/api/permissions/roles/{role}/preview", $"/api/permissions/roles/{role}", new() { ["permissions"] = Some(random, Permitted) });
        }
    }

    [Fact]
    public async Task A_preview_saves_nothing_and_looks_at_the_resources_that_rules_name()
    {
        using var admin = app.Admin();
        var role = await app.CreateRoleAsync("mcp.tools.call");
        var user = await app.CreateUserAsync(null, role);
        var version = await VersionAsync();
        var server = $"server:{role}";

        var preview = await (await admin.PostAsJsonAsync(
            "/api/permissions/grants/preview", new { subject_type = "role", subject = role, rules = new[] { new { effect = "deny", resource = server } } })).JsonAsync();

        Assert.Equal((1, version), (preview.GetProperty("users_affected").GetInt32(), preview.GetProperty("policy_version").GetInt64()));
        Assert.Contains(server, preview.Strings("resources"));
        var flip = preview.GetProperty("decisions").EnumerateArray().Single();
        Assert.Equal((user, "mcp.tools.call", server), (flip.GetProperty("user_id").GetGuid(), flip.GetProperty("permission").GetString(), flip.GetProperty("resource").GetString()));
        Assert.False(flip.GetProperty("allowed_after").GetBoolean());
        Assert.Equal(version, await VersionAsync());
    }

    [Fact]
    public async Task Previews_answer_401_403_404_409_and_400()
    {
        const string Grants = "/api/permissions/grants/preview";
        using var anonymous = app.Anonymous();
        using var other = app.ClientWith(Permissions.UsersManage);
        using var admin = app.Admin();
        var role = $"/api/permissions/roles/{await app.CreateRoleAsync()}/preview";
        object none = new { permissions = Array.Empty<string>() };

        await (await anonymous.PostAsJsonAsync(role, none)).AssertProblemAsync(HttpStatusCode.Unauthorized);
        await (await other.PostAsJsonAsync(role, none)).AssertProblemAsync(HttpStatusCode.Forbidden);
        await (await other.PostAsJsonAsync(Grants, new { subject_type = "role", subject = "user", rules = Array.Empty<object>() })).AssertProblemAsync(HttpStatusCode.Forbidden);
        await (await admin.PostAsJsonAsync("/api/permissions/roles/no-such/preview", none)).AssertProblemAsync(HttpStatusCode.NotFound);
        await (await admin.PostAsJsonAsync("/api/permissions/roles/admin/preview", none)).AssertProblemAsync(HttpStatusCode.Conflict);
        await (await admin.PostAsJsonAsync(role, new { permissions = Array.Empty<string>(), resources = new[] { "server:*" } })).AssertInvalidAsync("resources");
        await (await admin.PostAsJsonAsync(role, new { permissions = new[] { "no.such" } })).AssertInvalidAsync("permissions");
        await (await admin.PostAsJsonAsync(Grants, new { subject_type = "team", subject = "no-such", rules = Array.Empty<object>() })).AssertInvalidAsync("subject");
        await (await admin.PostAsJsonAsync(Grants, new { subject_type = "role", subject = "user", rules = new[] { new { effect = "deny", resource = "x" } } }))
            .AssertInvalidAsync("rules[0].resource");
    }

    private static async Task<State> CompareAsync(HttpClient admin, State was, string preview, string save, Dictionary<string, object> body)
    {
        var (before, heldBefore) = was;
        var said = await (await admin.PostAsJsonAsync(preview, new Dictionary<string, object>(body) { ["resources"] = Resources })).JsonAsync();
        Assert.Equal(HttpStatusCode.OK, (await admin.PutAsJsonAsync(save, body)).StatusCode);
        var (after, heldAfter) = await StateAsync(admin, [.. heldBefore.Keys]);

        var because = JsonSerializer.Serialize(body);
        Assert.Equal(
            before.Union(after).Except(before.Intersect(after)).Order(StringComparer.Ordinal),
            said.GetProperty("decisions").EnumerateArray()
                .Select(flip => $"{flip.GetProperty("user_id").GetGuid()} {flip.GetProperty("permission").GetString()} {flip.GetProperty("resource").GetString()}")
                .Order(StringComparer.Ordinal));
        foreach (var user in said.GetProperty("users").EnumerateArray())
        {
            var id = user.GetProperty("user_id").GetGuid();
            Assert.True(heldAfter[id].Except(heldBefore[id]).ToHashSet().SetEquals(user.Strings("permissions_gained")), because);
            Assert.True(heldBefore[id].Except(heldAfter[id]).ToHashSet().SetEquals(user.Strings("permissions_lost")), because);
        }

        var named = said.GetProperty("users").EnumerateArray().Select(user => user.GetProperty("user_id").GetGuid()).ToHashSet();
        Assert.All(heldAfter.Keys.Where(user => !heldAfter[user].SetEquals(heldBefore[user])), user => Assert.Contains(user, named));
        return new(after, heldAfter);
    }

    /// <summary>What is allowed and held now, as enforcement explains it.</summary>
    private static async Task<State> StateAsync(HttpClient admin, Guid[] users)
    {
        var asked = from user in users from permission in Permitted from resource in (string[])[.. Resources, ""] select (user, permission, resource);
        HashSet<string> allowed = [];
        var held = users.ToDictionary(user => user, _ => new HashSet<string>(StringComparer.Ordinal));
        foreach (var batch in asked.Chunk(9))
        {
            var answers = await Task.WhenAll(batch.Select(one => admin.GetFromJsonAsync<JsonElement>(
                $"/api/permissions/explain?user={one.user}&permission={one.permission}" + (one.resource.Length == 0 ? "" : $"&resource={one.resource}"))));
            foreach (var (one, _) in batch.Zip(answers).Where(pair => pair.Second.GetProperty("allowed").GetBoolean()))
            {
                _ = one.resource.Length == 0 ? held[one.user].Add(one.permission) : allowed.Add($"{one.user} {one.permission} {one.resource}");
            }
        }

        return new(allowed, held);
    }

    private static object[] Rules(Random random) =>
    [
        .. Enumerable.Range(0, random.Next(4)).Select(_ => (object)new
        {
            effect = random.Next(3) == 0 ? "deny" : "allow",
            resource = Patterns[random.Next(Patterns.Length)],
            permissions = random.Next(2) == 0 ? null : new[] { Permitted[random.Next(Permitted.Length)] },
        }),
    ];

    private static string[] Some(Random random, string[] values) => [.. values.Where(_ => random.Next(3) > 0)];

    private Task<long> VersionAsync() => app.InDatabaseAsync(async db => (await db.LoadAccessPolicyAsync(CancellationToken.None))!.Version);

    private sealed record State(HashSet<string> Allowed, Dictionary<Guid, HashSet<string>> Held);
}
