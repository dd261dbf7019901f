using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Options;
using StackExchange.Redis;
using Yarp.ReverseProxy.Forwarder;
using IServer = Microsoft.AspNetCore.Hosting.Server.IServer;

namespace McpPlatform.McpService.Protocol;

/// <summary>Where this replica is reached by the others.</summary>
internal sealed class ReplicaOptions
{
    public const string Section = "Replica";

    /// <summary>The address of this very replica, such as <c>http://10.0.3.7:8080</c>; found out where it is not set.</summary>
    public string? Address { get; set; }
}

internal sealed class ReplicaOptionsValidator : IValidateOptions<ReplicaOptions>
{
    public ValidateOptionsResult Validate(string? name, ReplicaOptions options) =>
        options.Address is null || (Uri.TryCreate(options.Address, UriKind.Absolute, out var url) && url.Scheme is "http" or "https")
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail("Replica__Address must be the http or https address at which the other replicas reach this one.");
}

/// <summary>
/// The sessions of the older revisions live in the replica that opened them. Whatever stands before the replicas may send a session's request to any of them: this
/// one hands it on to where the session is. A replica that has ended answers nothing, and then the session is unknown: the client starts another one.
/// </summary>
internal sealed class SessionHomes(IConnectionMultiplexer redis, IServer server, IOptions<ReplicaOptions> options, IHttpForwarder forwarder, TimeProvider time) : IDisposable
{
    /// <summary>On a request that was handed on: it is not handed on again.</summary>
    private const string Forwarded = "X-Mcp-Replica";

    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(1), Cached = TimeSpan.FromSeconds(30);
    private readonly ConcurrentDictionary<string, (string Address, long At)> known = new(StringComparer.Ordinal);
    private readonly HttpMessageInvoker client = new(new SocketsHttpHandler
    {
        UseProxy = false, AllowAutoRedirect = false, UseCookies = false, AutomaticDecompression = DecompressionMethods.None, ConnectTimeout = TimeSpan.FromSeconds(2),
        ActivityHeadersPropagator = null,
    });

    private readonly Lazy<string> own = new(() => options.Value.Address?.TrimEnd('/') ?? Find(server));

    /// <summary>Says where a session is. To be said again while it is used.</summary>
    public async Task KeepAsync(string session)
    {
        try
        {
            await redis.GetDatabase().StringSetAsync(Key(session), own.Value, Lifetime);
        }
        catch (RedisException)
        {
            // Without Redis a session works where its requests happen to come; else its client starts another one.
        }
    }

    public Task ForgetAsync(string session) => redis.GetDatabase().KeyDeleteAsync(Key(session), CommandFlags.FireAndForget);

    /// <summary>Hands a request on to the replica that has its session.</summary>
    /// <returns>False when nobody is known to have it, or who had it does not answer.</returns>
    public async Task<bool> TryForwardAsync(HttpContext context, string session)
    {
        if (context.Request.Headers.ContainsKey(Forwarded) || await FindHomeAsync(session) is not { } home || home == own.Value)
        {
            return false;
        }

        context.Request.Headers[Forwarded] = "1";
        var error = await forwarder.SendAsync(context, home, client, new ForwarderRequestConfig { ActivityTimeout = Timeout.InfiniteTimeSpan }, HttpTransformer.Empty);
        if (error != ForwarderError.Request || context.Response.HasStarted)
        {
            return true;
        }

        known.TryRemove(session, out _);
        context.Response.Clear();
        return false;
    }

    public void Dispose() => client.Dispose();

    private async Task<string?> FindHomeAsync(string session)
    {
        if (known.TryGetValue(session, out var home) && time.GetElapsedTime(home.At) < Cached)
        {
            return home.Address;
        }

        string? address;
        try
        {
            address = await redis.GetDatabase().StringGetAsync(Key(session));
        }
        catch (RedisException)
        {
            return null;
        }

        if (address is null)
        {
            return null;
        }

        if (known.Count > 10_000)
        {
            known.Clear();
        }

        known[session] = (address, time.GetTimestamp());
        return address;
    }

    private static string Key(string session) => $"mcp:session:{session}";

    // A server that listens on all addresses is reached at the host's own.
    private static string Find(IServer server)
    {
        var address = BindingAddress.Parse(server.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault(text => text.StartsWith("http:", StringComparison.Ordinal))
            ?? throw new InvalidOperationException("The service listens on no http address: set Replica__Address."));
        var host = address.Host is "*" or "+" or "[::]" or "0.0.0.0"
            ? Dns.GetHostAddresses(Dns.GetHostName()).FirstOrDefault(ip => ip.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(ip))?.ToString() ?? "127.0.0.1"
            : address.Host;
        return $"http://{host}:{address.Port}";
    }
}
