using System.Text.Json;
using McpPlatform.AnalyticsService.Rollups;

namespace McpPlatform.AnalyticsService.Tests.Rollups;

public sealed class LatencySketchTests
{
    [Fact]
    public void Percentiles_of_a_sketch_and_of_merged_ones_are_within_its_accuracy()
    {
        var random = new Random(20261124);
        Func<double>[] spreads = [() => random.NextDouble() * 1000, () => Math.Exp(random.NextDouble() * 18 - 6), () => random.Next(2) == 0 ? 0.5 : 30_000, () => 7];
        foreach (var next in spreads)
        {
            var values = Enumerable.Range(0, 20_000).Select(_ => next()).ToArray();
            var (whole, parts) = (new LatencySketch(), Enumerable.Range(0, 7).Select(_ => new LatencySketch()).ToArray());
            for (var index = 0; index < values.Length; index++)
            {
                whole.Add(values[index]);
                parts[index % parts.Length].Add(values[index]);
            }

            var merged = new LatencySketch();
            foreach (var part in parts)
            {
                merged.Add(new LatencySketch(JsonSerializer.Deserialize<Dictionary<int, long>>(JsonSerializer.Serialize(part.Counts))!));
            }

            Array.Sort(values);
            foreach (var share in (double[])[0.001, 0.5, 0.9, 0.95, 0.99, 1])
            {
                var exact = values[(int)Math.Ceiling(share * values.Length) - 1];
                Assert.InRange(whole.Percentile(share)!.Value / exact, 1 - LatencySketch.Accuracy - 1e-9, 1 + LatencySketch.Accuracy + 1e-9);
                Assert.Equal(whole.Percentile(share), merged.Percentile(share));
            }
        }
    }

    [Fact]
    public void Values_that_are_none_or_too_large_stay_within_its_bounds()
    {
        var sketch = new LatencySketch();
        foreach (var value in new[] { double.NaN, double.NegativeInfinity, -1, 0, double.PositiveInfinity })
        {
            sketch.Add(value);
        }

        sketch.Add(int.MaxValue, 1);
        sketch.Add(int.MinValue, 1);
        sketch.Add(5, -3);

        Assert.Equal(7, sketch.Count);
        Assert.InRange(sketch.Percentile(0)!.Value, 0.00098, 0.00102);
        Assert.InRange(sketch.Percentile(1)!.Value, 0.98e9, 1.02e9);
        Assert.Null(new LatencySketch().Percentile(0.5));
    }
}
