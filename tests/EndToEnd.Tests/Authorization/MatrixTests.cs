using System.Text.Json;

namespace McpPlatform.EndToEnd.Tests.Authorization;

/// <summary>
/// Every route, asked by anonymous, an ordinary user, the owner, another user, another role and an admin, through the Gateway. The answers are generated from
/// what the route needs; a route of any service that stands in no row fails.
/// </summary>
public sealed class MatrixTests(Platform platform, Cast cast) : IClassFixture<Cast>
{
    private static readonly string[] Services = ["authservice", "userservice", "mcpservice", "analyticsservice"];

    public static TheoryData<string> Routes() => [.. Matrix.Rows.Select(row => row.Route)];

    [Theory]
    [MemberData(nameof(Routes))]
    public async Task A_route_answers_each_caller_as_it_should(string route)
    {
        var row = Matrix.Rows.Single(row => row.Route == route);
        List<string> wrong = [];
        foreach (var who in Enum.GetValues<Who>())
        {
            var ask = await row.Arrange(cast, who);
            var token = who == Who.Anonymous ? null : ask.Token ?? cast[who].Token;
            using var response = await platform.TryAsync(
                new HttpMethod(row.Method), ask.Path, token, ask.Body, at: row.IsInternal ? platform.Service(Owner(route)) : null);
            if ((int)response.StatusCode != row.Expected(who))
            {
                wrong.Add($"{who}: {(int)response.StatusCode} instead of {row.Expected(who)}: {await response.Content.ReadAsStringAsync()}");
            }
        }

        Assert.True(wrong.Count == 0, $"{route}\n{string.Join('\n', wrong)}");
    }

    [Theory]
    [MemberData(nameof(Routes))]
    public async Task What_is_internal_is_no_route_of_the_gateway(string route)
    {
        var row = Matrix.Rows.Single(row => row.Route == route);
        if (!row.IsInternal)
        {
            return;
        }

        var ask = await row.Arrange(cast, Who.Admin);
        using var response = await platform.TryAsync(new HttpMethod(row.Method), ask.Path, cast[Who.Admin].Token, ask.Body);

        Assert.Equal(System.Net.HttpStatusCode.NotFound, response.StatusCode);
    }

    [Fact]
    public async Task Every_route_of_every_service_stands_in_the_matrix_and_nothing_else_does()
    {
        List<string> routes = [];
        foreach (var service in Services)
        {
            using var response = await platform.TryAsync(HttpMethod.Get, "/openapi/v1.json", at: platform.Service(service));
            var document = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
            routes.AddRange(
                from path in document.RootElement.GetProperty("paths").EnumerateObject()
                from method in path.Value.EnumerateObject()
                select $"{method.Name.ToUpperInvariant()} {path.Name}");
        }

        Assert.Equal([], routes.Distinct().Except(Matrix.Rows.Select(row => row.Route)).Order());
        Assert.Equal([], Matrix.Rows.Select(row => row.Route).Except(routes).Order());
    }

    private static string Owner(string route) => route.Contains("/internal/accounts", StringComparison.Ordinal) || route.Contains("/internal/browser-session", StringComparison.Ordinal) || route.Contains("/internal/revocations", StringComparison.Ordinal)
        ? "authservice"
        : "userservice";
}
