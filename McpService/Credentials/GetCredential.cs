using McpPlatform.Contracts.Identity;
using McpPlatform.McpService.Access;
using McpPlatform.McpService.Data;
using McpPlatform.McpService.Servers;
using McpPlatform.ServiceDefaults.Authentication;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.McpService.Credentials;

/// <summary>What a server is shown for the caller. Values are never told.</summary>
/// <param name="Owner"><c>server</c>: one credential for everybody; <c>user</c>: each user stores one.</param>
/// <param name="State"><c>none</c> (none is stored, and none is asked for), <c>stored</c>, or <c>needs_login</c>: the caller has to store one.</param>
/// <param name="Server">The server's own.</param>
/// <param name="Me">The caller's own.</param>
internal sealed record CredentialResponse(string Owner, string State, StoredCredential? Server, StoredCredential? Me);

/// <summary>Headers that are stored.</summary>
/// <param name="HeaderNames">Their names.</param>
/// <param name="UpdatedAt">When they were stored.</param>
internal sealed record StoredCredential(IReadOnlyList<string> HeaderNames, DateTimeOffset UpdatedAt)
{
    public static StoredCredential? Of(UpstreamCredential? row) => row is null ? null : new(row.HeaderNames, row.UpdatedAt);
}

internal static class GetCredential
{
    public static async Task<Results<Ok<CredentialResponse>, ProblemHttpResult>> HandleAsync(
        string id, McpDbContext db, ServerAccess access, CurrentUser user, CancellationToken cancellationToken) =>
        await access.FindAsync(id, Permissions.McpToolsCall, cancellationToken) is { } server
            ? TypedResults.Ok(await ReadAsync(db, server, user.Id, cancellationToken))
            : ServerQueries.NotFound();

    public static async Task<CredentialResponse> ReadAsync(McpDbContext db, Server server, Guid user, CancellationToken cancellationToken)
    {
        var rows = await db.Credentials.AsNoTracking().Where(row => row.ServerId == server.Id && (row.UserId == null || row.UserId == user)).ToListAsync(cancellationToken);
        var (own, mine) = (rows.Find(row => row.UserId is null), rows.Find(row => row.UserId == user));
        var state = mine is not null || (own is not null && server.CredentialOwner == CredentialOwners.Server) ? "stored" : server.CredentialOwner == CredentialOwners.User ? "needs_login" : "none";
        return new(server.CredentialOwner, state, StoredCredential.Of(own), StoredCredential.Of(mine));
    }
}
