using System.Globalization;
using System.Net;
using System.Threading.RateLimiting;
using McpPlatform.Contracts.Identity;
using McpPlatform.Gateway.Telemetry;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.Options;
using Yarp.ReverseProxy.Model;

namespace McpPlatform.Gateway.RateLimits;

/// <summary>One token bucket per caller: the user where the token is valid, else the address.</summary>
internal static class RateLimiting
{
    /// <summary>The route's metadata that puts it under the limit for logins.</summary>
    public const string Metadata = "RateLimit", Logins = "logins";

    private enum Kind
    {
        None,
        User,
        Address,
        Login,
    }

    public static void AddRateLimits(this WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<RateLimitOptions>().BindConfiguration(RateLimitOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddRateLimiter(limiter =>
        {
            limiter.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
            limiter.OnRejected = (context, _) =>
            {
                context.HttpContext.RequestServices.GetRequiredService<GatewayTelemetry>().CountRefused("rate_limit");
                var wait = context.Lease.TryGetMetadata(MetadataName.RetryAfter, out var after) ? after : TimeSpan.FromSeconds(1);
                context.HttpContext.Response.Headers.RetryAfter = Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
                return ValueTask.CompletedTask;
            };
        });
        builder.Services.AddOptions<RateLimiterOptions>().Configure<IOptions<RateLimitOptions>>((limiter, options) =>
            limiter.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, (Kind, string)>(context => Partition(context, options.Value)));
    }

    private static RateLimitPartition<(Kind, string)> Partition(HttpContext context, RateLimitOptions options)
    {
        var caller = Identify(context);
        return caller.Kind switch
        {
            Kind.None => RateLimitPartition.GetNoLimiter(caller),
            Kind.User => RateLimitPartition.GetTokenBucketLimiter(caller, _ => Bucket(options.PerUserPerMinute)),
            Kind.Login => RateLimitPartition.GetTokenBucketLimiter(caller, _ => Bucket(options.LoginsPerAddressPerMinute)),
            _ => RateLimitPartition.GetTokenBucketLimiter(caller, _ => Bucket(options.PerAddressPerMinute)),
        };
    }

    private static (Kind Kind, string Key) Identify(HttpContext context)
    {
        if (context.Request.Path.Value is "/health" or "/alive")
        {
            return (Kind.None, string.Empty);
        }

        var route = context.GetEndpoint()?.Metadata.GetMetadata<RouteModel>()?.Config;
        if (route?.Metadata?.GetValueOrDefault(Metadata) == Logins)
        {
            return (Kind.Login, Address(context));
        }

        return context.User.Identity?.IsAuthenticated == true && context.User.FindFirst(PlatformClaims.Subject) is { } subject
            ? (Kind.User, subject.Value)
            : (Kind.Address, Address(context));
    }

    // A network of 64 bits is what one IPv6 household or machine gets: counting single addresses would count nothing.
    private static string Address(HttpContext context)
    {
        var address = context.Connection.RemoteIpAddress ?? IPAddress.None;
        return address is { AddressFamily: System.Net.Sockets.AddressFamily.InterNetworkV6, IsIPv4MappedToIPv6: false }
            ? Convert.ToHexString(address.GetAddressBytes().AsSpan(0, 8))
            : address.MapToIPv4().ToString();
    }

    private static TokenBucketRateLimiterOptions Bucket(int perMinute) => new()
    {
        TokenLimit = perMinute,
        TokensPerPeriod = 1,
        ReplenishmentPeriod = TimeSpan.FromMinutes(1) / perMinute,
        AutoReplenishment = true,
        QueueLimit = 0,
    };
}
