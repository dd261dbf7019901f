using System.Linq.Expressions;

namespace McpPlatform.UserService.Users;

/// <summary>A user as those see them who manage users: without preferences, which are the user's own.</summary>
internal sealed record UserResponse(
    Guid Id, string Username, string? Email, bool IsAdmin, bool IsActive, IReadOnlyList<string> Roles,
    DateTimeOffset? LastLogin, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, DateTimeOffset? DeletedAt)
{
    public static Expression<Func<User, UserResponse>> Projection { get; } = user => new UserResponse(
        user.Id, user.Username, user.Email, user.IsAdmin, user.IsActive, user.Roles.Select(role => role.RoleName).Order().ToList(),
        user.LastLogin, user.CreatedAt, user.UpdatedAt, user.DeletedAt);

    public static UserResponse From(User user) => new(
        user.Id, user.Username, user.Email, user.IsAdmin, user.IsActive, user.RoleNames, user.LastLogin, user.CreatedAt, user.UpdatedAt, user.DeletedAt);
}
