using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace McpPlatform.AuthService.Bootstrap;

/// <summary>The first admin.</summary>
internal static class BootstrapApi
{
    public static void AddBootstrap(this WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<BootstrapOptions>().Bind(builder.Configuration).ValidateOnStart();
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<BootstrapOptions>, BootstrapOptionsValidator>());
        builder.Services.AddHostedService<OpenBootstrapWindow>();
    }

    public static void MapBootstrapApi(this WebApplication app) =>
        app.MapPost("/api/auth/bootstrap", BootstrapAdmin.HandleAsync).WithTags("Auth").WithName("Bootstrap").AllowAnonymous();
}
