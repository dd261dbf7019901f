using System.Collections.Immutable;

namespace McpPlatform.LocalHosting;

/// <summary>The states that a resource goes through, in Aspire's words.</summary>
public static class KnownResourceStates
{
    /// <summary>Nothing has happened yet.</summary>
    public const string NotStarted = nameof(NotStarted);

    /// <summary>Another resource must be ready first.</summary>
    public const string Waiting = nameof(Waiting);

    /// <summary>The process is being started.</summary>
    public const string Starting = nameof(Starting);

    /// <summary>The process runs; whether it is well is told by its health reports.</summary>
    public const string Running = nameof(Running);

    /// <summary>The process is being stopped.</summary>
    public const string Stopping = nameof(Stopping);

    /// <summary>The process ended by itself.</summary>
    public const string Finished = nameof(Finished);

    /// <summary>The process was stopped.</summary>
    public const string Exited = nameof(Exited);

    /// <summary>The process could not be started, or something that it waits for failed.</summary>
    public const string FailedToStart = nameof(FailedToStart);

    /// <summary>No process will come any more.</summary>
    public static bool IsTerminal(string? state) => state is Finished or Exited or FailedToStart;
}

/// <summary>What is known of one instance of a resource at a moment. Replicas of a project are instances with one <see cref="ResourceName"/>.</summary>
public sealed record ResourceSnapshot
{
    /// <summary>The instance's name, unique: <c>gateway-x8k2m1pq</c>. Commands and logs are addressed with it.</summary>
    public required string Name { get; init; }

    /// <summary>The name in the model: <c>gateway</c>.</summary>
    public required string ResourceName { get; init; }

    /// <summary>Project, Executable, Container, Parameter, PostgresDatabase.</summary>
    public required string ResourceType { get; init; }

    /// <summary>When the instance was put into the model.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>One of <see cref="KnownResourceStates"/>; a parameter's is its value or how it is missing.</summary>
    public string State { get; init; } = KnownResourceStates.NotStarted;

    /// <summary>success, info, warning, error, or null.</summary>
    public string? StateStyle { get; init; }

    /// <summary>When the process started.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When the process ended.</summary>
    public DateTimeOffset? StoppedAt { get; init; }

    /// <summary>The exit code of a process that ended.</summary>
    public int? ExitCode { get; init; }

    /// <summary>The addresses.</summary>
    public ImmutableArray<ResourceUrl> Urls { get; init; } = [];

    /// <summary>The environment of the process.</summary>
    public ImmutableArray<ResourceVariable> Environment { get; init; } = [];

    /// <summary>The results of the health checks; empty when the resource has none.</summary>
    public ImmutableArray<ResourceHealth> HealthReports { get; init; } = [];

    /// <summary>Everything else: <c>executable.path</c>, <c>executable.pid</c>, <c>project.path</c>, <c>resource.connectionString</c> …</summary>
    public ImmutableArray<ResourceDetail> Properties { get; init; } = [];

    /// <summary>Whom it refers to, waits for or belongs to (by name in the model).</summary>
    public ImmutableArray<ResourceRelationship> Relationships { get; init; } = [];

    /// <summary>Whether start, stop and restart make sense for it.</summary>
    public bool HasProcess { get; init; }

    /// <summary>Running, and every health check passed.</summary>
    public bool IsHealthy => State == KnownResourceStates.Running && HealthReports.All(report => report.Healthy == true);
}

/// <summary>An address of a resource.</summary>
/// <param name="EndpointName">The endpoint it comes from, or null for an additional link.</param>
/// <param name="Url">The address.</param>
/// <param name="DisplayText">What to show instead of it.</param>
/// <param name="IsInternal">Whether it is of no use to a person.</param>
public sealed record ResourceUrl(string? EndpointName, string Url, string? DisplayText = null, bool IsInternal = false);

/// <summary>An environment variable.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">Its value.</param>
/// <param name="IsFromSpec">Whether the model set it (else it was inherited).</param>
/// <param name="IsSecret">Whether it must be masked.</param>
public sealed record ResourceVariable(string Name, string? Value, bool IsFromSpec, bool IsSecret);

/// <summary>The result of a health check.</summary>
/// <param name="Key">The check's name.</param>
/// <param name="Healthy">Null before the first run.</param>
/// <param name="Description">What was seen.</param>
/// <param name="CheckedAt">When.</param>
public sealed record ResourceHealth(string Key, bool? Healthy, string Description, DateTimeOffset? CheckedAt);

/// <summary>A property in the dashboard's detail view.</summary>
/// <param name="Name">The well-known name, such as <c>executable.pid</c>.</param>
/// <param name="Value">The value; several for arguments.</param>
/// <param name="IsSecret">Whether it must be masked.</param>
public sealed record ResourceDetail(string Name, ImmutableArray<string> Value, bool IsSecret = false);

/// <summary>A relationship to another resource.</summary>
/// <param name="ResourceName">The other's name in the model.</param>
/// <param name="Type">Parent, Reference or WaitFor.</param>
public sealed record ResourceRelationship(string ResourceName, string Type);
