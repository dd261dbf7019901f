using System.ComponentModel;

namespace McpPlatform.McpService.BuiltIn.Jenkins;

internal sealed record JobItem(
    [property: Description("What the other tools take as job or folder.")] string FullName,
    [property: Description("It holds jobs instead of being one.")] bool IsFolder,
    [property: Description("How the last build ended: success, unstable, failed, aborted, disabled, not_built; null for a folder.")] string? LastResult,
    [property: Description("A build is running.")] bool IsRunning);

internal sealed record JobsOutput(
    IReadOnlyList<JobItem> Jobs,
    [property: Description("offset for the next page; null when this is the last.")] int? NextOffset);

internal sealed record JobParameter(
    string Name,
    [property: Description("Jenkins' type of parameter: string, text, boolean, choice, password and those of plugins.")] string Type,
    string? Description,
    [property: Description("What it is when it is left out; never told for a password.")] string? DefaultValue,
    [property: Description("What it may be; empty when anything.")] IReadOnlyList<string> Choices);

internal sealed record JobOutput(
    string FullName, string? Description, [property: Description("It can be built.")] bool IsBuildable, [property: Description("A build waits in the queue.")] bool IsInQueue,
    IReadOnlyList<JobParameter> Parameters, int? LastBuild, int? LastSuccessfulBuild, int? LastFailedBuild);

internal sealed record QueueOutput(
    [property: Description("The place in the queue.")] long QueueId,
    [property: Description("The build's number; null while it waits in the queue.")] int? Build,
    [property: Description("It was taken out of the queue and will not run.")] bool IsCancelled,
    [property: Description("Why it still waits.")] string? WaitingFor);

internal sealed record BuildOutput(
    string Job, int Build, [property: Description("It has ended.")] bool IsFinished,
    [property: Description("success, unstable, failure, aborted or not_built; null while it runs.")] string? Result,
    DateTimeOffset? StartedAt, [property: Description("How long it took, in milliseconds; 0 while it runs.")] long DurationMs,
    [property: Description("How long Jenkins thinks that it takes, in milliseconds; -1 when it does not know.")] long EstimatedDurationMs,
    [property: Description("Who or what started it.")] IReadOnlyList<string> Causes,
    [property: Description("The values it was started with, without passwords.")] IReadOnlyDictionary<string, string> Parameters);

internal sealed record ConsoleLogOutput(
    string Job, int Build, string Text, [property: Description("The position of the text's first byte.")] long Start,
    [property: Description("start for reading on.")] long NextStart,
    [property: Description("There is more now, or will be: the build still writes.")] bool HasMore);
