using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using static McpPlatform.McpService.Tests.Relay.RawMcp;

namespace McpPlatform.McpService.Tests.Relay;

/// <summary>Two replicas, whose requests come to either of them, and one that ends.</summary>
[Collection(McpServiceCollection.Name)]
public sealed class ReplicaTests(McpServiceApplication application)
{
    private static readonly JsonObject CanElicit = new() { ["elicitation"] = new JsonObject() };

    [Fact]
    public async Task A_session_is_used_from_every_replica_and_unknown_when_its_own_has_ended()
    {
        await using var server = await FixtureServer.StartAsync(isModern: false);
        var path = await BundleAsync(server);
        var id = Guid.CreateVersion7();
        var (replica, first) = application.StartReplicaFor(id);
        using var second = application.ClientFor(id, "caller", McpServiceApplication.AllPermissions);
        string session;
        await using (replica)
        {
            using var opened = await SendAsync(first, path, Initialize(), null);
            session = opened.Headers.GetValues("Mcp-Session-Id").Single();
            using (await SendAsync(first, path, new JsonObject { ["jsonrpc"] = "2.0", ["method"] = "notifications/initialized" }, session))
            {
            }

            using var answer = await SendAsync(second, path, Call(1, "echo", new JsonObject { ["message"] = "from there" }), session);
            Assert.Equal("from there", (string?)(await ResultAsync(answer))["content"]![0]!["text"]);
        }

        using var lost = await SendAsync(second, path, Call(2, "echo", new JsonObject { ["message"] = "x" }), session);
        Assert.Equal(HttpStatusCode.NotFound, lost.StatusCode);
    }

    [Fact]
    public async Task A_session_is_of_one_endpoint()
    {
        await using var server = await FixtureServer.StartAsync(isModern: true);
        var (path, other) = (await BundleAsync(server), await BundleAsync(server));
        using var client = application.Admin();
        using var opened = await SendAsync(client, path, Initialize(), null);

        using var answer = await SendAsync(client, other, Call(1, "echo", []), opened.Headers.GetValues("Mcp-Session-Id").Single());

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_second_round_of_a_question_may_come_to_another_replica(bool isServerModern)
    {
        await using var server = await FixtureServer.StartAsync(isServerModern);
        var path = await BundleAsync(server);
        var id = Guid.CreateVersion7();
        var (replica, first) = application.StartReplicaFor(id);
        using var second = application.ClientFor(id, "caller", McpServiceApplication.AllPermissions);
        await using (replica)
        {
            var asked = await ResultAsync(await SendModernAsync(first, path, "asks_name", CanElicit));
            Assert.Equal("input_required", (string?)asked["resultType"]);

            var answered = await ResultAsync(await SendModernAsync(second, path, "asks_name", CanElicit, Answer(asked)));

            Assert.Equal("Hello Ann", (string?)answered["content"]![0]!["text"]);
        }
    }

    [Fact]
    public async Task A_question_whose_replica_has_ended_is_a_clear_error_at_once()
    {
        await using var server = await FixtureServer.StartAsync(isModern: false);
        var path = await BundleAsync(server);
        var id = Guid.CreateVersion7();
        var (replica, first) = application.StartReplicaFor(id);
        using var second = application.ClientFor(id, "caller", McpServiceApplication.AllPermissions);
        var asked = await ResultAsync(await SendModernAsync(first, path, "asks_name", CanElicit));
        await replica.DisposeAsync();

        var answer = await MessageAsync(await SendModernAsync(second, path, "asks_name", CanElicit, Answer(asked)));

        Assert.Contains("has ended", (string?)answer["error"]!["message"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_state_is_good_for_its_user_and_its_request_alone(bool isServerModern)
    {
        await using var server = await FixtureServer.StartAsync(isServerModern);
        var path = await BundleAsync(server);
        using var ann = application.Admin();
        using var bob = application.Admin();
        var asked = await ResultAsync(await SendModernAsync(ann, path, "asks_name", CanElicit));
        var state = (string)asked["requestState"]!;

        foreach (var (client, tool, changed) in ((HttpClient, string, string)[])[(bob, "asks_name", state), (ann, "asks_three", state), (ann, "asks_name", "A" + state[1..^1] + (state[^1] == 'A' ? 'B' : 'A')), (ann, "asks_name", "x")])
        {
            var reply = Answer(asked);
            reply["requestState"] = changed;
            var answer = await MessageAsync(await SendModernAsync(client, path, tool, CanElicit, reply));
            Assert.Equal(-32602, (int?)answer["error"]?["code"]);
        }

        Assert.Equal("Hello Ann", (string?)(await ResultAsync(await SendModernAsync(ann, path, "asks_name", CanElicit, Answer(asked))))["content"]![0]!["text"]);
    }

    private static JsonObject Answer(JsonObject asked) => new()
    {
        ["requestState"] = asked["requestState"]!.DeepClone(),
        ["inputResponses"] = new JsonObject(asked["inputRequests"]!.AsObject().Select(question =>
            KeyValuePair.Create<string, JsonNode?>(question.Key, new JsonObject { ["action"] = "accept", ["content"] = new JsonObject { ["name"] = "Ann" } }))),
    };

    private async Task<string> BundleAsync(FixtureServer server)
    {
        var name = await application.RegisterAsync(server.Url);
        using var admin = application.Admin();
        var bundle = McpServiceApplication.NewName();
        (await admin.PostAsJsonAsync("/api/mcp/bundles", new { name = bundle, prefix = "never", servers = new[] { new { name } } })).EnsureSuccessStatusCode();
        return "/mcp/" + bundle;
    }
}
