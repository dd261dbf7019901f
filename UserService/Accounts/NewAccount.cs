namespace McpPlatform.UserService.Accounts;

/// <summary>What AuthService needs for an account. No record: its text would carry the password into a log.</summary>
internal sealed class NewAccount
{
    public required Guid Id { get; init; }

    public required string Username { get; init; }

    public string? Email { get; init; }

    public required string Password { get; init; }

    public required IReadOnlyList<string> Roles { get; init; }

    public required IReadOnlyList<string> Permissions { get; init; }
}

/// <summary>How it went.</summary>
internal abstract record AccountCreation
{
    /// <summary>The account exists.</summary>
    /// <param name="Username">As AuthService made it canonical.</param>
    internal sealed record Created(string Username) : AccountCreation;

    /// <summary>The request was wrong; nothing was made.</summary>
    /// <param name="Status">400 or 409.</param>
    /// <param name="Detail">Why, in one sentence.</param>
    /// <param name="Errors">By field, for a 400.</param>
    internal sealed record Refused(int Status, string Detail, IDictionary<string, string[]>? Errors) : AccountCreation;

    /// <summary>AuthService gave no usable answer.</summary>
    internal sealed record Unavailable : AccountCreation;
}
