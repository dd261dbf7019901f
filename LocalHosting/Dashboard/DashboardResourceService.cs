using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace McpPlatform.LocalHosting.Dashboard;

/// <summary>The gRPC server on loopback that the dashboard reads the resources from.</summary>
internal sealed class DashboardResourceService(
    string applicationName, ResourceNotificationService notifications, ResourceLogs logs, ResourceCommands commands) : IAsyncDisposable
{
    private const string ApiKeyHeader = "x-resource-service-api-key";
    private WebApplication? _app;

    /// <summary>Starts the server on a free port; the dashboard must send <paramref name="apiKey"/>. Returns the address.</summary>
    public async Task<string> StartAsync(string apiKey, CancellationToken cancellationToken)
    {
        // Empty: the AppHost's own ASPNETCORE_URLS, appsettings.json and console log are not this server's.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(1));
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(services => new DashboardService(
            applicationName, notifications, logs, commands, services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping));

        _app = builder.Build();
        var expected = Encoding.UTF8.GetBytes(apiKey);
        _app.Use((context, next) =>
        {
            // Everybody on this machine can reach the port, and what is behind it starts processes and holds passwords.
            if (CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(context.Request.Headers[ApiKeyHeader].ToString()), expected))
            {
                return next(context);
            }

            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return Task.CompletedTask;
        });
        _app.MapGrpcService<DashboardService>();
        await _app.StartAsync(cancellationToken);
        return _app.Urls.Single();
    }

    /// <summary>Ends the streams, then the server.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            await _app.StopAsync();
            await _app.DisposeAsync();
        }
    }

    /// <summary>The default one takes Ctrl-C and SIGTERM for itself; they are the AppHost's.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
