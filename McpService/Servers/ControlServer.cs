using System.Diagnostics;
using System.Text.Json.Nodes;
using McpPlatform.Contracts.Messages;
using McpPlatform.McpService.Access;
using McpPlatform.McpService.Catalogue;
using McpPlatform.McpService.Data;
using McpPlatform.McpService.Health;
using McpPlatform.McpService.Relay;
using McpPlatform.McpService.Tools;
using McpPlatform.McpService.Upstream;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Messaging;
using Microsoft.AspNetCore.Http.HttpResults;

namespace McpPlatform.McpService.Servers;

/// <summary>What a server said of itself.</summary>
/// <param name="ProtocolVersion">The revision of MCP that was negotiated.</param>
/// <param name="Capabilities">What it can, as it said it.</param>
/// <param name="ServerInfo">Its name and version.</param>
/// <param name="Instructions">How it wants to be used.</param>
/// <param name="ElapsedMs">How long it took, in milliseconds.</param>
internal sealed record ConnectServerResponse(string ProtocolVersion, JsonObject Capabilities, JsonObject? ServerInfo, string? Instructions, double ElapsedMs);

/// <summary>What a server lists.</summary>
/// <param name="Tools">How many tools it lists.</param>
/// <param name="Approved">How many of them can be used; the others wait for approval.</param>
/// <param name="ElapsedMs">How long it took, in milliseconds.</param>
internal sealed record RefreshServerResponse(int Tools, int Approved, double ElapsedMs);

/// <summary>Parts that these need.</summary>
internal sealed record ControlServices(
    McpDbContext Db, ServerAccess Access, CurrentUser User, ActivityLog Activities, UpstreamSessions Sessions, ToolCatalogue Catalogue, Registry Registry, SweepSignal Sweep, RelayCallers Callers, TimeProvider Time);

/// <summary>Speaks to a server now, or ends what is spoken.</summary>
internal static class ControlServer
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    /// <summary>Opens a conversation with the server, or uses the one that is open, and says what it said of itself.</summary>
    public static Task<Results<Ok<ConnectServerResponse>, ProblemHttpResult>> ConnectAsync(string id, [AsParameters] ControlServices services, CancellationToken cancellationToken) =>
        SpeakAsync(id, "mcp.servers.connect", services, async (server, owner, start, token) =>
            await services.Sessions.UseAsync(server, owner, async leg =>
            {
                // A conversation that is open may be dead; and not every server knows ping.
                await (leg.Profile.Has("tools") ? leg.RequestAsync("tools/list", [], token) : leg.PingAsync(token));
                return new ConnectServerResponse(
                    leg.ProtocolVersion, leg.Profile.Capabilities.DeepClone().AsObject(), leg.Profile.ServerInfo?.DeepClone().AsObject(), leg.Profile.Instructions, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            }, token), cancellationToken);

    /// <summary>Asks the server for its tools, and notes them.</summary>
    public static Task<Results<Ok<RefreshServerResponse>, ProblemHttpResult>> RefreshAsync(string id, [AsParameters] ControlServices services, CancellationToken cancellationToken) =>
        SpeakAsync(id, "mcp.servers.refresh", services, async (server, owner, start, token) =>
        {
            var (approved, listed) = await services.Catalogue.RefreshAsync(server, owner, token);
            await services.Registry.RefreshAsync(token);
            return new RefreshServerResponse(listed, approved.Count, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }, cancellationToken);

    /// <summary>Ends all conversations with the server, at every replica, processes included. The next request begins a new one.</summary>
    public static async Task<Results<NoContent, ProblemHttpResult>> DisconnectAsync(string id, [AsParameters] ControlServices services, CancellationToken cancellationToken)
    {
        var (server, refusal) = await services.Access.FindToManageAsync(id, "mcp.servers.disconnect", cancellationToken);
        if (server is null)
        {
            return refusal!;
        }

        await using var transaction = await services.Db.Database.BeginTransactionAsync(cancellationToken);
        await services.Db.EndSessionsAsync(server.Id, services.Time.GetUtcNow(), cancellationToken);
        services.Db.AddToOutbox(services.Activities.Create("mcp.servers.disconnect", ActivityOutcomes.Succeeded, "mcp_server", server.Name));
        await services.Db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        await services.Registry.RefreshAsync(cancellationToken);
        services.Sweep.Wake();
        return TypedResults.NoContent();
    }

    private static async Task<Results<Ok<T>, ProblemHttpResult>> SpeakAsync<T>(
        string id, string action, ControlServices services, Func<UpstreamServer, SessionOwner, long, CancellationToken, Task<T>> speak, CancellationToken cancellationToken)
    {
        var (server, refusal) = await services.Access.FindToManageAsync(id, action, cancellationToken);
        if (server is null)
        {
            return refusal!;
        }

        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(Timeout);
        try
        {
            var upstream = server.ToUpstream();
            return TypedResults.Ok(await speak(upstream, SessionOwner.For(upstream, services.User.Id, services.Callers.Current().AccessToken), Stopwatch.GetTimestamp(), timeout.Token));
        }
        catch (Exception exception) when (ToolCallFailure.From(exception, server.Name, Timeout, cancellationToken) is { } failure)
        {
            return failure.ToProblem();
        }
    }
}
