using System.Globalization;
using System.Text;
using System.Text.Json;

namespace McpPlatform.McpService.BuiltIn.Jenkins;

/// <summary>The tools about builds.</summary>
internal sealed class JenkinsBuilds(JenkinsClient client, JenkinsOptions options, TimeProvider time)
{
    private const string BuildMissing = "Jenkins has no such build of this job: it may not have begun, have been deleted, or the job is named otherwise. Call get_job for the last builds.";
    private const string Tree = "number,building,result,timestamp,duration,estimatedDuration,actions[causes[shortDescription],parameters[_class,name,value]]";

    public async Task<ToolAnswer<BuildOutput>> GetAsync(BuildInput input, ReportProgress report, CancellationToken cancellationToken) =>
        Answer(await ReadAsync(input.Job, input.Build, cancellationToken));

    public async Task<ToolAnswer<BuildOutput>> WaitAsync(WaitForBuildInput input, ReportProgress report, CancellationToken cancellationToken)
    {
        var limit = TimeSpan.FromSeconds(Math.Min(input.TimeoutSeconds, options.MaxWait.TotalSeconds));
        var start = time.GetTimestamp();
        var build = await ReadAsync(input.Job, input.Build, cancellationToken);
        while (!build.IsFinished && time.GetElapsedTime(start) < limit)
        {
            await report(time.GetElapsedTime(start).TotalSeconds, limit.TotalSeconds, string.Create(CultureInfo.InvariantCulture, $"Build {build.Build} is running."));
            await Task.Delay(options.PollInterval, time, cancellationToken);

            // The number, and not "the last": another build may have begun.
            build = await ReadAsync(input.Job, build.Build, cancellationToken);
        }

        return Answer(build);
    }

    public async Task<ToolAnswer<ConsoleLogOutput>> ReadLogAsync(ConsoleLogInput input, ReportProgress report, CancellationToken cancellationToken)
    {
        var build = input.Build ?? (await ReadAsync(input.Job, null, cancellationToken)).Build;
        var path = BuildPath(input.Job, build);
        var (size, running) = await client.MeasureLogAsync(path, BuildMissing, cancellationToken);
        var start = input.Start ?? Math.Max(0, size - input.MaxBytes);
        if (start > size)
        {
            throw new ToolFailedException(string.Create(CultureInfo.InvariantCulture, $"The log has only {size} bytes. Take next_start of the call before, or leave start out for the end."));
        }

        // Jenkins sends everything from the position on; what is more than was asked for is not read.
        var text = start == size ? [] : await client.ReadLogAsync(path, start, input.MaxBytes, BuildMissing, cancellationToken);
        var next = start + text.Length;
        var output = new ConsoleLogOutput(input.Job, build, Encoding.UTF8.GetString(text), start, next, running || next < size);
        var more = output.HasMore ? $"More with start {next}" : "The log ends here";
        return new(output, string.Create(CultureInfo.InvariantCulture, $"Console log of {input.Job} #{build}, bytes {start} to {next}:\n{output.Text}\n[{more}]"));
    }

    private async Task<BuildOutput> ReadAsync(string job, int? build, CancellationToken cancellationToken)
    {
        var json = await client.GetAsync(BuildPath(job, build), Tree, BuildMissing, cancellationToken);
        var parameters = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var parameter in json.ItemsAt("actions").SelectMany(action => action.ItemsAt("parameters")))
        {
            if (parameter.TextAt("name") is { } name && parameter.At("value") is { } value
                && parameter.TextAt("_class")?.Contains("Password", StringComparison.OrdinalIgnoreCase) != true)
            {
                parameters[name] = value.ToString().Cut(1000);
            }
        }

        var startedAt = json.NumberAt("timestamp") is { } milliseconds and > 0 and < 253_402_300_799_999 ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds) : (DateTimeOffset?)null;
        return new(
            job, json.NumberAt("number") is { } number and <= int.MaxValue ? (int)number : throw new ToolFailedException(BuildMissing),
            !json.FlagAt("building") && json.TextAt("result") is not null, json.FlagAt("building") ? null : json.TextAt("result")?.ToLowerInvariant(), startedAt,
            json.NumberAt("duration") ?? 0, json.NumberAt("estimatedDuration") ?? -1,
            [.. json.ItemsAt("actions").SelectMany(action => action.ItemsAt("causes")).Select(cause => cause.TextAt("shortDescription")).OfType<string>().Take(20)], parameters);
    }

    private static string BuildPath(string job, int? build) =>
        JenkinsJobs.JobPath(job) + (build?.ToString(CultureInfo.InvariantCulture) ?? "lastBuild") + "/";

    private static ToolAnswer<BuildOutput> Answer(BuildOutput build) => new(build, string.Create(
        CultureInfo.InvariantCulture,
        $"{build.Job} #{build.Build}: {(build.IsFinished ? $"ended with {build.Result} after {build.DurationMs / 1000.0:0.#} s" : "is running")}. {string.Join("; ", build.Causes)}{(build.IsFinished && build.Result != "success" ? " Read get_console_log for the reason." : "")}").Trim());
}
