using System.Text.Json;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace McpPlatform.UserService.Accounts;

/// <summary>The only folder that talks to AuthService.</summary>
internal static class AccountsSetup
{
    /// <summary>The HTTP client for AuthService.</summary>
    public const string HttpClientName = "authservice";

    /// <summary>How AuthService's answers are read. Unlike in requests, what is not known here is no error: it may be newer than we are.</summary>
    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web) { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public static void AddAccounts(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddOptions<AccountsOptions>().BindConfiguration(AccountsOptions.Section).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<AccountsOptions>, AccountsOptionsValidator>());
        services.AddHttpClient(HttpClientName, client => client.BaseAddress = new Uri("http://authservice"));
        services.TryAddSingleton<ServiceToken>();
        services.TryAddSingleton<AccountsClient>();
    }
}
