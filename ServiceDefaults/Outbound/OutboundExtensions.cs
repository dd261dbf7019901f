using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace McpPlatform.ServiceDefaults.Outbound;

/// <summary>Connections to addresses that users give.</summary>
public static class OutboundExtensions
{
    /// <summary>Adds the <see cref="OutboundGuard"/>, which follows <c>OUTBOUND_ALLOW</c>.</summary>
    /// <param name="builder">The service.</param>
    public static void AddOutboundGuard(this WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<OutboundOptions>().ValidateOnStart();
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IConfigureOptions<OutboundOptions>, OutboundOptionsSetup>());
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<OutboundOptions>, OutboundOptionsValidator>());
        builder.Services.TryAddSingleton<HostResolver>((host, cancellationToken) => Dns.GetHostAddressesAsync(host, cancellationToken));
        builder.Services.TryAddSingleton<OutboundGuard>();
    }

    /// <summary>
    /// Sends a client's requests through the guard: no proxy, no redirects, no cookies, no names of the platform's own services, and nothing repeated.
    /// A refusal is a <see cref="HttpRequestException"/> around an <see cref="OutboundRefusedException"/>.
    /// </summary>
    /// <param name="http">The client.</param>
    /// <returns>The client.</returns>
    public static IHttpClientBuilder UseOutboundGuard(this IHttpClientBuilder http) => http
        .ConfigurePrimaryHttpMessageHandler(provider =>
        {
            var guard = provider.GetRequiredService<OutboundGuard>();
            return new SocketsHttpHandler
            {
                ConnectCallback = async (context, cancellationToken) => await guard.ConnectAsync(context.DnsEndPoint.Host, context.DnsEndPoint.Port, cancellationToken),
                ConnectTimeout = TimeSpan.FromSeconds(5),

                // A connection that stays open is not asked again: after a minute the name is.
                PooledConnectionLifetime = TimeSpan.FromMinutes(1),
                UseProxy = false,
                AllowAutoRedirect = false,
                UseCookies = false,
            };
        })
        .ConfigureAdditionalHttpMessageHandlers((handlers, _) => handlers.Clear());
}
