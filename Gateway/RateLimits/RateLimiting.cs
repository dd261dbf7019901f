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
        ApiKey,
    }

    public static void AddRateLimits(this WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<RateLimitOptions>().BindConfiguration(RateLimitOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton<SharedTokens>();
        builder.Services.AddSingleton<ApiKeyLimit>();
        builder.Services.AddRateLimiter(limiter =>
        {
            limiter.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
            limiter.OnRejected = (context, _) =>
            {
                context.HttpContext.RequestServices.GetRequiredService<GatewayTelemetry>().CountRefused("rate_limit");
                context.HttpContext.Response.Headers.RetryAfter = RetryAfter(context.Lease);
                return ValueTask.CompletedTask;
            };
        });
        builder.Services.AddOptions<RateLimiterOptions>().Configure<IOptions<RateLimitOptions>, SharedTokens, TimeProvider>((limiter, options, shared, time) =>
            limiter.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, (Kind, string)>(context => Partition(Identify(context), options.Value, shared, time)));
    }

    /// <summary>What to say in <c>Retry-After</c>, in seconds (RFC 9110 section 10.2.3).</summary>
    private static string RetryAfter(RateLimitLease lease)
    {
        var wait = lease.TryGetMetadata(MetadataName.RetryAfter, out var after) ? after : TimeSpan.FromSeconds(1);
        return Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
    }

    private static RateLimitPartition<(Kind, string)> Partition((Kind Kind, string Key) caller, RateLimitOptions options, SharedTokens shared, TimeProvider time)
    {
        if (caller.Kind == Kind.None)
        {
            return RateLimitPartition.GetNoLimiter(caller);
        }

        var perMinute = caller.Kind switch
        {
            Kind.User => options.PerUserPerMinute,
            Kind.Login or Kind.ApiKey => options.LoginsPerAddressPerMinute,
            _ => options.PerAddressPerMinute,
        };
        return RateLimitPartition.Get(caller, _ => new SharedTokenBucket($"{caller.Kind}:{caller.Key}", perMinute, shared, time));
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

    /// <summary>How many API keys that are not known here may be tried from one address: as many as logins.</summary>
    internal sealed class ApiKeyLimit(IOptions<RateLimitOptions> options, SharedTokens shared, TimeProvider time) : IAsyncDisposable
    {
        private readonly PartitionedRateLimiter<HttpContext> limiter = PartitionedRateLimiter.Create<HttpContext, (Kind, string)>(
            context => Partition((Kind.ApiKey, Address(context)), options.Value, shared, time));

        /// <summary>Counts one.</summary>
        /// <returns>The value of <c>Retry-After</c> when it was one too many, else null.</returns>
        public async ValueTask<string?> CountAsync(HttpContext context)
        {
            using var lease = await limiter.AcquireAsync(context, 1, context.RequestAborted);
            return lease.IsAcquired ? null : RetryAfter(lease);
        }

        public ValueTask DisposeAsync() => limiter.DisposeAsync();
    }
}
