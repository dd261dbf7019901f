using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace McpPlatform.LocalHosting.Dashboard;

/// <summary>The gRPC server on loopback that the dashboard reads the resources from.</summary>
internal sealed class DashboardResourceService(
    string applicationName, ResourceNotificationService notifications, ResourceLogs logs, ResourceCommands commands) : IAsyncDisposable
{
    private WebApplication? _app;

    internal (string, ResourceNotificationService, ResourceLogs, ResourceCommands) Sources => (applicationName, notifications, logs, commands);

    /// <summary>Starts the server on a free port; the dashboard must send <paramref name="apiKey"/>. Returns the address.</summary>
    public async Task<string> StartAsync(string apiKey, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        Microsoft.AspNetCore.Hosting.WebHostBuilderKestrelExtensions.ConfigureKestrel(builder.WebHost, kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        _app = builder.Build();
        await _app.StartAsync(cancellationToken);
        return _app.Urls.Single();
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            await _app.DisposeAsync();
        }
    }
}
