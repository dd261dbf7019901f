using McpPlatform.ServiceDefaults.Authentication;

namespace McpPlatform.AuthService.Revocations;

/// <summary>Access tokens that ended before they expire.</summary>
internal static class RevocationsApi
{
    public static void AddRevocations(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<IRevocationTruth, DatabaseRevocations>();
        builder.Services.AddHostedService<RevocationKeeper>();
    }

    public static void MapRevocationsApi(this WebApplication app)
    {
        // Anonymous: a service asks it to find out whether a token may be trusted, its own among them. It says yes or no to ids that nobody can guess.
        app.MapPost("/internal/revocations/check", CheckRevocations.HandleAsync).WithTags("Internal").WithName("CheckRevocations").AllowAnonymous();
    }
}
