using System.Diagnostics;
using System.Net;
using McpPlatform.ServiceDefaults;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Data;
using McpPlatform.ServiceDefaults.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace McpPlatform.AuthService.Tests.Revocations;

/// <summary>Another service of the platform, which trusts tokens as all of them do.</summary>
internal sealed class OtherService(WebApplication app) : IAsyncDisposable
{
    private readonly HttpClient client = new() { BaseAddress = new Uri(app.Urls.First()) };

    public static async Task<OtherService> StartAsync(AuthServiceApplication authService, string redis)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ApplicationName = "OtherService", EnvironmentName = "Production" });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Authentication:Issuer"] = AuthServiceApplication.Issuer,
            ["Authentication:JwksAddress"] = new Uri(authService.Address, ".well-known/jwks.json").AbsoluteUri,
            ["ConnectionStrings:redis"] = redis,
        });
        builder.AddServiceDefaults();
        builder.AddRedisClient("redis");
        builder.AddPlatformAuthentication();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        app.UsePlatformHttp();
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapGet("/mine", (CurrentUser user) => TypedResults.Ok(user.Username));
        await app.StartAsync();
        return new(app);
    }

    /// <summary>The keys whose tokens it trusts at the moment.</summary>
    public async Task<List<string>> KeysAsync() =>
        [.. (await app.Services.GetRequiredService<IConfigurationManager<OpenIdConnectConfiguration>>().GetConfigurationAsync(default)).SigningKeys.Select(key => key.KeyId)];

    public async Task<HttpStatusCode> AskAsync(string token)
    {
        using var response = await SendAsync(token);
        return response.StatusCode;
    }

    public async Task<HttpResponseMessage> SendAsync(string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/mine");
        request.Headers.Authorization = new("Bearer", token);
        return await client.SendAsync(request);
    }

    /// <summary>How long it takes until the token is answered so.</summary>
    public async Task<TimeSpan> UntilAsync(string token, HttpStatusCode status)
    {
        var watch = Stopwatch.StartNew();
        while (await AskAsync(token) is var answer && answer != status)
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(10), $"Still {answer} after 10 s.");
            await Task.Delay(20);
        }

        return watch.Elapsed;
    }

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        await app.StopAsync();
        await app.DisposeAsync();
    }
}
