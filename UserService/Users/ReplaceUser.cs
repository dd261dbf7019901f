using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;

namespace McpPlatform.UserService.Users;

/// <summary>All that others may change about a user. Roles and password have routes of their own.</summary>
/// <param name="Email">The address; none when left out.</param>
/// <param name="IsActive">Whether the user may log in.</param>
public sealed record ReplaceUserRequest(
    [EmailAddress(ErrorMessage = "email must be an e-mail address.")]
    [StringLength(UserConfiguration.MaxEmailLength, MinimumLength = 3, ErrorMessage = "email must have 3 to 254 characters.")]
    [RegularExpression(UserConfiguration.PlainText, ErrorMessage = "email may hold no control characters.")]
    string? Email,
    [Required(ErrorMessage = "is_active must be true or false.")]
    bool? IsActive);

internal static class ReplaceUser
{
    public static Task<Results<Ok<UserResponse>, ProblemHttpResult>> HandleAsync(
        Guid id, ReplaceUserRequest request, ChangeUser change, CancellationToken cancellationToken) =>
        change.ApplyAsync(
            id, "users.update", state => new UserState(request.Email, request.IsActive!.Value, state.IsDeleted && !request.IsActive.Value), cancellationToken);
}
