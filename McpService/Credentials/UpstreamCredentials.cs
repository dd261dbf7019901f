using McpPlatform.McpService.Data;
using McpPlatform.McpService.Upstream;
using McpPlatform.ServiceDefaults.Secrets;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.McpService.Credentials;

/// <summary>What a server is shown for whom. Asked when a conversation begins: when a credential changes, the conversations of its server begin anew.</summary>
internal sealed class UpstreamCredentials(IServiceScopeFactory scopes, SecretProtector protector)
{
    /// <summary>The headers for a user's conversation with a server, or for the platform's own.</summary>
    /// <exception cref="UpstreamException">The user has to store a credential first, or what is stored cannot be decrypted.</exception>
    public async Task<IReadOnlyDictionary<string, string>> HeadersAsync(UpstreamServer server, Guid? user, CancellationToken cancellationToken)
    {
        Dictionary<string, string> headers = new(StringComparer.OrdinalIgnoreCase);
        if (server.SessionsSince is null && !server.NeedsUsersCredential)
        {
            return headers;
        }

        await using var scope = scopes.CreateAsyncScope();
        var stored = await scope.ServiceProvider.GetRequiredService<McpDbContext>().Credentials.AsNoTracking()
            .Where(row => row.ServerId == server.Id && (row.UserId == null || row.UserId == user)).ToListAsync(cancellationToken);
        if (server is { NeedsUsersCredential: true, Auth: null } && user is not null && !stored.Exists(row => row.UserId == user))
        {
            throw new UpstreamException(UpstreamFailure.NeedsLogin, $"needs a credential of your own: store it with PUT /api/mcp/servers/{server.Name}/credential/me");
        }

        try
        {
            // One or the other: headers of a user's choice beside the server's secret (Sudo, Impersonate-User) would lend it to that user for whatever they say.
            foreach (var (name, value) in stored.OrderBy(row => row.UserId is null).FirstOrDefault()?.Headers(protector) ?? [])
            {
                headers[name] = value;
            }
        }
        catch (SecretUnreadableException exception)
        {
            throw new UpstreamException(UpstreamFailure.NeedsLogin, "has a stored credential that cannot be decrypted: it has to be entered again", exception);
        }

        return headers;
    }
}
