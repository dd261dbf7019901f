using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using McpPlatform.Contracts.Messages;
using McpPlatform.McpService.Access;
using McpPlatform.McpService.Catalogue;
using McpPlatform.McpService.Data;
using McpPlatform.McpService.Relay;
using McpPlatform.McpService.Tools;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Secrets;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.McpService.Approvals;

/// <summary>Approvals in the database, where every replica finds them and each is used up once.</summary>
internal sealed class ApprovalStore(IServiceScopeFactory scopes, SecretProtector protector, TimeProvider time)
{
    /// <summary>Uses up an approval that somebody gave for this call, if there is one.</summary>
    /// <returns>Its id; null when there is none.</returns>
    public async Task<Guid?> UseAsync(RelayCall call, Guid server, string tool, string argumentsHash, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var now = time.GetUtcNow();
        var used = await scope.ServiceProvider.GetRequiredService<McpDbContext>().Database.SqlQuery<Guid>(
            $"""
            UPDATE mcp.tool_approvals SET state = {Approval.Used}
            WHERE id = (
                SELECT id FROM mcp.tool_approvals
                WHERE user_id = {call.Caller.User.Id} AND server_id = {server} AND tool = {tool} AND arguments_hash = {argumentsHash} AND state = {Approval.Approved} AND expires_at > {now}
                ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED)
            RETURNING id
            """).ToListAsync(cancellationToken);
        return used is [var id] ? id : null;
    }

    /// <summary>The question that is open for this call, or a new one.</summary>
    public async Task<Guid> AskAsync(RelayCall call, RegisteredServer server, string tool, JsonObject arguments, string argumentsHash, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var (db, now, user) = (scope.ServiceProvider.GetRequiredService<McpDbContext>(), time.GetUtcNow(), call.Caller.User);
        var open = await db.Approvals.Where(row => row.UserId == user.Id && row.ServerId == server.Upstream.Id && row.Tool == tool && row.ArgumentsHash == argumentsHash && row.State == Approval.Pending && row.ExpiresAt > now)
            .Select(row => (Guid?)row.Id).FirstOrDefaultAsync(cancellationToken);
        if (open is { } known)
        {
            return known;
        }

        var id = Guid.CreateVersion7(now);
        db.Add(Approval.Ask(
            id, server.Upstream.Id, tool, user.Id, user.Username, argumentsHash, protector.Protect(Encoding.UTF8.GetBytes(arguments.ToJsonString()), Approval.Context(id)), now));
        db.AddToOutbox(scope.ServiceProvider.GetRequiredService<ActivityLog>().Create("mcp.approvals.ask", ActivityOutcomes.Succeeded, "tool", Targets.Of(server.Name, tool), newValues: new { ApprovalId = id, ArgumentsHash = argumentsHash }) with
        {
            UserId = user.Id, Username = user.Username, ClientIp = call.Caller.ClientIp,
        });
        await db.SaveChangesAsync(cancellationToken);
        return id;
    }

    /// <summary>The caller's own answer to the question, given in the middle of the call: it is used up, or denied.</summary>
    /// <returns>False when it was not open any more.</returns>
    public async Task<bool> AnswerAsync(Guid id, Guid user, bool approve, string target, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var (db, now) = (scope.ServiceProvider.GetRequiredService<McpDbContext>(), time.GetUtcNow());
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (await db.Approvals.Where(row => row.Id == id && row.UserId == user && (row.State == Approval.Pending || row.State == Approval.Approved) && row.ExpiresAt > now)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.State, approve ? Approval.Used : Approval.Denied).SetProperty(row => row.DecidedBy, user).SetProperty(row => row.DecidedAt, now), cancellationToken) == 0)
        {
            return false;
        }

        db.AddToOutbox(scope.ServiceProvider.GetRequiredService<ActivityLog>().Create(
            approve ? "mcp.approvals.approve" : "mcp.approvals.deny", ActivityOutcomes.Succeeded, "tool", target, newValues: new { ApprovalId = id, InTheCall = true }) with { UserId = user });
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }
}

/// <summary>What an approval is bound to.</summary>
internal static class ApprovedArguments
{
    public static string Hash(JsonObject arguments) => CanonicalJson.Hash(JsonSerializer.SerializeToElement(arguments));
}
