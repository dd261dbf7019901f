using McpPlatform.Bench;

// dotnet run -c Release --project bench -- NAME
Dictionary<string, Func<Task>> benchmarks = new(StringComparer.Ordinal)
{
    ["access"] = () => Task.Run(AccessBenchmark.Run),
    ["tokens"] = TokensBenchmark.RunAsync,
};
if (args is not [var name] || !benchmarks.TryGetValue(name, out var run))
{
    Console.Error.WriteLine($"Say which benchmark: {string.Join(", ", benchmarks.Keys)}.");
    return 1;
}

await run();
return 0;
