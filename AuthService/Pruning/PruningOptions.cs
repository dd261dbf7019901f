using McpPlatform.AuthService.Tokens;
using Microsoft.Extensions.Options;

namespace McpPlatform.AuthService.Pruning;

/// <summary>How long what has ended is kept, in days, 1 to 3650 each. Text, so that a wrong value becomes a sentence.</summary>
internal sealed class PruningOptions
{
    public const string Section = "Pruning";

    /// <summary>Sessions after their last token has expired, so that what the audit trail says of them can be looked up.</summary>
    public string EndedSessionDays { get; set; } = "30";

    /// <summary>API keys after their end.</summary>
    public string ExpiredApiKeyDays { get; set; } = "30";

    /// <summary>What a user once allowed a client: then the client has to ask again.</summary>
    public string ConsentDays { get; set; } = "365";

    /// <summary>Clients that introduced themselves, after the last user let them in. Those that nobody ever let in go after a day.</summary>
    public string UnusedClientDays { get; set; } = "365";

    public TimeSpan EndedSessions => Days(EndedSessionDays);

    public TimeSpan ExpiredApiKeys => Days(ExpiredApiKeyDays);

    public TimeSpan Consents => Days(ConsentDays);

    public TimeSpan UnusedClients => Days(UnusedClientDays);

    private static TimeSpan Days(string text) => TimeSpan.FromDays(TokensOptions.Number(text));
}

internal sealed class PruningOptionsValidator : IValidateOptions<PruningOptions>
{
    public ValidateOptionsResult Validate(string? name, PruningOptions options)
    {
        (string Key, string Value)[] settings =
        [
            (nameof(options.EndedSessionDays), options.EndedSessionDays), (nameof(options.ExpiredApiKeyDays), options.ExpiredApiKeyDays),
            (nameof(options.ConsentDays), options.ConsentDays), (nameof(options.UnusedClientDays), options.UnusedClientDays),
        ];
        var failures = settings.Where(setting => TokensOptions.Number(setting.Value) is < 1 or > 3650)
            .Select(setting => $"Pruning__{setting.Key} is '{setting.Value}', but must be a whole number of days from 1 to 3650.").ToList();
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }
}
