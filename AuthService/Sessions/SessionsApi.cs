using McpPlatform.AuthService.Tokens;

namespace McpPlatform.AuthService.Sessions;

/// <summary>Login, refresh, logout, and who one is.</summary>
internal static class SessionsApi
{
    private const long TokenRequestBytes = 8 * 1024;

    public static void AddSessions(this WebApplicationBuilder builder)
    {
        builder.Services.AddScoped<EndAccess>();
        builder.Services.AddScoped<Credentials>();
        builder.Services.AddScoped<TokenPrincipal>();
        builder.Services.AddSingleton<FailedLoginLimit>();
        builder.Services.AddSingleton<LoginTurns>();
    }

    public static void MapSessionsApi(this WebApplication app)
    {
        // OpenIddict has read and checked these requests before the handler runs; see Tokens.
        var tokens = app.MapGroup("").WithTags("Auth").AllowAnonymous().WithMetadata(new RequestLimit(TokenRequestBytes)).DisableAntiforgery();
        tokens.MapPost(FirstPartyEndpoints.Login, Exchange.HandleAsync).WithName("Login").DescribesLogin();
        tokens.MapPost(FirstPartyEndpoints.AuthLogin, Exchange.HandleAsync).WithName("AuthLogin").DescribesLogin();
        tokens.MapPost(FirstPartyEndpoints.Refresh, Exchange.HandleAsync).WithName("Refresh")
            .Accepts<RefreshBody>("application/json", "application/x-www-form-urlencoded").Produces<LoginResponse>().ProducesProblem(401);
        tokens.MapPost(FirstPartyEndpoints.Token, Exchange.HandleAsync).WithName("Token");

        var sessions = app.MapGroup("/api/auth").WithTags("Auth");
        sessions.MapPost("/logout", LogOut.HandleAsync).WithName("Logout");
        sessions.MapGet("/me", GetMe.HandleAsync).WithName("Me");

        var own = sessions.MapGroup("/sessions").RequireLogin();
        own.MapGet("", ListSessions.HandleAsync).WithName("ListSessions");
        own.MapDelete("/{id:guid}", EndSession.HandleAsync).WithName("EndSession").ProducesProblem(StatusCodes.Status404NotFound);
    }

    private static void DescribesLogin(this RouteHandlerBuilder route) => route
        .Accepts<LoginBody>("application/json", "application/x-www-form-urlencoded").Produces<LoginResponse>().ProducesProblem(401).ProducesProblem(429);

    private sealed class RequestLimit(long bytes) : Microsoft.AspNetCore.Http.Metadata.IRequestSizeLimitMetadata
    {
        public long? MaxRequestBodySize => bytes;
    }

    // For the OpenAPI document alone: the token server reads these bodies itself.
    private sealed record LoginBody(string Username, string Password, string? Otp);

    private sealed record RefreshBody(string RefreshToken);
}

/// <summary>The answer to a login, for the OpenAPI document.</summary>
internal sealed record LoginResponse(string AccessToken, string TokenType, int ExpiresIn, string RefreshToken, SessionUser User);

/// <summary>Who logged in.</summary>
internal sealed record SessionUser(Guid Id, string Username, string? Email, IReadOnlyList<string> Roles, IReadOnlyList<string> Permissions)
{
    public static SessionUser Of(Accounts.Account account) => new(account.Id, account.UserName!, account.Email, account.Roles, account.Permissions);
}
