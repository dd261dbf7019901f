using Google.Protobuf.WellKnownTypes;
using McpPlatform.LocalHosting.Dashboard.Protocol;

namespace McpPlatform.LocalHosting.Dashboard;

/// <summary>A snapshot in the dashboard's words.</summary>
internal static class ResourceDescription
{
    public const string Start = "start";
    public const string Stop = "stop";
    public const string Restart = "restart";

    private const string Parent = "Parent";
    private const string ParentName = "resource.parentName";
    private const string ExitCode = "resource.exitCode";
    private const string Arguments = "executable.args";

    public static Protocol.Resource Of(ResourceSnapshot snapshot, ResourceNotificationService notifications)
    {
        var resource = new Protocol.Resource
        {
            Name = snapshot.Name,
            DisplayName = snapshot.ResourceName,
            ResourceType = snapshot.ResourceType,
            Uid = snapshot.Name,
            State = snapshot.State,
            CreatedAt = Time(snapshot.CreatedAt),
            StartedAt = Time(snapshot.StartedAt),
            StoppedAt = Time(snapshot.StoppedAt),
            Environment = { snapshot.Environment.Select(Variable) },
            Urls = { snapshot.Urls.Select((url, order) => Address(url, order, snapshot)) },
            HealthReports = { snapshot.HealthReports.Select(Health) },
            Properties = { snapshot.Properties.Where(one => one.Name is not ExitCode and not ParentName).Select(Property) },
            Relationships = { snapshot.Relationships.Select(one => new Protocol.ResourceRelationship { ResourceName = one.ResourceName, Type = one.Type }) },
            Commands = { snapshot.HasProcess ? Commands(snapshot.State) : [] },
        };
        if (snapshot.StateStyle is { } style)
        {
            resource.StateStyle = style;
        }

        if (snapshot.ExitCode is { } exitCode)
        {
            resource.Properties.Add(new ResourceProperty { Name = ExitCode, Value = Value.ForNumber(exitCode) });
        }

        // The dashboard nests a row under the parent's instance, the model knows the parent by its name.
        if (snapshot.Relationships.FirstOrDefault(one => one.Type == Parent) is { } parent
            && notifications.Of(parent.ResourceName).FirstOrDefault() is { } instance)
        {
            resource.Properties.Add(new ResourceProperty { Name = ParentName, Value = Value.ForString(instance.Name) });
        }

        return resource;
    }

    private static IEnumerable<ResourceCommand> Commands(string state)
    {
        var hasEnded = KnownResourceStates.IsTerminal(state);
        var isOff = state != KnownResourceStates.Running;
        yield return Command(Start, "Start", "Start the process", "Play", isDisabled: false, isHidden: !hasEnded);
        yield return Command(Stop, "Stop", "Stop the process", "Stop", isOff, isHidden: hasEnded);
        yield return Command(Restart, "Restart", "Stop the process and start it anew", "ArrowCounterclockwise", isOff, isHidden: false);
    }

    private static ResourceCommand Command(
        string name, string displayName, string description, string icon, bool isDisabled, bool isHidden) => new()
    {
        Name = name,
        DisplayName = displayName,
        DisplayDescription = description,
        IconName = icon,
        IconVariant = name == Restart ? IconVariant.Regular : IconVariant.Filled,
        IsHighlighted = name != Restart,
        State = isHidden ? ResourceCommandState.Hidden : isDisabled ? ResourceCommandState.Disabled : ResourceCommandState.Enabled,
    };

    private static EnvironmentVariable Variable(ResourceVariable variable)
    {
        var described = new EnvironmentVariable { Name = variable.Name, IsFromSpec = variable.IsFromSpec };
        if (variable.Value is { } value)
        {
            described.Value = value;
        }

        return described;
    }

    private static Url Address(ResourceUrl url, int order, ResourceSnapshot snapshot)
    {
        // The page shows the highest order first.
        var described = new Url
        {
            FullUrl = url.Url,
            IsInternal = url.IsInternal,
            IsInactive = snapshot.HasProcess && snapshot.State != KnownResourceStates.Running,
            DisplayProperties = new() { SortOrder = -order, DisplayName = url.DisplayText ?? "" },
        };
        if (url.EndpointName is { } endpoint)
        {
            described.EndpointName = endpoint;
        }

        return described;
    }

    private static HealthReport Health(ResourceHealth health)
    {
        var report = new HealthReport { Key = health.Key, Description = health.Description, LastRunAt = Time(health.CheckedAt) };
        if (health.Healthy is { } healthy)
        {
            report.Status = healthy ? HealthStatus.Healthy : HealthStatus.Unhealthy;
        }

        return report;
    }

    private static ResourceProperty Property(ResourceDetail detail) => new()
    {
        Name = detail.Name,
        Value = detail.Value.Length == 1 && detail.Name != Arguments
            ? Value.ForString(detail.Value[0])
            : Value.ForList([.. detail.Value.Select(Value.ForString)]),
        IsSensitive = detail.IsSecret,
    };

    private static Timestamp? Time(DateTimeOffset? time) => time is { } known ? Timestamp.FromDateTimeOffset(known) : null;
}
