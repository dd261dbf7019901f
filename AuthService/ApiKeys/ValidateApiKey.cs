using System.Security.Claims;
using System.Security.Cryptography;
using McpPlatform.AuthService.Data;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Messaging;
using Microsoft.EntityFrameworkCore;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using OpenIddict.Server.AspNetCore;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace McpPlatform.AuthService.ApiKeys;

/// <summary>
/// The subject token of a token exchange (RFC 8693) is an API key, and nothing that the server made itself: looked up instead of decrypted. Every key that does
/// not work gets the same answer.
/// </summary>
internal sealed class ValidateApiKey(AuthDbContext db, ActivityLog activities, TimeProvider time) : IOpenIddictServerHandler<ValidateTokenContext>
{
    private static readonly TimeSpan RefusalsEvery = TimeSpan.FromMinutes(1);

    public async ValueTask HandleAsync(ValidateTokenContext context)
    {
        if (!context.ValidTokenTypes.Contains(ApiKeyFormat.TokenType))
        {
            return;
        }

        var key = ApiKeyFormat.TryParse(context.Token, out var name)
            ? await db.ApiKeys.AsNoTracking().SingleOrDefaultAsync(one => one.PublicName == name, context.CancellationToken)
            : null;
        var reason = key is null ? "unknown" : await WhyNotAsync(key, context.Token!, context.CancellationToken);
        if (key is null || reason is not null)
        {
            await AuditRefusalAsync(key, reason!);
            context.Reject(OpenIddictConstants.Errors.InvalidGrant, "The API key does not work: it is wrong, has expired or was deleted, or its owner may not log in.");
            return;
        }

        var identity = new ClaimsIdentity(OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
        identity.SetClaim(OpenIddictConstants.Claims.Subject, key.UserId.ToString()).SetClaim(PlatformClaims.SessionId, key.Id.ToString());
        context.Principal = new ClaimsPrincipal(identity).SetTokenType(ApiKeyFormat.TokenType);

        // A key names no client and no audience: it is its owner's.
        context.DisablePresenterValidation = context.DisableAudienceValidation = true;
    }

    private async Task<string?> WhyNotAsync(ApiKey key, string token, CancellationToken cancellationToken) =>
        !CryptographicOperations.FixedTimeEquals(ApiKeyFormat.Hash(token), key.Hash) ? "wrong"
        : key.ExpiresAt <= time.GetUtcNow() ? "expired"
        : !await db.Users.AnyAsync(one => one.Id == key.UserId && one.IsActive, cancellationToken) ? "owner_inactive"
        : null;

    // A program that goes on with a dead key asks again and again: once a minute is enough to know.
    private async Task AuditRefusalAsync(ApiKey? key, string reason)
    {
        if (key is null)
        {
            return;
        }

        var now = time.GetUtcNow();
        var before = now - RefusalsEvery;
        await using var transaction = await db.Database.BeginTransactionAsync();
        if (await db.ApiKeys.Where(one => one.Id == key.Id && (one.LastRefusedAt == null || one.LastRefusedAt < before))
            .ExecuteUpdateAsync(set => set.SetProperty(one => one.LastRefusedAt, now)) == 1)
        {
            db.AddToOutbox(activities.Create("auth.api_keys.use", ActivityOutcomes.Denied, "api_key", key.Id.ToString()) with
            {
                UserId = key.UserId, Details = new Dictionary<string, string>(StringComparer.Ordinal) { ["reason"] = reason },
            });
            await db.SaveChangesAsync();
            await transaction.CommitAsync();
        }
    }
}

/// <summary>A key is exchanged every few minutes: no row is kept of each token, which is ended by the key's id.</summary>
internal sealed class KeepNoEntryOfKeyTokens : IOpenIddictServerHandler<GenerateTokenContext>
{
    public ValueTask HandleAsync(GenerateTokenContext context)
    {
        if (context.Request?.IsTokenExchangeGrantType() == true)
        {
            context.CreateTokenEntry = false;
        }

        return ValueTask.CompletedTask;
    }
}
