using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using McpPlatform.TestSupport;
using Microsoft.AspNetCore.Http;

namespace McpPlatform.Gateway.Tests;

public sealed partial class DocumentationTests(PlatformServers servers)
{
    [Fact]
    public async Task Documents_of_the_services_become_one()
    {
        await using var own = await GatewayApplication.StartAsync(servers, ("services:mcpservice:http:0", "http://127.0.0.1:9"));
        Document(own, "authservice", """
            {"openapi":"3.1.1","tags":[{"name":"Auth"}],"paths":{
              "/api/login":{"post":{"operationId":"Login","tags":["Auth"],"requestBody":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Item"}}}}}},
              "/internal/accounts":{"post":{"operationId":"CreateAccount"}}},
             "components":{"schemas":{"Item":{"type":"string"},"Page":{"type":"array","items":{"$ref":"#/components/schemas/Item"}},"Problem":{"type":"object"}}}}
            """);
        Document(own, "userservice", """
            {"openapi":"3.1.1","tags":[{"name":"Users"}],"paths":{
              "/api/users/{id}":{"get":{"operationId":"Login","tags":["Users"],"responses":{"200":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Page"}}}}}}}},
             "components":{"schemas":{"Item":{"type":"integer"},"Page":{"type":"array","items":{"$ref":"#/components/schemas/Item"}},"Problem":{"type":"object"}}}}
            """);
        Document(own, "analyticsservice", """{"openapi":"3.1.1","paths":{"/unrouted":{"get":{}}}}""");
        using var client = own.Anonymous();
        var merged = (await client.GetFromJsonAsync<JsonObject>("/openapi/v1.json"))!;

        Assert.Equal(["/api/login", "/api/users/{id}"], merged["paths"]!.AsObject().Select(path => path.Key));
        Assert.Equal(["AuthItem", "AuthPage", "Problem", "UserItem", "UserPage"], merged["components"]!["schemas"]!.AsObject().Select(schema => schema.Key).Order(StringComparer.Ordinal));
        Assert.Equal("#/components/schemas/UserItem", merged["components"]!["schemas"]!["UserPage"]!["items"]!["$ref"]!.GetValue<string>());
        var login = merged["paths"]!["/api/login"]!["post"]!;
        Assert.Equal("#/components/schemas/AuthItem", login["requestBody"]!["content"]!["application/json"]!["schema"]!["$ref"]!.GetValue<string>());
        Assert.Empty(login["security"]!.AsArray());
        var user = merged["paths"]!["/api/users/{id}"]!["get"]!;
        Assert.Equal(("Login", "UserLogin"), (login["operationId"]!.GetValue<string>(), user["operationId"]!.GetValue<string>()));
        Assert.Null(user["security"]);
        Assert.Equal("http", merged["components"]!["securitySchemes"]!["bearer"]!["type"]!.GetValue<string>());
        Assert.Equal("/", merged["servers"]![0]!["url"]!.GetValue<string>());
        Assert.Equal(["Auth", "Users"], merged["tags"]!.AsArray().Select(tag => tag!["name"]!.GetValue<string>()));
        Assert.Equal(["mcpservice"], merged["x-missing-services"]!.AsArray().Select(service => service!.GetValue<string>()));
    }

    [Fact]
    public async Task Documentation_page_needs_nothing_from_elsewhere()
    {
        await using var own = await GatewayApplication.StartAsync(servers);
        using var client = own.Anonymous();
        using var redirect = await client.GetAsync("/docs");
        using var response = await client.GetAsync(redirect.Headers.Location ?? new Uri("/docs", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var page = await response.Content.ReadAsStringAsync();
        Assert.DoesNotContain("cdn.", page, StringComparison.OrdinalIgnoreCase);

        var scripts = Scripts().Matches(page).Select(match => match.Groups["value"].Value).ToList();
        Assert.NotEmpty(scripts);
        foreach (var script in scripts)
        {
            var address = new Uri(new Uri(own.Address, "/docs/"), script);
            Assert.Equal(own.Address.Authority, address.Authority);
            using var loaded = await client.GetAsync(address);
            Assert.Equal("text/javascript", loaded.Content.Headers.ContentType?.MediaType);
            Assert.Equal(HttpStatusCode.OK, loaded.StatusCode);
        }

        var policy = Assert.Single(response.Headers.GetValues("Content-Security-Policy"));
        var nonce = Nonce().Match(page).Groups["value"].Value;
        Assert.NotEmpty(nonce);
        Assert.Contains($"script-src 'self' 'nonce-{nonce}'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("http", policy, StringComparison.Ordinal);
    }

    private static void Document(GatewayApplication own, string service, string json) =>
        own.Backends[service].Answer("/openapi/v1.json", context =>
        {
            context.Response.ContentType = "application/json";
            return context.Response.WriteAsync(json);
        });

    [GeneratedRegex("<script[^>]* src=\"(?<value>[^\"]+)\"", RegexOptions.NonBacktracking)]
    private static partial Regex Scripts();

    [GeneratedRegex("nonce=\"(?<value>[^\"]+)\"", RegexOptions.NonBacktracking)]
    private static partial Regex Nonce();
}
