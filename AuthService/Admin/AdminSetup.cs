namespace McpPlatform.AuthService.Admin;

/// <summary>The console's commands.</summary>
internal static class AdminSetup
{
    public static void AddAdmin(this WebApplicationBuilder builder)
    {
        builder.Services.AddScoped<AccountAdministration>();
        builder.Services.AddScoped<KeyAdministration>();
        builder.Services.AddScoped<ImportAccounts>();
        builder.Services.AddScoped<NewBootstrapSecret>();
    }
}
