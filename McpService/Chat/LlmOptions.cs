using System.Globalization;
using McpPlatform.McpService.BuiltIn;
using McpPlatform.ServiceDefaults.Outbound;
using Microsoft.Extensions.Options;

namespace McpPlatform.McpService.Chat;

/// <summary>The language model of the chat; off without an address.</summary>
internal sealed class LlmOptions
{
    public const string UrlKey = "LLM_BASE_URL", KeyKey = "LLM_API_KEY", ModelKey = "LLM_MODEL", ModelsKey = "LLM_MODELS", MaxStepsKey = "LLM_MAX_STEPS", TimeoutKey = "LLM_TIMEOUT_SECONDS";

    /// <summary>The API's base, to which <c>/chat/completions</c> is appended.</summary>
    public string? BaseUrl { get; set; }

    /// <summary>The API's key; local servers often want none.</summary>
    public string? ApiKey { get; set; }

    /// <summary>The model to use when a request names none.</summary>
    public string? Model { get; set; }

    /// <summary>The models that requests may name; with none of them listed, any.</summary>
    public IReadOnlyList<string> Models { get; set; } = [];

    /// <summary>How often the model may be asked for one answer; 1 to 100.</summary>
    public string MaxSteps { get; set; } = "10";

    /// <summary>How long the model may take for one step, in seconds; 1 to 600.</summary>
    public string TimeoutSeconds { get; set; } = "120";

    public bool IsConfigured => !string.IsNullOrEmpty(BaseUrl);

    public int Steps => int.Parse(MaxSteps, CultureInfo.InvariantCulture);

    public TimeSpan Timeout => TimeSpan.FromSeconds(int.Parse(TimeoutSeconds, CultureInfo.InvariantCulture));
}

internal sealed class LlmOptionsSetup(IConfiguration configuration) : IConfigureOptions<LlmOptions>
{
    public void Configure(LlmOptions options)
    {
        options.BaseUrl = configuration[LlmOptions.UrlKey];
        options.ApiKey = configuration[LlmOptions.KeyKey];
        options.Model = configuration[LlmOptions.ModelKey];
        options.Models = (configuration[LlmOptions.ModelsKey] ?? string.Empty).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        options.MaxSteps = configuration[LlmOptions.MaxStepsKey] is { Length: > 0 } steps ? steps : options.MaxSteps;
        options.TimeoutSeconds = configuration[LlmOptions.TimeoutKey] is { Length: > 0 } seconds ? seconds : options.TimeoutSeconds;
    }
}

internal sealed class LlmOptionsValidator : IValidateOptions<LlmOptions>
{
    public ValidateOptionsResult Validate(string? name, LlmOptions options)
    {
        List<string> failures = [];
        if (options.IsConfigured)
        {
            // No value is repeated: it may be a secret in the wrong place.
            if (!BuiltInAddresses.TryParse(options.BaseUrl, out _))
            {
                failures.Add($"{LlmOptions.UrlKey} must be {BuiltInAddresses.Sentence}, such as https://llm.example.com/v1.");
            }

            if (string.IsNullOrWhiteSpace(options.Model) || options.Model.Any(char.IsControl))
            {
                failures.Add($"{LlmOptions.ModelKey} must be the name of a model of that address.");
            }

            if (options.ApiKey?.Any(character => character is < '!' or > '~') == true)
            {
                failures.Add($"{LlmOptions.KeyKey} must be visible ASCII characters.");
            }
        }

        Check(failures, LlmOptions.MaxStepsKey, options.MaxSteps, 100);
        Check(failures, LlmOptions.TimeoutKey, options.TimeoutSeconds, 600);
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    private static void Check(List<string> failures, string key, string value, int most)
    {
        if (!int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number < 1 || number > most)
        {
            failures.Add($"{key} is '{value}', but must be a whole number from 1 to {most}.");
        }
    }
}

/// <summary>The operator names this address, and that allows it, private or not.</summary>
internal sealed class LlmAddress(IOptions<LlmOptions> llm) : IConfigureOptions<OutboundOptions>
{
    public void Configure(OutboundOptions options) => BuiltInAddresses.Allow(options, llm.Value.BaseUrl);
}
