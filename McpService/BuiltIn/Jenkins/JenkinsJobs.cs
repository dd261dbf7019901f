using System.Globalization;
using System.Text;
using System.Text.Json;

namespace McpPlatform.McpService.BuiltIn.Jenkins;

/// <summary>The tools about jobs and the queue.</summary>
internal sealed class JenkinsJobs(JenkinsClient client, JenkinsOptions options, TimeProvider time)
{
    private const string JobMissing = "Jenkins has no such job, or the platform's account may not see it. Call list_jobs for the names; a job in a folder needs the folder in front.";

    public async Task<ToolAnswer<JobsOutput>> ListAsync(ListJobsInput input, ReportProgress report, CancellationToken cancellationToken)
    {
        // One more than wanted tells whether there are more.
        var tree = string.Create(CultureInfo.InvariantCulture, $"jobs[name,fullName,color]{{{input.Offset},{input.Offset + input.Limit + 1}}}");
        var path = string.IsNullOrEmpty(input.Folder) ? string.Empty : JobPath(input.Folder);
        var json = await client.GetAsync(path, tree, "Jenkins has no such folder, or the platform's account may not see it. Call list_jobs without folder and go down from there.", cancellationToken);
        var all = json.ItemsAt("jobs").Select(Item).ToList();
        var output = new JobsOutput([.. all.Take(input.Limit)], all.Count > input.Limit ? input.Offset + input.Limit : null);
        var text = new StringBuilder();
        foreach (var job in output.Jobs)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"- {job.FullName}{(job.IsFolder ? " (folder)" : $": {job.LastResult}{(job.IsRunning ? ", running" : "")}")}");
        }

        text.Append(output.NextOffset is { } next ? $"More with offset {next}." : output.Jobs.Count == 0 ? "No jobs here." : "That is all.");
        return new(output, text.ToString());
    }

    public async Task<ToolAnswer<JobOutput>> GetAsync(JobInput input, ReportProgress report, CancellationToken cancellationToken)
    {
        const string Tree = "fullName,name,description,buildable,inQueue,lastBuild[number],lastSuccessfulBuild[number],lastFailedBuild[number],"
            + "property[parameterDefinitions[name,type,description,choices,defaultParameterValue[value]]]";
        var json = await client.GetAsync(JobPath(input.Job), Tree, JobMissing, cancellationToken);
        var parameters = json.ItemsAt("property").SelectMany(property => property.ItemsAt("parameterDefinitions")).Select(Parameter).ToList();
        var job = new JobOutput(
            json.TextAt("fullName") ?? input.Job, json.TextAt("description")?.Cut(2000), json.FlagAt("buildable"), json.FlagAt("inQueue"), parameters,
            Number(json, "lastBuild"), Number(json, "lastSuccessfulBuild"), Number(json, "lastFailedBuild"));
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"{job.FullName}: {(job.IsBuildable ? "can be built" : "cannot be built (disabled, or a folder)")}{(job.IsInQueue ? ", waits in the queue" : "")}; last build {job.LastBuild?.ToString(CultureInfo.InvariantCulture) ?? "none"}.");
        text.AppendLine(parameters.Count == 0 ? "No parameters." : "Parameters:");
        foreach (var parameter in parameters)
        {
            var choices = parameter.Choices.Count == 0 ? string.Empty : $", one of {string.Join(" | ", parameter.Choices)}";
            text.AppendLine(CultureInfo.InvariantCulture, $"- {parameter.Name} ({parameter.Type}{choices}; default {parameter.DefaultValue ?? "none"}) {parameter.Description}");
        }

        return new(job, text.ToString().TrimEnd());
    }

    public async Task<ToolAnswer<QueueOutput>> TriggerAsync(TriggerBuildInput input, ReportProgress report, CancellationToken cancellationToken)
    {
        var path = JobPath(input.Job);
        var parameters = input.Parameters is { Count: > 0 } given ? given : null;
        if (parameters?.Any(pair => pair.Key.Length is 0 or > 200 || pair.Value is null || pair.Value.Length > 65_536) == true)
        {
            throw new ToolFailedException("A parameter needs a name of 1 to 200 characters and a text of at most 65536.");
        }

        // A job that takes parameters starts only by buildWithParameters, with its defaults too.
        if (parameters is null)
        {
            var json = await client.GetAsync(path, "property[parameterDefinitions[name]]", JobMissing, cancellationToken);
            parameters = json.ItemsAt("property").Any(property => property.ItemsAt("parameterDefinitions").Any()) ? [] : null;
        }

        var id = await client.StartAsync(path, parameters, JobMissing, cancellationToken);
        var start = time.GetTimestamp();
        while (true)
        {
            var item = await ReadQueueAsync(id, cancellationToken);
            if (item.Build is not null || item.IsCancelled || time.GetElapsedTime(start) >= TimeSpan.FromSeconds(input.QueueWaitSeconds))
            {
                return Answer(item);
            }

            await report(time.GetElapsedTime(start).TotalSeconds, input.QueueWaitSeconds, "The build waits in the queue.");
            await Task.Delay(options.PollInterval, time, cancellationToken);
        }
    }

    public async Task<ToolAnswer<QueueOutput>> GetQueueItemAsync(QueueItemInput input, ReportProgress report, CancellationToken cancellationToken) =>
        Answer(await ReadQueueAsync(input.QueueId, cancellationToken));

    /// <summary>A job's path: each name escaped for itself, so that none can leave its place.</summary>
    public static string JobPath(string fullName)
    {
        var names = fullName.Trim('/').Split('/');
        return names.All(name => name.Length > 0 && name is not ("." or "..") && !name.Any(char.IsControl))
            ? string.Concat(names.Select(name => $"job/{Uri.EscapeDataString(name)}/"))
            : throw new ToolFailedException("job must be names with one slash between them, as list_jobs tells full_name, and no address.");
    }

    private async Task<QueueOutput> ReadQueueAsync(long id, CancellationToken cancellationToken)
    {
        var json = await client.GetAsync(
            string.Create(CultureInfo.InvariantCulture, $"queue/item/{id}/"), "why,cancelled,executable[number]",
            "Jenkins does not know this place in the queue any more. Look at the job's last build with get_job.", cancellationToken);
        return new(id, Number(json, "executable"), json.FlagAt("cancelled"), json.TextAt("why")?.Cut(500));
    }

    private static ToolAnswer<QueueOutput> Answer(QueueOutput item) => new(item, string.Create(CultureInfo.InvariantCulture, $"Queue item {item.QueueId}: ") + item switch
    {
        { Build: { } build } => string.Create(CultureInfo.InvariantCulture, $"it is build {build}. Wait for its end with wait_for_build."),
        { IsCancelled: true } => "it was taken out of the queue and will not run.",
        _ => $"it still waits ({item.WaitingFor ?? "no reason told"}). Ask again with get_queue_item; do not start it again.",
    });

    private static JobItem Item(JsonElement job)
    {
        // Folders have no colour; a running build's colour ends with _anime.
        var color = job.TextAt("color");
        var running = color?.EndsWith("_anime", StringComparison.Ordinal) == true;
        return new(job.TextAt("fullName") ?? job.TextAt("name") ?? string.Empty, color is null, (running ? color![..^6] : color) switch
        {
            null => null,
            "blue" or "green" => "success",
            "yellow" => "unstable",
            "red" => "failed",
            "notbuilt" => "not_built",
            var other => other,
        }, running);
    }

    private static JobParameter Parameter(JsonElement definition)
    {
        var type = definition.TextAt("type") ?? "string";
        var isSecret = type.Contains("Password", StringComparison.OrdinalIgnoreCase) || type.Contains("Credentials", StringComparison.OrdinalIgnoreCase);
        var value = isSecret ? null : definition.At("defaultParameterValue")?.At("value");
        return new(
            definition.TextAt("name") ?? string.Empty,
            type.Replace("ParameterDefinition", string.Empty, StringComparison.Ordinal).ToLowerInvariant(),
            definition.TextAt("description")?.Cut(1000),
            value is { ValueKind: JsonValueKind.String } text ? text.GetString() : value?.GetRawText(),
            [.. definition.ItemsAt("choices").Take(200).Select(choice => choice.ToString())]);
    }

    private static int? Number(JsonElement json, string name) => json.At(name)?.NumberAt("number") is { } number and <= int.MaxValue ? (int)number : null;
}
