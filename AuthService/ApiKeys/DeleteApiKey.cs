using McpPlatform.AuthService.Data;
using McpPlatform.AuthService.Sessions;
using McpPlatform.AuthService.Tokens;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Messaging;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace McpPlatform.AuthService.ApiKeys;

/// <summary>The end of a key, and of the tokens that were given for it.</summary>
internal static class DeleteApiKey
{
    public static async Task<Results<NoContent, NotFound>> HandleAsync(
        Guid id, CurrentUser user, AuthDbContext db, EndAccess endAccess, ActivityLog activities, RevocationList list, IOptions<TokensOptions> options,
        CancellationToken cancellationToken)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var name = await db.ApiKeys.Where(key => key.Id == id && key.UserId == user.Id).Select(key => key.Name).SingleOrDefaultAsync(cancellationToken);
        if (name is null || await db.ApiKeys.Where(key => key.Id == id).ExecuteDeleteAsync(cancellationToken) == 0)
        {
            return TypedResults.NotFound();
        }

        var fact = endAccess.OfApiKey(user.Id, id);
        db.AddToOutbox(activities.Create("auth.api_keys.delete", ActivityOutcomes.Succeeded, "api_key", id.ToString(), oldValues: new { Name = name }));
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        await ApplyRevocation.ApplyAsync(list, options.Value, fact);
        return TypedResults.NoContent();
    }
}
