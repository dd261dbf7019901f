using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace McpPlatform.McpService.BuiltIn.Jenkins;

internal sealed record ListJobsInput
{
    [Description("The folder whose jobs are wanted, as full_name tells it, for example 'team/backend'. Leave it out for the top level.")]
    [MaxLength(1000, ErrorMessage = "folder may have at most 1000 characters.")]
    public string? Folder { get; init; }

    [Description("How many jobs to skip; next_offset of the page before. 0 when left out.")]
    [Range(0, 1_000_000, ErrorMessage = "offset must be 0 to 1000000.")]
    public int Offset { get; init; }

    [Description("The most jobs to return, 1 to 200. 50 when left out.")]
    [Range(1, 200, ErrorMessage = "limit must be 1 to 200.")]
    public int Limit { get; init; } = 50;
}

internal record JobInput
{
    [Description("The job's full name as list_jobs tells it, with a slash between folders, for example 'team/backend/deploy'.")]
    [StringLength(1000, MinimumLength = 1, ErrorMessage = "job must have 1 to 1000 characters.")]
    public required string Job { get; init; }
}

internal record BuildInput : JobInput
{
    [Description("The build's number. Leave it out for the job's last build.")]
    [Range(1, int.MaxValue, ErrorMessage = "build must be a number from 1 on.")]
    public int? Build { get; init; }
}

internal sealed record TriggerBuildInput : JobInput
{
    [Description("Values for the job's parameters by name, all as text (a boolean as 'true' or 'false'). get_job tells which there are; those left out have their defaults.")]
    [MaxLength(100, ErrorMessage = "parameters may be at most 100.")]
    public Dictionary<string, string>? Parameters { get; init; }

    [Description("How many seconds to wait for the build to leave the queue and get its number, 0 to 60. 10 when left out.")]
    [Range(0, 60, ErrorMessage = "queue_wait_seconds must be 0 to 60.")]
    public int QueueWaitSeconds { get; init; } = 10;
}

internal sealed record ConsoleLogInput : BuildInput
{
    [Description("Read on from this position: next_start of the call before. Leave it out to read the end of the log.")]
    [Range(0, long.MaxValue, ErrorMessage = "start must be 0 or more.")]
    public long? Start { get; init; }

    [Description("The most bytes to return, 1024 to 262144. 32768 when left out.")]
    [Range(1024, 262_144, ErrorMessage = "max_bytes must be 1024 to 262144.")]
    public int MaxBytes { get; init; } = 32_768;
}

internal sealed record WaitForBuildInput : BuildInput
{
    [Description("How many seconds to wait at most, 1 to 3600. 50 when left out: many clients give up on a call after a minute.")]
    [Range(1, 3600, ErrorMessage = "timeout_seconds must be 1 to 3600.")]
    public int TimeoutSeconds { get; init; } = 50;
}

internal sealed record QueueItemInput
{
    [Description("queue_id as trigger_build told it.")]
    [Range(1, long.MaxValue, ErrorMessage = "queue_id must be a number from 1 on.")]
    public required long QueueId { get; init; }
}
