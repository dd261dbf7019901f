using System.Text.Json;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.UserService.Data;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Users;

/// <summary>A user's own profile.</summary>
internal sealed record ProfileResponse(
    Guid Id, string Username, string? Email, bool IsAdmin, bool IsActive, IReadOnlyList<string> Roles, JsonElement Preferences,
    DateTimeOffset? LastLogin, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt)
{
    public static ProfileResponse From(User user) => new(
        user.Id, user.Username, user.Email, user.IsAdmin, user.IsActive, user.RoleNames,
        JsonSerializer.Deserialize<JsonElement>(user.Preferences), user.LastLogin, user.CreatedAt, user.UpdatedAt);
}

internal static class GetMe
{
    public static async Task<Results<Ok<ProfileResponse>, ProblemHttpResult>> HandleAsync(
        UsersDbContext db, CurrentUser caller, CancellationToken cancellationToken) =>
        await db.Users.AsNoTracking().Include(user => user.Roles).SingleOrDefaultAsync(user => user.Id == caller.Id, cancellationToken) is { } user
            ? TypedResults.Ok(ProfileResponse.From(user))
            : UserNotFound.NoProfileYet();
}
