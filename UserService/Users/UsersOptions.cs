using System.Globalization;
using Microsoft.Extensions.Options;

namespace McpPlatform.UserService.Users;

/// <summary>How users are kept.</summary>
internal sealed class UsersOptions
{
    public const string Section = "Users";

    /// <summary>Days from the deletion of a user to the end of everything personal, 1 to 3650. Text, so that a wrong value becomes a sentence.</summary>
    public string DeletedRetentionDays { get; set; } = "30";

    /// <summary>The same as a span; zero when it is none.</summary>
    public TimeSpan DeletedRetention => TimeSpan.FromDays(
        int.TryParse(DeletedRetentionDays, NumberStyles.None, CultureInfo.InvariantCulture, out var days) && days is >= 1 and <= 3650 ? days : 0);
}

internal sealed class UsersOptionsValidator : IValidateOptions<UsersOptions>
{
    public ValidateOptionsResult Validate(string? name, UsersOptions options) => options.DeletedRetention > TimeSpan.Zero
        ? ValidateOptionsResult.Success
        : ValidateOptionsResult.Fail($"Users__DeletedRetentionDays is '{options.DeletedRetentionDays}', but must be a whole number of days from 1 to 3650.");
}
