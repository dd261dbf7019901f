using McpPlatform.AuthService.Sessions;
using McpPlatform.Contracts.Identity;
using McpPlatform.ServiceDefaults.Authorization;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace McpPlatform.AuthService.Accounts;

/// <summary>Accounts, for UserService alone: the Gateway does not route <c>/internal</c>.</summary>
internal static class AccountsApi
{
    public const string Prefix = "/internal/accounts";

    public static void AddAccounts(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddIdentityCore<Account>().AddEntityFrameworkStores<Data.AuthDbContext>();
        services.Replace(ServiceDescriptor.Singleton<IPasswordHasher<Account>, BcryptPasswordHasher>());
        services.AddSingleton<PasswordWork>();

        // Before the platform's own, which takes every exception for an error of ours.
        services.Insert(0, ServiceDescriptor.Singleton<IExceptionHandler, BusyProblem>());
        services.AddOptions<PasswordsOptions>().BindConfiguration(PasswordsOptions.Section).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<PasswordsOptions>, PasswordsOptionsValidator>());
    }

    public static void MapAccountsApi(this WebApplication app)
    {
        var accounts = app.MapGroup(Prefix).WithTags("Accounts").RequirePermission(Permissions.AccountsManage);
        accounts.MapPost("", CreateAccount.HandleAsync).WithName("CreateAccount");

        app.MapPost("/api/auth/change-password", ChangePassword.HandleAsync).WithTags("Auth").WithName("ChangePassword").RequireLogin()
            .ProducesProblem(StatusCodes.Status429TooManyRequests).ProducesProblem(StatusCodes.Status503ServiceUnavailable);
    }
}
