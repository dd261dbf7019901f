using System.Net;
using System.Net.Sockets;
using McpPlatform.ServiceDefaults.Outbound;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace McpPlatform.ServiceDefaults.Tests;

/// <summary>Addresses that users give: only public ones, and those that the operator listed, at the moment of connecting.</summary>
public sealed class OutboundTests : IAsyncLifetime
{
    private readonly TcpListener canary = new(IPAddress.IPv6Any, 0);
    private int hits;

    private int Port => ((IPEndPoint)canary.LocalEndpoint).Port;

    public ValueTask InitializeAsync()
    {
        canary.Server.DualMode = true;
        canary.Start();
        _ = AcceptAsync();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        canary.Dispose();
        return ValueTask.CompletedTask;
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.1")]
    [InlineData("127.255.255.254")]
    [InlineData("2130706433")]
    [InlineData("0x7f000001")]
    [InlineData("0x7f.0.0.1")]
    [InlineData("017700000001")]
    [InlineData("0177.0.0.01")]
    [InlineData("localhost")]
    [InlineData("LOCALHOST.")]
    [InlineData("0.0.0.0")]
    [InlineData("0")]
    [InlineData("[::1]")]
    [InlineData("::1")]
    [InlineData("[::]")]
    [InlineData("0:0:0:0:0:0:0:1")]
    [InlineData("[::ffff:127.0.0.1]")]
    [InlineData("[::ffff:7f00:1]")]
    [InlineData("[::127.0.0.1]")]
    [InlineData("[64:ff9b::127.0.0.1]")]
    [InlineData("[64:ff9b:1::127.0.0.1]")]
    [InlineData("[2002:7f00:1::]")]
    [InlineData("[2001:0:53aa:64c:0:0:80ff:fffe]")]
    [InlineData("10.0.0.1")]
    [InlineData("172.16.0.1")]
    [InlineData("172.31.255.255")]
    [InlineData("192.168.1.1")]
    [InlineData("3232235777")]
    [InlineData("100.64.0.1")]
    [InlineData("[fc00::1]")]
    [InlineData("[fd12:3456::1]")]
    [InlineData("[fec0::1]")]
    [InlineData("198.18.0.1")]
    [InlineData("192.0.2.1")]
    [InlineData("224.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("[ff02::1]")]
    [InlineData("[2001:db8::1]")]
    public async Task A_private_address_is_refused_in_every_notation(string host)
    {
        await RefusesAsync(Guard(), host);
        Assert.Equal(0, hits);
    }

    [Theory]
    [InlineData("169.254.169.254")]
    [InlineData("2852039166")]
    [InlineData("0xA9FEA9FE")]
    [InlineData("0251.0376.0251.0376")]
    [InlineData("[::ffff:169.254.169.254]")]
    [InlineData("[64:ff9b::a9fe:a9fe]")]
    [InlineData("[2002:a9fe:a9fe::1]")]
    [InlineData("[fd00:ec2::254]")]
    [InlineData("[fe80::1]")]
    [InlineData("[fe80::a9fe:a9fe%1]")]
    [InlineData("100.100.100.200")]
    [InlineData("168.63.129.16")]
    [InlineData("metadata.google.internal")]
    public async Task Metadata_is_refused_even_if_everything_is_allowed(string host)
    {
        var guard = Guard("0.0.0.0/0:*,[::]/0:*,::/0:*,metadata.google.internal:*", Always("169.254.169.254"));

        await RefusesAsync(guard, host);
    }

    [Theory]
    [InlineData("metadata")]
    [InlineData("METADATA.google.internal.")]
    [InlineData("metadata.goog")]
    [InlineData("instance-data.ec2.internal")]
    public async Task Names_of_metadata_servers_are_not_even_looked_up(string host)
    {
        var guard = Guard("0.0.0.0/0:*", (_, _) => throw new InvalidOperationException("It was looked up."));

        await RefusesAsync(guard, host);
    }

    [Fact]
    public async Task A_name_that_answers_differently_the_second_time_gains_nothing()
    {
        var asked = 0;
        var guard = Guard(resolve: (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse(Interlocked.Increment(ref asked) % 2 == 1 ? "203.0.114.9" : "127.0.0.1")]));

        for (var i = 0; i < 100; i++)
        {
            try
            {
                foreach (var address in await guard.ResolveAsync("rebind.example", Port))
                {
                    Assert.Equal("203.0.114.9", address.ToString());
                }

                // The second question is asked and decided anew, by the connection itself.
                await RefusesAsync(guard, "rebind.example");
            }
            catch (OutboundRefusedException)
            {
                Assert.Fail("The first answer was public.");
            }
        }

        Assert.Equal((200, 0), (asked, hits));
    }

    [Fact]
    public async Task One_connection_asks_once()
    {
        var asked = 0;
        var guard = Guard($"127.0.0.0/8:{Port}", (_, _) =>
        {
            asked++;
            return Always("127.0.0.1")(string.Empty, default);
        });

        await using var connection = await guard.ConnectAsync("db.example", Port);

        Assert.Equal(1, asked);
    }

    [Theory]
    [InlineData("203.0.114.9", "127.0.0.1")]
    [InlineData("10.0.0.1", "203.0.114.9")]
    [InlineData("2606:4700::1111", "::1")]
    public async Task One_private_address_among_the_answers_refuses_all(params string[] answers)
    {
        await RefusesAsync(Guard(resolve: Always(answers)), "mixed.example");
        Assert.Equal(0, hits);
    }

    [Theory]
    [InlineData("203.0.114.9")]
    [InlineData("1.1.1.1")]
    [InlineData("172.32.0.1")]
    [InlineData("2606:4700::1111")]
    [InlineData("64:ff9b::101:101")]
    public async Task Public_addresses_may_be_reached(string address) =>
        Assert.Equal(IPAddress.Parse(address), Assert.Single(await Guard(resolve: Always(address)).ResolveAsync("public.example", 443)));

    [Theory]
    [InlineData("127.0.0.1:{port}", "127.0.0.1")]
    [InlineData("127.0.0.1:*", "0x7f.1")]
    [InlineData("127.0.0.1:*", "[::ffff:127.0.0.1]")]
    [InlineData("127.0.0.0/8:{port}", "127.0.0.1")]
    [InlineData("db.example:1, localhost:{port}", "LocalHost.")]
    [InlineData("localhost:*", "localhost")]
    [InlineData("[::1]:{port}", "::1")]
    [InlineData("[::1/128]:*", "[::1]")]
    [InlineData("::1:{port}", "::1")]
    public async Task What_the_operator_lists_may_be_reached(string allow, string host)
    {
        await using var connection = await Guard(allow.Replace("{port}", $"{Port}", StringComparison.Ordinal), Always("127.0.0.1")).ConnectAsync(host, Port);

        Assert.True(connection.CanRead);
    }

    [Theory]
    [InlineData("127.0.0.1:1", "127.0.0.1")]
    [InlineData("127.0.0.2:*", "127.0.0.1")]
    [InlineData("10.0.0.0/8:*", "127.0.0.1")]
    [InlineData("localhost:*", "127.0.0.1")]
    [InlineData("localhost:*", "localhost.evil.example")]
    [InlineData("localhost:*", "evil.localhost")]
    [InlineData("localhost:1", "localhost")]
    public async Task What_the_list_does_not_say_it_does_not_allow(string allow, string host)
    {
        await RefusesAsync(Guard(allow, Always("127.0.0.1")), host);
        Assert.Equal(0, hits);
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("localhost:0")]
    [InlineData("localhost:65536")]
    [InlineData("localhost:http")]
    [InlineData(":80")]
    [InlineData("*:80")]
    [InlineData("http://localhost:80")]
    [InlineData("10.0.0.0/33:80")]
    public void A_wrong_list_stops_the_service_in_a_sentence(string entry)
    {
        var result = new OutboundOptionsValidator().Validate(null, With(entry));

        Assert.StartsWith($"OUTBOUND_ALLOW contains '{entry}', but must be", Assert.Single(result.Failures!), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_of_the_factory_connects_through_the_guard_and_follows_no_redirect()
    {
        var inside = new TcpListener(IPAddress.Loopback, 0);
        inside.Start();
        await using var redirecting = WebApplication.CreateSlimBuilder().Build();
        redirecting.Urls.Add("http://127.0.0.1:0");
        redirecting.MapGet("/", (HttpContext context) => context.Response.Redirect($"http://127.0.0.1:{Port}/"));
        await redirecting.StartAsync();
        var server = new Uri(redirecting.Urls.First());
        await using var services = Clients($"127.0.0.1:{server.Port}, 127.0.0.1:{Port}");
        using var client = services.GetRequiredService<IHttpClientFactory>().CreateClient("guarded");

        using var response = await client.GetAsync(server);

        Assert.Equal((HttpStatusCode.Redirect, 0), (response.StatusCode, hits));
        var refused = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync($"http://127.0.0.1:{((IPEndPoint)inside.LocalEndpoint).Port}/"));
        Assert.IsType<OutboundRefusedException>(refused.InnerException);
        Assert.False(inside.Pending());
        inside.Stop();
    }

    [Fact]
    public async Task A_client_of_the_factory_uses_no_proxy_and_keeps_no_connection_for_longer_than_a_minute()
    {
        await using var services = Clients(string.Empty);
        var handler = services.GetRequiredService<IHttpMessageHandlerFactory>().CreateHandler("guarded");
        while (handler is DelegatingHandler outer)
        {
            handler = outer.InnerHandler!;
        }

        var sockets = Assert.IsType<SocketsHttpHandler>(handler);
        Assert.InRange(sockets.PooledConnectionLifetime, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60));
        Assert.Equal((false, false, false), (sockets.UseProxy, sockets.AllowAutoRedirect, sockets.UseCookies));
    }

    private static OutboundOptions With(string allow)
    {
        var options = new OutboundOptions();
        foreach (var entry in allow.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            options.Allow.Add(entry);
        }

        return options;
    }

    private static HostResolver Always(params string[] addresses) => (_, _) => Task.FromResult<IPAddress[]>([.. addresses.Select(IPAddress.Parse)]);

    private static OutboundGuard Guard(string allow = "", HostResolver? resolve = null) =>
        new(Options.Create(With(allow)), resolve ?? ((host, cancellationToken) => Dns.GetHostAddressesAsync(host, cancellationToken)));

    private static ServiceProvider Clients(string allow)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["OUTBOUND_ALLOW"] = allow });
        builder.AddServiceDefaults();
        builder.AddOutboundGuard();
        builder.Services.AddHttpClient("guarded").UseOutboundGuard();
        return builder.Services.BuildServiceProvider();
    }

    private async Task RefusesAsync(OutboundGuard guard, string host)
    {
        var exception = await Assert.ThrowsAsync<OutboundRefusedException>(() => guard.ConnectAsync(host, Port));
        Assert.Equal($"{host}:{Port} may not be reached: only public addresses may be, and those that the operator lists in OUTBOUND_ALLOW.", exception.Message);
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                using var connection = await canary.AcceptTcpClientAsync();
                Interlocked.Increment(ref hits);
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }
}
