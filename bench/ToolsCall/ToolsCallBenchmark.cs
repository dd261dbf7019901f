using System.Globalization;

namespace McpPlatform.Bench.ToolsCall;

/// <summary>
/// <c>tools/call</c> of one MCP server: directly, through the platform, and through the gateways that npm has. All of them run for the whole time and take turns, in
/// another order each round; whatever the machine does meanwhile meets all of them.
/// </summary>
internal static class ToolsCallBenchmark
{
    // Fewer of everything, for one who looks for where the time goes: ROUNDS=10 WORKERS=1 CASES=0,2 (by their place in the list).
    private static readonly int Rounds = Numbers("ROUNDS", [3])[0];
    private static readonly int[] Workers = Numbers("WORKERS", [1, 16, 64]);
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(3), Duration = TimeSpan.FromSeconds(2);

    public static async Task RunAsync(bool withPeers)
    {
        await using var server = MeasuredProcess.StartProject("Bench", ["echo-server"], []);
        var upstream = new Uri(await server.FirstLine);
        await using var platform = await BenchPlatform.StartAsync();
        await platform.RegisterAsync("bench", upstream);
        var (direct, directSelfContained) = (new Case("directly", Dialect.Sessions, upstream, null, server), new Case("directly, 2026-07-28", Dialect.SelfContained, upstream, null, server));
        List<Case> cases =
        [
            direct,
            directSelfContained,
            new("McpService alone", Dialect.Sessions, new(platform.McpServiceUrl, "/mcp/bench"), platform.NewToken, platform.McpService) { Settle = platform.DrainAsync },
            new("**Gateway and McpService**", Dialect.Sessions, new(platform.GatewayUrl, "/mcp/bench"), platform.NewToken, platform.Gateway, platform.McpService) { Settle = platform.DrainAsync },
            new("**Gateway and McpService, 2026-07-28**", Dialect.SelfContained, new(platform.GatewayUrl, "/mcp/bench"), platform.NewToken, platform.Gateway, platform.McpService) { Settle = platform.DrainAsync },
            .. withPeers ? await NpmPeers.StartAsync(upstream) : [],
        ];
        cases = [.. Numbers("CASES", [.. Enumerable.Range(0, cases.Count)]).Select(place => cases[place])];
        try
        {
            foreach (var one in cases)
            {
                await one.RunAsync(16, WarmUp, counts: false);
            }

            for (var round = 0; round < Rounds; round++)
            {
                foreach (var workers in Workers)
                {
                    var order = cases.ToArray();
                    Random.Shared.Shuffle(order);
                    foreach (var one in order)
                    {
                        await one.RunAsync(workers, Duration, counts: true);
                    }
                }
            }

            Report(cases, one => one.Dialect == Dialect.SelfContained ? directSelfContained : direct);
        }
        finally
        {
            foreach (var one in cases)
            {
                await one.DisposeAsync();
            }
        }
    }

    private static int[] Numbers(string variable, int[] otherwise) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } list ? Array.ConvertAll(list.Split(','), number => int.Parse(number, CultureInfo.InvariantCulture)) : otherwise;

    private static void Report(List<Case> cases, Func<Case, Case> baseOf)
    {
        var load = string.Join(" · ", Workers);
        Console.Out.WriteLine($"{Rounds} rounds of {Duration.TotalSeconds:0} s each, {Environment.ProcessorCount} cores shared with the client, the server and the data stores; medians");
        Console.Out.WriteLine();
        Console.Out.WriteLine($"| way | calls/s c={load} | x direct c={load} | p50 added, c={Workers[0]} | p99, c={load} | CPU for each call, c={load} | memory |");
        Console.Out.WriteLine("| --- | --- | --- | --- | --- | --- | --- |");
        foreach (var one in cases)
        {
            var other = baseOf(one);
            var perSecond = string.Join(" · ", Workers.Select(workers => $"{one.Median(workers, block => block.PerSecond):N0}"));
            var ratio = string.Join(" · ", Workers.Select(workers => $"{one.Median(workers, other, (mine, direct) => mine.PerSecond / direct.PerSecond):0.000}"));
            var added = one.Median(Workers[0], other, (mine, direct) => mine.P50 - direct.P50);
            var cpu = string.Join(" · ", Workers.Select(workers => $"{one.Median(workers, block => block.Cpu):0}"));
            var slowest = string.Join(" · ", Workers.Select(workers => $"{one.Median(workers, block => block.P99):0.0}"));
            Console.Out.WriteLine($"| {one.Name} | {perSecond} | {ratio} | {added:0.00} ms | {slowest} ms | {cpu} µs | {one.Rss / 1024 / 1024} MB |");
        }
    }
}
