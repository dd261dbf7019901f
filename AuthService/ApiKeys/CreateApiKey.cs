using System.ComponentModel.DataAnnotations;
using McpPlatform.AuthService.Accounts;
using McpPlatform.AuthService.Data;
using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.AuthService.ApiKeys;

/// <summary>A new key.</summary>
public sealed record CreateApiKeyRequest
{
    /// <summary>What to call it, 1 to 100 characters.</summary>
    [Length(1, 100, ErrorMessage = "name must have 1 to 100 characters.")]
    public required string Name { get; init; }

    /// <summary>
    /// Permissions (<c>mcp.tools.call</c>), at least one, of those that the caller's token has; and, to limit the key to some resources, patterns of them:
    /// <c>server:…</c>, <c>tool:…</c>, <c>bundle:…</c>, <c>connection:…</c>.
    /// </summary>
    [Length(1, 64, ErrorMessage = "scopes must name 1 to 64 permissions and resources.")]
    public required IReadOnlyList<string> Scopes { get; init; }

    /// <summary>When it stops working: in the future, at most a year ahead. Without it: in 90 days.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }
}

/// <summary>A key that was just made.</summary>
/// <param name="Id">What deletes it.</param>
/// <param name="Name">What its owner calls it.</param>
/// <param name="Key">The key. Nobody can show it again.</param>
/// <param name="Scopes">What it may do, and on what.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="ExpiresAt">When it stops working.</param>
internal sealed record CreatedApiKey(Guid Id, string Name, string Key, IReadOnlyList<string> Scopes, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt);

internal static class CreateApiKey
{
    private static readonly TimeSpan DefaultLifetime = TimeSpan.FromDays(90);
    private static readonly TimeSpan MaxLifetime = TimeSpan.FromDays(366);

    public static async Task<Results<Created<CreatedApiKey>, ValidationProblem, ProblemHttpResult>> HandleAsync(
        CreateApiKeyRequest request, CurrentUser user, AuthDbContext db, ActivityLog activities, TimeProvider time, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var expiresAt = request.ExpiresAt?.ToUniversalTime() ?? now + DefaultLifetime;
        if (string.IsNullOrWhiteSpace(request.Name) || request.Name.Any(char.IsControl))
        {
            return ProblemExtensions.Invalid("name", "name must have letters, and no line breaks or other control characters.");
        }

        if (expiresAt <= now || expiresAt > now + MaxLifetime)
        {
            return ProblemExtensions.Invalid("expires_at", "expires_at must be in the future, and at most a year ahead.");
        }

        if (!TryRead(request.Scopes, out var permissions, out var limits, out var wrong))
        {
            return ProblemExtensions.Invalid("scopes", wrong);
        }

        if (permissions.Find(permission => !user.Permissions.Contains(permission)) is { } missing)
        {
            return ProblemExtensions.Problem(StatusCodes.Status403Forbidden, $"Your token does not have the permission '{missing}': a key can have no more than its maker.");
        }

        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (await db.LockAccountAsync(user.Id, cancellationToken) is not { IsActive: true })
        {
            return ProblemExtensions.Problem(StatusCodes.Status403Forbidden, "This account cannot have API keys.");
        }

        if (await db.ApiKeys.CountAsync(one => one.UserId == user.Id, cancellationToken) >= ApiKey.MaxPerUser)
        {
            return ProblemExtensions.Problem(StatusCodes.Status409Conflict, $"You have {ApiKey.MaxPerUser} API keys, and nobody may have more: delete one first.");
        }

        var (secret, publicName) = ApiKeyFormat.Create();
        var key = new ApiKey
        {
            Id = Guid.CreateVersion7(now), UserId = user.Id, Name = request.Name.Trim(), PublicName = publicName, Hash = ApiKeyFormat.Hash(secret),
            Permissions = permissions, Limits = limits, CreatedAt = now, ExpiresAt = expiresAt,
        };
        db.ApiKeys.Add(key);
        db.AddToOutbox(activities.Create(
            "auth.api_keys.create", ActivityOutcomes.Succeeded, "api_key", key.Id.ToString(), newValues: new { key.Name, Scopes = request.Scopes, key.ExpiresAt }));
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return TypedResults.Created((string?)null, new CreatedApiKey(key.Id, key.Name, secret, [.. permissions, .. limits], now, expiresAt));
    }

    private static bool TryRead(IReadOnlyList<string> scopes, out List<string> permissions, out List<string> limits, out string wrong)
    {
        (permissions, limits, wrong) = ([], [], string.Empty);
        foreach (var scope in scopes.Distinct(StringComparer.Ordinal))
        {
            if (scope is not null && Permissions.Catalogue.ContainsKey(scope))
            {
                permissions.Add(scope);
            }
            else if (ResourcePattern.TryParse(scope, out _))
            {
                limits.Add(scope);
            }
            else
            {
                wrong = "scopes has an entry that is neither a permission (GET /api/permissions lists them) nor a pattern like server:name, tool:server/*, bundle:name or connection:owner/name.";
                return false;
            }
        }

        wrong = "scopes must name at least one permission, such as mcp.tools.call: patterns alone allow nothing.";
        return permissions.Count > 0;
    }
}
