using System.Diagnostics.Metrics;

namespace McpPlatform.UserService.Telemetry;

/// <summary>What this service counts beyond its requests.</summary>
internal sealed class UserTelemetry
{
    private readonly Counter<long> created;
    private readonly Counter<long> grantsChanged;
    private readonly Counter<long> escalationsRefused;

    public UserTelemetry(IMeterFactory meters)
    {
        var meter = meters.Create("McpPlatform.Users");
        created = meter.CreateCounter<long>("mcpplatform.users.created", description: "Users created.");
        grantsChanged = meter.CreateCounter<long>("mcpplatform.users.grants_changed", description: "Changes of what a user may do.");
        escalationsRefused = meter.CreateCounter<long>(
            "mcpplatform.users.escalations_refused", description: "Attempts to give, take or touch permissions that the caller does not hold.");
    }

    public void UserCreated() => created.Add(1);

    public void GrantsChanged() => grantsChanged.Add(1);

    public void EscalationRefused(string action) => escalationsRefused.Add(1, new KeyValuePair<string, object?>("action", action));
}
