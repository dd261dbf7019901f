using McpPlatform.ServiceDefaults;
using McpPlatform.ServiceDefaults.Health;
using McpPlatform.ServiceDefaults.Http;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;

namespace McpPlatform.Architecture.Tests;

/// <summary>Every endpoint of every service, as it is mapped.</summary>
public sealed class EndpointTests
{
    /// <summary>What needs no token, and why: a new entry is a decision.</summary>
    private static readonly Dictionary<string, string> Anonymous = new(StringComparer.Ordinal)
    {
        ["/alive"] = "an orchestrator asks, before there is anybody to log in",
        ["/health"] = "the same",
        ["/metrics"] = "a scraper inside the network asks; the Gateway leads nobody to a service's, and asks for a permission at its own",
        ["/openapi/{documentName}.json"] = "tells what the API is, not what is in it",
        ["/openapi/v1.json"] = "the same, merged",
        ["/docs"] = "the page that shows it",
        ["/api/login"] = "is where a token comes from",
        ["/api/auth/login"] = "the same",
        ["/api/auth/refresh"] = "the refresh token is the proof",
        ["/api/auth/bootstrap"] = "there is no account yet; the one-time password is the proof",
        ["/internal/revocations/check"] = "asked to find out whether a token may be trusted; tells yes or no to ids that nobody can guess",
        ["/internal/browser-session"] = "McpService asks whose browser it is; the cookie of the login is the proof",
        ["/connect/identify"] = "a browser comes here to log in before it goes on to another authorization server",
        ["/api/mcp/oauth/client"] = "tells authorization servers who the platform is (Client ID Metadata Documents)",
        ["/api/mcp/oauth/start"] = "a page that shows nothing unless the browser is logged in as who began the login",
        ["/api/mcp/oauth/callback"] = "a browser comes back here; state and the cookie of the platform's login are the proof",
        ["/connect/token"] = "OAuth clients authenticate in the request itself",
        ["/connect/authorize"] = "a browser comes here to log in and to consent; the cookie of the login is the proof",
        ["/connect/login"] = "the form of the login page",
        ["/connect/logout"] = "the form that ends that login; the cookie is the proof",
        ["/connect/userinfo"] = "OpenIddict validates the token here, with the session and the scope",
        ["/.well-known/oauth-protected-resource"] = "tells where to log in (RFC 9728)",
        ["/.well-known/oauth-protected-resource/mcp"] = "the same",
        ["/.well-known/oauth-protected-resource/mcp/{bundle}"] = "the same",
        ["/connect/external/{provider}"] = "leads to another provider's login",
        ["/connect/external/{provider}/callback"] = "comes back from there; OpenIddict checks state, nonce and issuer",
        ["/connect/external/{provider}/code"] = "the form for the second factor; the cookie of the callback is the proof",
        ["/connect/register"] = "a client introduces itself before anybody knows it (RFC 7591)",
    };

    public static TheoryData<string> Services() => [.. Repository.Services];

    [Theory]
    [MemberData(nameof(Services))]
    public async Task An_endpoint_has_a_name(string service)
    {
        await using var app = Build(service);

        Assert.All(Endpoints(app).Where(endpoint => !IsForwarded(endpoint) && !IsFile(endpoint)), endpoint =>
            Assert.True(endpoint.Metadata.GetMetadata<IEndpointNameMetadata>() is not null, $"{endpoint.RoutePattern.RawText} has no name."));
    }

    [Theory]
    [MemberData(nameof(Services))]
    public async Task An_endpoint_says_which_permission_it_needs_or_stands_in_the_list_of_the_anonymous(string service)
    {
        await using var app = Build(service);

        Assert.All(Endpoints(app).Where(endpoint => !IsForwarded(endpoint)), endpoint =>
        {
            var path = endpoint.RoutePattern.RawText!;
            if (endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null)
            {
                var key = Anonymous.Keys.FirstOrDefault(key => path.TrimEnd('/') == key || (path.StartsWith("/docs", StringComparison.Ordinal) && key == "/docs"));
                Assert.True(key is not null, $"{path} is open to anybody, but is not in the list of what may be.");
            }
        });
    }

    [Fact]
    public async Task A_route_that_forwards_names_its_policy()
    {
        await using var app = Build("Gateway");

        var routes = app.Configuration.GetSection("ReverseProxy:Routes").GetChildren().ToList();
        Assert.NotEmpty(routes);
        Assert.All(routes, route => Assert.True(
            route["AuthorizationPolicy"] is "default" || (route["AuthorizationPolicy"] is "anonymous" && route["Metadata:AnonymousBecause"] is { Length: > 10 }),
            $"The route {route.Key} must say AuthorizationPolicy 'default', or 'anonymous' with the reason in Metadata:AnonymousBecause."));
    }

    private static IEnumerable<RouteEndpoint> Endpoints(WebApplication app) =>
        ((IEndpointRouteBuilder)app).DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>();

    private static bool IsForwarded(Endpoint endpoint) => endpoint.Metadata.Any(item => item.GetType().FullName == "Yarp.ReverseProxy.Model.RouteModel");

    private static bool IsFile(RouteEndpoint endpoint) => endpoint.RoutePattern.RawText!.StartsWith("/docs", StringComparison.Ordinal);

    /// <summary>The service as its Program makes it, but not started: nothing is connected to.</summary>
    private static WebApplication Build(string service)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions
        {
            ApplicationName = service, ContentRootPath = Path.Combine(Repository.Root, service), EnvironmentName = "Production",
        });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Authentication:Issuer"] = "http://localhost/",
            ["Authentication:ClientSecret"] = new string('s', 40),
            ["ServiceClients:userservice"] = new string('s', 40),
            ["ServiceClients:gateway"] = new string('s', 40),
            ["JWT_SECRET_KEY"] = new string('k', 48),
            ["ConnectionStrings:redis"] = "127.0.0.1:9,connectTimeout=100",
            ["ConnectionStrings:rabbitmq"] = "amqp://guest:guest@127.0.0.1:9",
            ["ConnectionStrings:authdb"] = "Host=127.0.0.1;Port=9",
            ["ConnectionStrings:usersdb"] = "Host=127.0.0.1;Port=9",
            ["ConnectionStrings:mcpdb"] = "Host=127.0.0.1;Port=9",
            ["ConnectionStrings:analyticsdb"] = "Host=127.0.0.1;Port=9",
        });
        builder.AddServiceDefaults();
        var (add, map) = Setups[service];
        add(builder);
        var app = builder.Build();
        app.UsePlatformHttp();
        app.MapPlatformHealth();
        map(app);
        return app;
    }

    private static readonly Dictionary<string, (Action<WebApplicationBuilder> Add, Action<WebApplication> Map)> Setups = new(StringComparer.Ordinal)
    {
        ["Gateway"] = (Gateway.GatewaySetup.AddGateway, Gateway.GatewaySetup.MapGateway),
        ["AuthService"] = (AuthService.AuthServiceSetup.AddAuthService, AuthService.AuthServiceSetup.MapAuthService),
        ["UserService"] = (UserService.UserServiceSetup.AddUserService, UserService.UserServiceSetup.MapUserService),
        ["McpService"] = (McpService.McpServiceSetup.AddMcpService, McpService.McpServiceSetup.MapMcpService),
        ["AnalyticsService"] = (AnalyticsService.AnalyticsServiceSetup.AddAnalyticsService, AnalyticsService.AnalyticsServiceSetup.MapAnalyticsService),
    };
}
