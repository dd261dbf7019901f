using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using McpPlatform.EndToEnd.Tests.OAuth;
using McpPlatform.LocalHosting;
using McpPlatform.LocalHosting.Testing;

[assembly: AssemblyFixture(typeof(McpPlatform.EndToEnd.Tests.Platform))]
[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace McpPlatform.EndToEnd.Tests;

/// <summary>The whole platform as AppHost describes it, on throw-away data, two replicas of each service, with the dashboard; an admin is logged in.</summary>
public sealed class Platform : IAsyncLifetime
{
    public const string AdminPassword = "an admin's long passphrase";

    private DistributedApplication? app;
    private IDistributedApplicationBuilder? model;

    /// <summary>What the services export over OTLP.</summary>
    internal Secrets.TelemetryCollector Telemetry { get; } = new();

    public Uri Gateway => app!.GetEndpoint("gateway");

    /// <summary>Where an OAuth client describes itself.</summary>
    public DocumentHost Documents { get; private set; } = null!;

    public string AdminToken { get; private set; } = string.Empty;

    /// <summary>Ports of this machine that McpService may connect to.</summary>
    public IReadOnlyList<int> FixturePorts { get; } = [FreePort(), FreePort(), FreePort()];

    /// <summary>The address of a service behind the Gateway's back.</summary>
    public Uri Service(string name) => app!.GetEndpoint(name);

    public async ValueTask InitializeAsync()
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.Gateway>(["--Replicas", "2"], timeout.Token);

        // All tests come from one address and a few users; the limits have tests of their own.
        var gateway = builder.CreateResourceBuilder(builder.Resources.OfType<ProjectResource>().Single(resource => resource.Name == "gateway"));
        foreach (var limit in (string[])["PerUserPerMinute", "PerAddressPerMinute", "LoginsPerAddressPerMinute"])
        {
            gateway.WithEnvironment($"RateLimits__{limit}", "1000000");
        }

        // A client's document lies on this machine, which is allowed and trusted for that one port.
        Documents = await DocumentHost.StartAsync();
        builder.CreateResourceBuilder(builder.Resources.OfType<ProjectResource>().Single(resource => resource.Name == "authservice"))
            .WithEnvironment("OUTBOUND_ALLOW", "localhost:" + Documents.ClientId.Port.ToString(System.Globalization.CultureInfo.InvariantCulture)).WithEnvironment("SSL_CERT_FILE", Documents.CertificateFile);

        // Where the conformance tests put their fixture servers.
        builder.CreateResourceBuilder(builder.Resources.OfType<ProjectResource>().Single(resource => resource.Name == "mcpservice"))
            .WithEnvironment("OUTBOUND_ALLOW", string.Join(',', FixturePorts.Select(port => $"localhost:{port.ToString(System.Globalization.CultureInfo.InvariantCulture)}"))).WithEnvironment("DatabaseTools__Enabled", "true");
        // Databases of the tests are on this machine, at ports that nobody knows yet.
        builder.CreateResourceBuilder(builder.Resources.OfType<ProjectResource>().Single(resource => resource.Name == "userservice"))
            .WithEnvironment("OUTBOUND_ALLOW", "localhost:*");

        await Telemetry.StartAsync();
        foreach (var project in builder.Resources.OfType<ProjectResource>().ToList())
        {
            builder.CreateResourceBuilder(project)
                .WithEnvironment("OTEL_EXPORTER_OTLP_ENDPOINT", Telemetry.Address).WithEnvironment("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
                .WithEnvironment("OTEL_BSP_SCHEDULE_DELAY", "500").WithEnvironment("OTEL_BLRP_SCHEDULE_DELAY", "500");
        }

        model = builder;
        app = builder.Build();
        await app.StartAsync(timeout.Token);
        await app.ResourceNotifications.WaitForResourceHealthyAsync("gateway", timeout.Token);
        var password = builder.Resources.OfType<ParameterResource>().Single(parameter => parameter.Name == "first-admin-password");
        await SendAsync(HttpMethod.Post, "/api/auth/bootstrap", body: new { password = await password.GetValueAsync(timeout.Token), new_password = AdminPassword });
        AdminToken = (await LogInAsync("admin", AdminPassword)).AccessToken;
    }

    public async ValueTask DisposeAsync()
    {
        if (app is not null)
        {
            await app.DisposeAsync();
        }

        if (Documents is not null)
        {
            await Documents.DisposeAsync();
        }

        await Telemetry.DisposeAsync();
    }

    /// <summary>A port that UserService may connect to and that nothing listens at: no name has to be looked up for a connection that fails.</summary>
    public static int ClosedPort { get; } = FreePort();

    private static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>The connection string of a server or a database.</summary>
    public async Task<string> ConnectionStringAsync(string name) => (await app!.GetConnectionStringAsync(name))!;

    /// <summary>Every line that the services have written so far, with the name of the instance.</summary>
    public async Task<List<(string Instance, string Line)>> LogsAsync()
    {
        var projects = model!.Resources.OfType<ProjectResource>().Select(project => project.Name).ToHashSet();
        List<(string, string)> lines = [];
        foreach (var instance in app!.ResourceNotifications.Snapshots.Where(snapshot => projects.Contains(snapshot.ResourceName)))
        {
            await foreach (var line in app.Logs.ReadAsync(instance.Name, follow: false))
            {
                lines.Add((instance.Name, line.Text));
            }
        }

        return lines;
    }

    /// <summary>Runs a command of the console, as an operator would.</summary>
    /// <returns>Its exit code, and what it says.</returns>
    public async Task<(int ExitCode, string Said)> AdminAsync(params string[] command)
    {
        var secret = model!.Resources.OfType<ParameterResource>().Single(parameter => parameter.Name == "jwt-secret-key");
        var program = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "AuthService", new DirectoryInfo(AppContext.BaseDirectory).Name, "AuthService.dll"));
        using var process = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("dotnet", [program, "admin", .. command])
        {
            UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true,
            Environment = { ["ConnectionStrings__authdb"] = await ConnectionStringAsync("authdb"), ["JWT_SECRET_KEY"] = await secret.GetValueAsync() },
        })!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, await output + await error);
    }

    /// <summary>Asks the Gateway, or another address; fails unless the answer is a success.</summary>
    public async Task<JsonElement> SendAsync(HttpMethod method, string path, string? token = null, object? body = null)
    {
        using var response = await TryAsync(method, path, token, body);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{method} {path} answered {(int)response.StatusCode}: {text}");
        return text.Length == 0 ? default : JsonDocument.Parse(text).RootElement;
    }

    /// <summary>The same, whatever the answer.</summary>
    public async Task<HttpResponseMessage> TryAsync(HttpMethod method, string path, string? token = null, object? body = null, Uri? at = null)
    {
        using var client = new HttpClient { BaseAddress = at ?? Gateway };
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        return await client.SendAsync(request);
    }

    public async Task<(string AccessToken, string RefreshToken)> LogInAsync(string username, string password)
    {
        var login = await SendAsync(HttpMethod.Post, "/api/login", body: new { username, password });
        return (login.GetProperty("access_token").GetString()!, login.GetProperty("refresh_token").GetString()!);
    }

    /// <summary>A new user with the given roles, logged in.</summary>
    public async Task<(Guid Id, string Username, string Password, string Token, string RefreshToken)> NewUserAsync(params string[] roles)
    {
        var username = $"user-{Guid.CreateVersion7():N}"[..24];
        var password = Guid.CreateVersion7().ToString();
        var made = await SendAsync(HttpMethod.Post, "/api/users", AdminToken, roles.Length == 0 ? new { username, password } : new { username, password, roles });
        var (token, refreshToken) = await LogInAsync(username, password);
        return (made.GetProperty("id").GetGuid(), username, password, token, refreshToken);
    }

    /// <summary>Looks until a condition holds.</summary>
    public static async Task<T> EventuallyAsync<T>(TimeSpan within, Func<Task<T?>> look, string what)
        where T : class
    {
        for (var until = DateTime.UtcNow + within; DateTime.UtcNow < until;)
        {
            if (await look() is { } found)
            {
                return found;
            }

            await Task.Delay(100);
        }

        throw new TimeoutException($"Not within {within.TotalSeconds} s: {what}");
    }
}
