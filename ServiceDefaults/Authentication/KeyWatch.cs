using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace McpPlatform.ServiceDefaults.Authentication;

/// <summary>
/// Once a second: are the keys at hand still those that AuthService announces? In Redis where that answers, which is also how an outage of Redis is found to
/// be over; else at AuthService. So a removed key is refused within two seconds, whatever else was asked for, and nothing waits for this.
/// </summary>
internal sealed partial class KeyWatch(
    RevocationList list, IRevocationTruth truth, IConfigurationManager<OpenIdConnectConfiguration> keys, TimeProvider time, ILogger<KeyWatch> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1), time);
        var listening = false;
        do
        {
            try
            {
                listening = listening || await list.TryListenAsync();
                var announced = await list.ReadKeysAsync() ?? (await truth.AskAsync([], stoppingToken)).Keys;
                await (keys is PlatformKeys remote ? remote.RefreshToAsync(announced) : Task.CompletedTask);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                LogNotKnown(exception);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    [LoggerMessage(41, LogLevel.Debug, "Neither Redis nor AuthService says which keys are valid; the ones at hand stay in use")]
    private partial void LogNotKnown(Exception exception);
}
