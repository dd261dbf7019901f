using McpPlatform.Bench;

// dotnet run -c Release --project bench -- NAME
Dictionary<string, Action> benchmarks = new(StringComparer.Ordinal)
{
    ["access"] = AccessBenchmark.Run,
};
if (args is not [var name] || !benchmarks.TryGetValue(name, out var run))
{
    Console.Error.WriteLine($"Say which benchmark: {string.Join(", ", benchmarks.Keys)}.");
    return 1;
}

run();
return 0;
