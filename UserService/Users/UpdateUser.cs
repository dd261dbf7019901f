using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;

namespace McpPlatform.UserService.Users;

/// <summary>What others change about a user; what is left out stays.</summary>
public sealed record UpdateUserRequest
{
    /// <summary>The address; null takes it away.</summary>
    [EmailAddress(ErrorMessage = "email must be an e-mail address.")]
    [StringLength(UserConfiguration.MaxEmailLength, MinimumLength = 3, ErrorMessage = "email must have 3 to 254 characters.")]
    [RegularExpression(UserConfiguration.PlainText, ErrorMessage = "email may hold no control characters.")]
    public string? Email
    {
        get;
        init
        {
            field = value;
            HasEmail = true;
        }
    }

    /// <summary>False ends the user's access at once; true brings it back, also to who was deleted and is not forgotten yet.</summary>
    public bool? IsActive { get; init; }

    internal bool HasEmail { get; private init; }
}

internal static class UpdateUser
{
    public static Task<Results<Ok<UserResponse>, ProblemHttpResult>> HandleAsync(
        Guid id, UpdateUserRequest request, ChangeUser change, CancellationToken cancellationToken) =>
        change.ApplyAsync(
            id,
            "users.update",
            state => new UserState(request.HasEmail ? request.Email : state.Email, request.IsActive ?? state.IsActive, state.IsDeleted && request.IsActive != true),
            cancellationToken);
}
