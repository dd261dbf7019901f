using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Messages;
using McpPlatform.McpService.Access;
using McpPlatform.McpService.Data;
using McpPlatform.ServiceDefaults.Messaging;

namespace McpPlatform.McpService.Relay;

/// <summary>Puts on record what an MCP client was refused.</summary>
internal sealed class Denials(IServiceScopeFactory scopes)
{
    private static readonly TimeSpan WriteTimeout = TimeSpan.FromSeconds(10);

    public Task RecordAsync(RelayCall call, string server, AccessDecision decision) =>
        RecordAsync(call.Caller, "mcp." + call.Method.Replace('/', '.'), "mcp_server", server, decision);

    public async Task RecordAsync(RelayCaller caller, string action, string targetType, string target, AccessDecision decision)
    {
        using var timeout = new CancellationTokenSource(WriteTimeout);
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<McpDbContext>();
        var details = new Dictionary<string, string>(StringComparer.Ordinal) { ["error"] = "access" };
        decision.Describe(details);
        db.AddToOutbox(scope.ServiceProvider.GetRequiredService<ActivityLog>().Create(action, ActivityOutcomes.Denied, targetType, Targets.Of(target)) with
        {
            UserId = caller.User.Id, Username = caller.User.Username, ClientIp = caller.ClientIp, Details = details,
        });
        await db.SaveChangesAsync(timeout.Token);
    }
}
