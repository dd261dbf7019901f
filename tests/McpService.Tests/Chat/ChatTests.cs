using System.Net;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text.Json;
using System.Text.Json.Nodes;
using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;
using McpPlatform.McpService.Chat;
using Microsoft.AspNetCore.Http;

namespace McpPlatform.McpService.Tests.Chat;

/// <summary>A model works with the caller's tools.</summary>
[Collection(McpServiceCollection.Name)]
public sealed class ChatTests(McpServiceApplication application) : IAsyncLifetime
{
    private readonly HttpClient admin = application.Admin();
    private readonly Guid user = Guid.CreateVersion7();
    private ExampleMcpServer upstream = null!;
    private ModelStandIn model = null!;
    private string server = string.Empty;
    private IAsyncDisposable replica = null!;
    private HttpClient client = null!;

    private string Tool(string name) => $"{server}__{name}";

    public async ValueTask InitializeAsync()
    {
        upstream = await ExampleMcpServer.StartAsync();
        model = await ModelStandIn.StartAsync();
        server = await application.RegisterAsync(upstream.Url);
        Assert.Equal(HttpStatusCode.OK, (await admin.PostAsync($"/api/mcp/servers/{server}/refresh", null)).StatusCode);
        (replica, client) = application.StartReplicaFor(user, model.Settings);
    }

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        await replica.DisposeAsync();
        await admin.DeleteAsync($"/api/mcp/servers/{server}");
        admin.Dispose();
        await model.DisposeAsync();
        await upstream.DisposeAsync();
    }

    [Fact]
    public async Task The_model_calls_tools_and_says_what_it_found()
    {
        await using var records = await application.ListenAsync<ActivityRecorded>();
        model.Call(("call_1", Tool("echo"), """{"message":"first"}"""), ("call_2", Tool("echo"), """{"message":"second"}"""));
        model.Say("It ", "said ", "both.");
        var events = await ChatAsync(new { messages = new[] { new { role = "system", content = "Be brief." }, new { role = "user", content = "Try it." } }, servers = new[] { server } });

        Assert.Equal(["call_1", "call_2"], events.Where(item => item.Name == "tool_call").Select(item => item.Data["id"]!.GetValue<string>()));
        var call = events.First(item => item.Name == "tool_call").Data;
        Assert.Equal((server, "echo", "first"), (call["server"]!.GetValue<string>(), call["tool"]!.GetValue<string>(), call["arguments"]!["message"]!.GetValue<string>()));
        var results = events.Where(item => item.Name == "tool_result").ToDictionary(item => item.Data["id"]!.GetValue<string>(), item => item.Data);
        Assert.Contains("second", results["call_2"]["content"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.False(results["call_1"]["is_error"]!.GetValue<bool>());
        Assert.True(results["call_1"]["elapsed_ms"]!.GetValue<double>() > 0);
        Assert.Equal(["It ", "said ", "both."], events.Where(item => item.Name == "text").Select(item => item.Data["text"]!.GetValue<string>()));
        Assert.Equal("done", events[^1].Name);
        Assert.Equal("""{"finish_reason":"stop","steps":2,"usage":{"input_tokens":200,"output_tokens":20,"total_tokens":220}}""", events[^1].Data.ToJsonString());

        // The model had the schemas, and the results in its order.
        var (first, second) = (model.Asked.First(), model.Asked.Last());
        Assert.Equal("model-1", first["model"]!.GetValue<string>());
        Assert.Equal("system", first["messages"]![0]!["role"]!.GetValue<string>());
        var declared = first["tools"]!.AsArray().Single(tool => tool!["function"]!["name"]!.GetValue<string>() == Tool("echo"))!["function"]!;
        Assert.Equal("object", declared["parameters"]!["type"]!.GetValue<string>());
        Assert.Contains(first["tools"]!.AsArray(), tool => tool!["function"]!["name"]!.GetValue<string>() == Tool("a_b"));
        Assert.Equal(["call_1", "call_2"], second["messages"]!.AsArray().Where(message => message!["role"]!.GetValue<string>() == "tool").Select(message => message!["tool_call_id"]!.GetValue<string>()));

        // Each call and the chat are on record, what was said is not.
        Assert.Equal(server + "/echo", (await records.WaitForAsync(record => record.Action == "mcp.tools.call" && record.UserId == user)).Target);
        var chat = await records.WaitForAsync(record => record.Action == "mcp.chat" && record.UserId == user);
        Assert.Equal(("model-1", "2", "2", "stop"), (chat.Target, chat.Details!["steps"], chat.Details["tool_calls"], chat.Details["end"]));
        Assert.DoesNotContain("Try it", JsonSerializer.Serialize(chat), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_is_offered_what_the_caller_may_call_and_nothing_else_is_called()
    {
        var somebody = Guid.CreateVersion7();
        await application.ChangePolicyAsync(policy => policy with
        {
            Rules =
            [
                .. policy.Rules,
                new() { Id = Guid.CreateVersion7(), SubjectType = RuleSubject.User, Subject = somebody.ToString(), Effect = RuleEffect.Deny, Resource = $"tool:{server}/slow" },
            ],
        });
        var (other, caller) = application.StartReplicaFor(somebody, model.Settings);
        await using (other)
        using (caller)
        {
            model.Call(("call_1", Tool("slow"), "{}"), ("call_2", "invented", "{}"), ("call_3", Tool("echo"), "not json"));
            model.Say("I see.");
            var events = await ChatAsync(new { messages = new[] { new { role = "user", content = "Go." } }, servers = new[] { server } }, caller);
            var offered = model.Asked.First()["tools"]!.AsArray().Select(tool => tool!["function"]!["name"]!.GetValue<string>()).ToList();
            Assert.Contains(Tool("echo"), offered);
            Assert.DoesNotContain(Tool("slow"), offered);
            Assert.All(events.Where(item => item.Name == "tool_result"), item => Assert.True(item.Data["is_error"]!.GetValue<bool>()));
            Assert.Equal(3, events.Count(item => item.Name == "tool_result"));
            Assert.DoesNotContain(upstream.Received, request => request.Message["method"]!.GetValue<string>() == "tools/call");
            Assert.Equal("done", events[^1].Name);
        }
    }

    [Fact]
    public async Task Tools_that_fail_are_told_to_the_model()
    {
        model.Call(("call_1", Tool("failing"), "{}"), ("call_2", Tool("refused"), "{}"), ("call_3", Tool("garbage"), "{}"));
        model.Say("All failed.");
        var events = await ChatAsync(Tools("Try."));
        Assert.Equal([true, true, true], events.Where(item => item.Name == "tool_result").Select(item => item.Data["is_error"]!.GetValue<bool>()));
        var told = model.Asked.Last()["messages"]!.AsArray().Where(message => message!["role"]!.GetValue<string>() == "tool").ToList();
        Assert.All(told, message => Assert.StartsWith("Error: ", message!["content"]!.GetValue<string>(), StringComparison.Ordinal));
        Assert.Equal(3, told.Count);
    }

    [Fact]
    public async Task A_model_that_never_ends_is_ended_by_the_steps()
    {
        for (var step = 0; step < 5; step++)
        {
            model.Call(("call_" + step, Tool("echo"), """{"message":"again"}"""));
        }

        var events = await ChatAsync(Tools("Loop."));
        Assert.Equal(("step_limit", 3), (events[^1].Data["finish_reason"]!.GetValue<string>(), events[^1].Data["steps"]!.GetValue<int>()));
        Assert.Equal(3, model.Asked.Count);

        model.Script.Clear();
        model.Call(("call_9", Tool("echo"), "{}"));
        events = await ChatAsync(new { messages = new[] { new { role = "user", content = "Loop." } }, servers = new[] { server }, max_steps = 1 });
        Assert.Equal(("step_limit", 1), (events[^1].Data["finish_reason"]!.GetValue<string>(), events[^1].Data["steps"]!.GetValue<int>()));
    }

    [Theory]
    [InlineData(400, "This model's maximum context length is 8 tokens", "maximum context length")]
    [InlineData(401, "bad key", "LLM_API_KEY")]
    [InlineData(404, "no such model", "model-1")]
    [InlineData(429, "slow down", "try again later")]
    [InlineData(503, "overloaded", "HTTP 503")]
    public async Task An_error_of_the_model_is_an_event_in_plain_words(int status, string message, string expected)
    {
        for (var attempt = 0; attempt < 3; attempt++)
        {
            model.Fail(status, message);
        }

        var events = await ChatAsync(User("Hello."));
        Assert.Equal("error", Assert.Single(events).Name);
        Assert.Contains(expected, events[0].Data["detail"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.DoesNotContain(ModelStandIn.Key, events[0].Data.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answers_that_cannot_be_read_or_never_end_are_errors()
    {
        model.Script.Enqueue(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync("data: {\"choices\": [ nonsense\n\n");
        });
        Assert.Contains("cannot be read", (await ChatAsync(User("Hello.")))[^1].Data["detail"]!.GetValue<string>(), StringComparison.Ordinal);

        model.Script.Enqueue(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            var piece = ModelStandIn.Delta(new JsonObject { ["content"] = new string('x', 10_000) }).ToJsonString();
            while (!context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.WriteAsync($"data: {piece}\n\n", context.RequestAborted);
            }
        });
        Assert.Contains("longer than", (await ChatAsync(User("Hello.")))[^1].Data["detail"]!.GetValue<string>(), StringComparison.Ordinal);
        model.Script.Enqueue(EndlessAsync);
        var events = await ChatAsync(User("Hello."));
        Assert.Contains("within 3 seconds", events[^1].Data["detail"]!.GetValue<string>(), StringComparison.Ordinal);
        await model.Aborted.Task.WaitAsync(TimeSpan.FromSeconds(10));

        static async Task EndlessAsync(HttpContext context)
        {
            context.Response.ContentType = "text/event-stream";
            while (!context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.WriteAsync(": wait\n\n");
                await context.Response.Body.FlushAsync();
                await Task.Delay(100);
            }
        }
    }

    [Fact]
    public async Task A_client_that_goes_away_stops_model_and_tools()
    {
        model.Call(("call_1", Tool("slow"), "{}"));
        using (var request = new HttpRequestMessage(HttpMethod.Post, "/api/mcp/chat") { Content = JsonContent.Create(Tools("Go.")) })
        using (var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead))
        {
            await foreach (var item in SseParser.Create(await response.Content.ReadAsStreamAsync()).EnumerateAsync())
            {
                if (item.EventType == "tool_call")
                {
                    break;
                }
            }
        }

        Assert.NotNull(await upstream.Cancelled.WaitAsync(TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public async Task Without_a_model_it_says_so()
    {
        using var caller = application.ClientWith(Permissions.McpChat);
        var problem = await (await caller.PostAsJsonAsync("/api/mcp/chat", User("Hello."))).AssertProblemAsync(HttpStatusCode.ServiceUnavailable);
        Assert.Contains("LLM_BASE_URL", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        using var ordinary = application.ClientWith(Permissions.McpToolsCall);
        Assert.Equal(HttpStatusCode.Forbidden, (await ordinary.PostAsJsonAsync("/api/mcp/chat", User("Hello."))).StatusCode);
    }

    [Fact]
    public async Task Requests_that_make_no_sense_are_refused()
    {
        (string Body, string Field)[] requests =
        [
            ("""{}""", "messages"),
            ("""{"messages":[]}""", "messages"),
            ("""{"messages":[null]}""", "messages"),
            ("""{"messages":[{"role":"tool","content":"x"}]}""", "messages[0].role"),
            ("""{"messages":[{"role":"user"}]}""", "messages[0].content"),
            ("""{"messages":[{"role":"assistant","content":"x"}]}""", "messages"),
            ("""{"messages":[{"role":"user","content":"x"}],"servers":["nothing-like-it"]}""", "servers"),
            ("""{"messages":[{"role":"user","content":"x"}],"servers":[null]}""", "servers"),
            ("""{"messages":[{"role":"user","content":"x"}],"max_steps":0}""", "max_steps"),
            ("""{"messages":[{"role":"user","content":"x"}],"model":""}""", "model"),
        ];
        foreach (var (body, field) in requests)
        {
            using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
            await (await client.PostAsync("/api/mcp/chat", content)).AssertInvalidAsync(field);
        }

        Assert.Empty(model.Asked);
    }

    [Fact]
    public async Task Only_models_that_the_operator_lists_can_be_named()
    {
        var (other, caller) = application.StartReplicaFor(user, new(model.Settings, StringComparer.Ordinal) { ["LLM_MODELS"] = "model-2, model-3" });
        await using (other)
        using (caller)
        {
            await (await caller.PostAsJsonAsync("/api/mcp/chat", new { messages = new[] { new { role = "user", content = "x" } }, model = "dear" })).AssertInvalidAsync("model");
            model.Say("Hello.");
            Assert.Equal("done", (await ChatAsync(new { messages = new[] { new { role = "user", content = "x" } }, servers = Array.Empty<string>(), model = "model-3" }, caller))[^1].Name);
            Assert.Equal("model-3", Assert.Single(model.Asked)["model"]!.GetValue<string>());
        }
    }

    [Fact]
    public void Settings_that_make_no_sense_are_named()
    {
        var result = new LlmOptionsValidator().Validate(null, new() { BaseUrl = "ftp://user:secret@x", ApiKey = "with space", MaxSteps = "0", TimeoutSeconds = "x" });
        Assert.Equal(["LLM_BASE_URL", "LLM_MODEL", "LLM_API_KEY", "LLM_MAX_STEPS", "LLM_TIMEOUT_SECONDS"], result.Failures!.Select(failure => failure.Split(' ')[0]));
        Assert.DoesNotContain("secret", result.FailureMessage, StringComparison.Ordinal);
        Assert.True(new LlmOptionsValidator().Validate(null, new()).Succeeded);
    }

    private object Tools(string text) => new { messages = new[] { new { role = "user", content = text } }, servers = new[] { server } };

    private static object User(string text) => new { messages = new[] { new { role = "user", content = text } }, servers = Array.Empty<string>() };

    private async Task<List<(string Name, JsonObject Data)>> ChatAsync(object body, HttpClient? caller = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/mcp/chat") { Content = JsonContent.Create(body) };
        using var response = await (caller ?? client).SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        List<(string, JsonObject)> events = [];
        await foreach (var item in SseParser.Create(await response.Content.ReadAsStreamAsync()).EnumerateAsync())
        {
            events.Add((item.EventType, JsonNode.Parse(item.Data)!.AsObject()));
        }

        return events;
    }
}
