using System.Collections.Concurrent;
using McpPlatform.McpService.Data;
using McpPlatform.McpService.Upstream;
using McpPlatform.ServiceDefaults.Secrets;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.McpService.Credentials.OAuth;

/// <summary>For whom a server is asked.</summary>
/// <param name="User">The user; null for the platform itself.</param>
/// <param name="AccessToken">The user's token of the platform, for an exchange; it goes nowhere else.</param>
internal sealed record TokenOwner(Guid? User, string? AccessToken)
{
    public override string ToString() => User?.ToString() ?? "platform";
}

/// <summary>
/// Access tokens for MCP servers. They are renewed shortly before they end, by one caller at one replica while the others wait; what an authorization server
/// refused for good is not asked again.
/// </summary>
internal sealed partial class UpstreamTokens(IServiceScopeFactory scopes, TokenGrants grants, SecretProtector protector, TimeProvider time, ILogger<UpstreamTokens> logger)
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(2), Pause = TimeSpan.FromSeconds(5);
    private readonly ConcurrentDictionary<(Guid Server, Guid? User), Known> known = new();

    /// <summary>The token to show a server; null when it is to be shown none.</summary>
    /// <param name="server">The server.</param>
    /// <param name="owner">For whom.</param>
    /// <param name="refused">A token that the server has just refused: another one is wanted.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="UpstreamException">Somebody has to log in first, or the authorization server cannot be used.</exception>
    public async ValueTask<string?> GetAsync(UpstreamServer server, TokenOwner owner, string? refused, CancellationToken cancellationToken)
    {
        if (server.Auth is not { } auth || (server.NeedsUsersCredential && owner.User is null))
        {
            return null;
        }

        var key = (server.Id, server.NeedsUsersCredential ? owner.User : null);
        var now = time.GetUtcNow();
        if (known.TryGetValue(key, out var seen) && seen.Server == server && seen.Until > now && (refused is null || seen.Token != refused))
        {
            return seen.Token ?? throw seen.Failure!;
        }

        Forget(now);
        try
        {
            var row = await ObtainAsync(server, auth, key.Item2, owner, refused, cancellationToken);
            var fresh = now + Fresh < row.RenewAt || row.RenewAt is null ? now + Fresh : row.RenewAt.Value;
            var token = row.Tokens(protector).AccessToken;
            known[key] = new(server, token, null, fresh);
            return token;
        }
        catch (OAuthException exception)
        {
            LogFailed(server.Name, exception.Message, exception);
            throw Remember(key, server, UpstreamFailure.Unauthorized, $"has an authorization server that {exception.Message}");
        }
        catch (NeedsLoginException exception)
        {
            throw new UpstreamException(UpstreamFailure.NeedsLogin, exception.Message);
        }
        catch (SecretUnreadableException exception)
        {
            throw new UpstreamException(UpstreamFailure.NeedsLogin, $"has stored tokens that cannot be decrypted: {HowTo(server)}", exception);
        }
    }

    /// <summary>What to do when somebody has to log in.</summary>
    public static string HowTo(UpstreamServer server) => server.NeedsUsersCredential
        ? $"log in with POST /api/mcp/servers/{server.Name}/login"
        : $"who manages it has to log in with POST /api/mcp/servers/{server.Name}/login";

    private async Task<UpstreamToken> ObtainAsync(UpstreamServer server, UpstreamAuth auth, Guid? user, TokenOwner owner, string? refused, CancellationToken cancellationToken)
    {
        await using (var scope = scopes.CreateAsyncScope())
        {
            var db = scope.ServiceProvider.GetRequiredService<McpDbContext>();
            if (await FindAsync(db, server.Id, user, cancellationToken) is { } stored && IsGood(stored, refused))
            {
                return stored;
            }
        }

        return await RenewAsync(server, auth, user, owner, refused, cancellationToken);
    }

    private bool IsGood(UpstreamToken token, string? refused) =>
        token.Lapsed is null && (token.RenewAt is null || token.RenewAt > time.GetUtcNow()) && (refused is null || token.Tokens(protector).AccessToken != refused);

    // The lock is in the database, so that no other replica shows the same refresh token: servers take a second use for theft. It is let go with the transaction,
    // also when this process dies; then the old token is still in the row, and a server that has seen it twice asks for a new login.
    private async Task<UpstreamToken> RenewAsync(UpstreamServer server, UpstreamAuth auth, Guid? user, TokenOwner owner, string? refused, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<McpDbContext>();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock(hashtextextended({$"mcp.token|{server.Id}|{user}"}, 0))", cancellationToken);
        var row = await db.UpstreamTokens.AsTracking().SingleOrDefaultAsync(token => token.ServerId == server.Id && token.UserId == user, cancellationToken);
        if (row is not null && IsGood(row, refused))
        {
            return row;
        }

        try
        {
            // Not with the caller's token: what was begun at the authorization server is finished and stored, whoever hangs up.
            var tokens = await AskAsync(server, auth, owner, row, CancellationToken.None);
            var now = time.GetUtcNow();
            if (row is null)
            {
                row = UpstreamToken.Create(server.Id, user, now);
                db.Add(row);
            }

            row.Set(protector, tokens, now);
        }
        catch (OAuthException exception) when (row is not null && auth.Type == AuthTypes.AuthorizationCode && exception.Error is "invalid_grant")
        {
            row.Lapse("The authorization server does not renew the login any more.", time.GetUtcNow());
        }
        catch (OAuthException exception) when (exception.IsOutage && row is { Lapsed: null, ExpiresAt: { } end } && end > time.GetUtcNow() && refused is null)
        {
            // It still opens the door; the next one asks again.
            LogFailed(server.Name, exception.Message, exception);
            return row;
        }

        await db.SaveChangesAsync(CancellationToken.None);
        await transaction.CommitAsync(CancellationToken.None);
        return row.Lapsed is null ? row : throw NeedsLogin(server, row.Lapsed);
    }

    private async Task<TokenSet> AskAsync(UpstreamServer server, UpstreamAuth auth, TokenOwner owner, UpstreamToken? row, CancellationToken cancellationToken) => auth.Type switch
    {
        AuthTypes.ClientCredentials => await grants.OfClientAsync(server, auth, cancellationToken),
        AuthTypes.TokenExchange => await grants.ExchangeAsync(server, auth, owner.AccessToken ?? throw new NeedsLoginException("is only spoken to for somebody who is logged in"), cancellationToken),
        _ when row is null => throw NeedsLogin(server, null),
        _ when row.Lapsed is { } cause => throw NeedsLogin(server, cause),
        _ when row.Tokens(protector) is { RefreshToken: not null } tokens => await grants.RefreshAsync(tokens, cancellationToken),
        _ => throw NeedsLogin(server, "The login has ended, and it cannot be renewed."),
    };

    private static NeedsLoginException NeedsLogin(UpstreamServer server, string? cause) => new(cause is null ? $"needs a login: {HowTo(server)}" : $"needs a new login ({cause.TrimEnd('.')}): {HowTo(server)}");

    private static Task<UpstreamToken?> FindAsync(McpDbContext db, Guid server, Guid? user, CancellationToken cancellationToken) =>
        db.UpstreamTokens.AsNoTracking().SingleOrDefaultAsync(token => token.ServerId == server && token.UserId == user, cancellationToken);

    // An authorization server that is down is not asked by every call.
    private UpstreamException Remember((Guid, Guid?) key, UpstreamServer server, UpstreamFailure failure, string sentence)
    {
        var exception = new UpstreamException(failure, sentence);
        known[key] = new(server, null, exception, time.GetUtcNow() + Pause);
        return exception;
    }

    private void Forget(DateTimeOffset now)
    {
        if (known.Count > 10_000)
        {
            foreach (var (key, _) in known.Where(pair => pair.Value.Until <= now))
            {
                known.TryRemove(key, out _);
            }
        }
    }

    [LoggerMessage(1460, LogLevel.Warning, "No access token for the MCP server {Server}: its authorization server {Cause}")]
    private partial void LogFailed(string server, string cause, Exception exception);

    private sealed record Known(UpstreamServer Server, string? Token, UpstreamException? Failure, DateTimeOffset Until);

    private sealed class NeedsLoginException(string sentence) : Exception(sentence);
}
