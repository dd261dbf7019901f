namespace McpPlatform.Bench.ToolsCall;

/// <summary>One way to the tool.</summary>
/// <param name="name">What the table calls it.</param>
/// <param name="dialect">How it is spoken to.</param>
/// <param name="url">Where.</param>
/// <param name="token">What is shown there; null for nothing.</param>
/// <param name="processes">What stands between the caller and the server; for the server itself, the server.</param>
internal sealed class Case(string name, Dialect dialect, Uri url, Func<string>? token, params MeasuredProcess[] processes) : IAsyncDisposable
{
    private readonly Dictionary<int, List<Block>> blocks = [];

    public string Name => name;

    public Dialect Dialect => dialect;

    public LoadClient Client { get; } = new(url, dialect, token);

    /// <summary>Ends with it.</summary>
    public MeasuredProcess[] Owns { get; init; } = [];

    /// <summary>Waits until nothing is left to do.</summary>
    public Func<Task> Settle { get; init; } = () => Task.CompletedTask;

    /// <summary>The most memory it had.</summary>
    public long Rss { get; private set; }

    /// <summary>Measures a block.</summary>
    public async Task RunAsync(int workers, TimeSpan duration, bool counts)
    {
        await Settle();
        var before = processes.Select(process => process.Read().Cpu).ToList();
        var (latencies, elapsed) = await LoadAsync(workers, duration);
        var answered = latencies.Count / elapsed.TotalSeconds;
        await Settle();
        var after = processes.Select(process => process.Read()).ToList();
        if (!counts)
        {
            return;
        }

        latencies.Sort();
        Rss = Math.Max(Rss, after.Sum(reading => reading.Rss));
        var cpu = after.Zip(before, (late, early) => late.Cpu - early).Aggregate(TimeSpan.Zero, (sum, one) => sum + one);
        if (!blocks.TryGetValue(workers, out var of))
        {
            blocks[workers] = of = [];
        }

        of.Add(new(answered, At(latencies, 0.5), At(latencies, 0.99), cpu.TotalMicroseconds / latencies.Count));
    }

    /// <summary>The middle one of what is read of each round.</summary>
    public double Median(int workers, Func<Block, double> read) => Median(blocks[workers].Select(read));

    /// <summary>The middle one of what is made of each round and the other's.</summary>
    public double Median(int workers, Case other, Func<Block, Block, double> make) => Median(blocks[workers].Zip(other.blocks[workers], make));

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        foreach (var process in Owns)
        {
            await process.DisposeAsync();
        }
    }

    private async Task<(List<double> Latencies, TimeSpan Elapsed)> LoadAsync(int workers, TimeSpan duration)
    {
        try
        {
            return await Client.RunAsync(workers, TimeSpan.Zero, duration);
        }
        catch (HttpRequestException)
        {
            // What a process said before it ended tells more.
            foreach (var process in processes)
            {
                process.MustRun();
            }

            throw;
        }
    }

    private static double At(List<double> sorted, double share) => sorted[(int)(share * (sorted.Count - 1))];

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }
}

/// <summary>What a block gave.</summary>
/// <param name="PerSecond">Calls.</param>
/// <param name="P50">Half of the calls took at most this, in ms.</param>
/// <param name="P99">99 of 100 calls took at most this, in ms.</param>
/// <param name="Cpu">CPU time of what stands in between, for each call, in µs.</param>
internal sealed record Block(double PerSecond, double P50, double P99, double Cpu);
