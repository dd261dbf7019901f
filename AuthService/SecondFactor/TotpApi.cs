using McpPlatform.AuthService.Data;
using McpPlatform.AuthService.Sessions;
using McpPlatform.ServiceDefaults.Secrets;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.AuthService.SecondFactor;

/// <summary>One's own second factor.</summary>
internal static class TotpApi
{
    public static void AddSecondFactor(this WebApplicationBuilder builder)
    {
        builder.AddStoredSecrets<AuthDbContext>("totp-secrets", db => db.TotpEnrollments.Select(one => one.SecretKey));
        builder.Services.AddScoped<Totp>();
        builder.Services.AddSingleton<RewrapTotpSecrets>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<RewrapTotpSecrets>());
    }

    public static void MapTotpApi(this WebApplication app)
    {
        var totp = app.MapGroup("/api/auth/totp").WithTags("Auth").RequireLogin();
        totp.MapPost("/enroll", EnrollTotp.HandleAsync).WithName("EnrollTotp").ProducesProblem(StatusCodes.Status409Conflict);
        totp.MapPost("/confirm", ConfirmTotp.HandleAsync).WithName("ConfirmTotp");
        totp.MapPost("/disable", DisableTotp.HandleAsync).WithName("DisableTotp").ProducesProblem(StatusCodes.Status404NotFound);
    }
}
