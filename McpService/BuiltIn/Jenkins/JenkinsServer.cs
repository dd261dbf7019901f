using ModelContextProtocol.Server;

namespace McpPlatform.McpService.BuiltIn.Jenkins;

/// <summary>The built-in server <c>jenkins</c>.</summary>
internal sealed class JenkinsServer
{
    private const string ServerName = "jenkins", Description = "Jobs and builds of Jenkins: list, look at, start, wait, and read what they print.";
    private readonly McpServerTool[] tools;

    public JenkinsServer(JenkinsClient client, Microsoft.Extensions.Options.IOptions<JenkinsOptions> options, TimeProvider time)
    {
        var jobs = new JenkinsJobs(client, options.Value, time);
        var builds = new JenkinsBuilds(client, options.Value, time);
        tools =
        [
            BuiltInTool.Create<ListJobsInput, JobsOutput>(
                "list_jobs", "List Jenkins jobs", "Lists the jobs and folders of a folder of Jenkins, page by page. Start here to find a job's full name; folders are listed by calling it again with folder.",
                ToolEffect.Reads, jobs.ListAsync),
            BuiltInTool.Create<JobInput, JobOutput>(
                "get_job", "Get a Jenkins job", "Tells what a job is, the parameters that it takes (types, choices, defaults) and its last builds. Call it before trigger_build.",
                ToolEffect.Reads, jobs.GetAsync),
            BuiltInTool.Create<TriggerBuildInput, QueueOutput>(
                "trigger_build", "Start a Jenkins build",
                "Starts a build of a job and waits a little for its number. Each call starts one more build: do not repeat it when build is null, but call get_queue_item with queue_id.",
                new ToolEffect(ReadOnly: false, Destructive: true, Idempotent: false), jobs.TriggerAsync),
            BuiltInTool.Create<QueueItemInput, QueueOutput>(
                "get_queue_item", "Get a place in Jenkins' queue", "Tells which build a queue_id of trigger_build has become, or why it still waits. Jenkins forgets it about five minutes after the build has begun.",
                ToolEffect.Reads, jobs.GetQueueItemAsync),
            BuiltInTool.Create<BuildInput, BuildOutput>(
                "get_build", "Get a Jenkins build", "Tells whether a build runs or how it ended, who started it and with which parameters.",
                ToolEffect.Reads, builds.GetAsync),
            BuiltInTool.Create<ConsoleLogInput, ConsoleLogOutput>(
                "get_console_log", "Read a Jenkins console log",
                "Reads what a build has printed: the end of it, or from start on. For a build that failed, read the end first; for one that runs, call it again with start = next_start.",
                ToolEffect.Reads, builds.ReadLogAsync),
            BuiltInTool.Create<WaitForBuildInput, BuildOutput>(
                "wait_for_build", "Wait for a Jenkins build",
                "Waits until a build has ended and tells how. If is_finished is false in the answer, the time was too short: call it again. Nothing happens to the build when the call is cancelled.",
                ToolEffect.Reads, builds.WaitAsync),
        ];
    }

    public BuiltInServer Describe() => new(ServerName, Description, _ => new()
    {
        ServerInfo = new() { Name = ServerName, Title = "Jenkins", Version = "1.0.0" },
        ServerInstructions = "Find a job with list_jobs, see its parameters with get_job, start it with trigger_build, wait with wait_for_build, and read get_console_log when it has failed.",
        ToolCollection = [.. tools],
    });
}
