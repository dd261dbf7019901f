using McpPlatform.Bench;
using McpPlatform.Bench.ToolsCall;

// dotnet run -c Release --project bench -- NAME
Dictionary<string, Func<Task>> benchmarks = new(StringComparer.Ordinal)
{
    ["access"] = () => Task.Run(AccessBenchmark.Run),
    ["queries"] = QueriesBenchmark.RunAsync,
    ["sink"] = SinkBenchmark.RunAsync,
    ["tokens"] = TokensBenchmark.RunAsync,
    ["tools-call"] = () => ToolsCallBenchmark.RunAsync(withPeers: true),
    ["tools-call-own"] = () => ToolsCallBenchmark.RunAsync(withPeers: false),
};
if (args is ["echo-server"])
{
    await EchoServer.RunAsync();
    return 0;
}

if (args is not [var name] || !benchmarks.TryGetValue(name, out var run))
{
    Console.Error.WriteLine($"Say which benchmark: {string.Join(", ", benchmarks.Keys)}.");
    return 1;
}

await run();
return 0;
