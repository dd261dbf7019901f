using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace McpPlatform.EndToEnd.Tests.Authorization;

/// <summary>
/// Every route of the matrix with input that nobody sane sends, by callers who may use it: each answer is a clear one, never a 5xx that says the service stumbled.
/// </summary>
public sealed class HostileInputTests(Platform platform, Cast cast) : IClassFixture<Cast>
{
    /// <summary>Raw JSON, since some of it no serializer would write.</summary>
    private static readonly string[] Values =
    [
        "null", "true", "-1", "1e400", "99999999999999999999", "\"\"", "\" \"", "\"\\u0000\"", "\"a\\u0000b\"", "\"\\ud800\"", "\"\\u202e\"", "\"' OR 1=1 --\"", "\"../../etc/passwd\"",
        "\"" + new string('x', 20_000) + "\"", "[]", "[null]", "[[[]]]", "{}", "{\"$type\":\"System.Object\"}", new string('[', 100) + new string(']', 100),
    ];

    private static readonly string[] Bodies =
    [
        "", "nul", "\"text\"", "[]", "1", "{", "{}", "{\"a\":1}", "{\"is_admin\":true,\"id\":\"x\"}", "{\"username\":\"a\",\"username\":\"b\"}", "\u0000", new string('[', 5000), "{\"a\":\"" + new string('x', 1_100_000) + "\"}",
    ];

    private static readonly string[] Segments =
    [
        "0", "-1", "00000000-0000-0000-0000-000000000000", "not-a-guid", "%00", "a%00b", "%ff", "%ed%a0%80", "..%2f..%2fetc", "%2e%2e", "'", "*", "a:b", "%e2%80%ae", new string('x', 3000),
    ];

    private static readonly string[] Queries =
    [
        "limit=-1", "limit=0", "limit=abc", "limit=99999999999", "limit=1&limit=2", "limit=", "cursor=x", "cursor=%00", "cursor=AAAA", "cursor=%ff%fe", "search=%00", "search=%25", "search=%ff", "from=yesterday", "to=9999-12-31T23:59:59Z&from=0001-01-01T00:00:00Z",
        "from=2026-01-01&to=2025-01-01", "user_id=x", "user=%00", "permission=%00&resource=%00&user=x", "resource=" + "tool:" + "&permission=x&user=y", "is_active=maybe", "sort=drop", "subject_type=x&subject=%00", "schema=%00&table=%00",
    ];

    public static TheoryData<string> Routes() => MatrixTests.Routes();

    [Theory]
    [MemberData(nameof(Routes))]
    public async Task Hostile_input_is_answered_and_not_stumbled_over(string route)
    {
        var row = Matrix.Rows.Single(row => row.Route == route);
        var who = row.IsOwned ? Who.Owner : Who.Admin;
        List<string> wrong = [];
        var valid = await row.Arrange(cast, who);

        // A user of its own: what ends a session shall not blind the tests that follow.
        var token = who == Who.Admin ? (await platform.NewUserAsync("admin")).Token : cast[who].Token;

        async Task TryAsync(string path, string? body, string what, string type = "application/json")
        {
            using var request = new HttpRequestMessage(new HttpMethod(row.Method), path);
            if (body is not null)
            {
                request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
                request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
            }

            request.Headers.Authorization = new("Bearer", valid.Token is null ? token : (await row.Arrange(cast, who)).Token!);
            using var client = new HttpClient { BaseAddress = row.IsInternal ? platform.Service("authservice") : platform.Gateway, Timeout = TimeSpan.FromSeconds(30) };
            using var response = await client.SendAsync(request);
            var text = await response.Content.ReadAsStringAsync();
            var status = (int)response.StatusCode;
            if (status is >= 500 and not 502 and not 504 || (status == 401 && !row.IsOpen && !row.IsInternal && valid.Token is null) || (status >= 400 && text.Contains("   at ", StringComparison.Ordinal)))
            {
                wrong.Add($"{what}: {status} {text[..Math.Min(300, text.Length)]}");
            }
        }

        foreach (var query in row.Method == "GET" ? Queries : [])
        {
            await TryAsync($"{valid.Path}{(valid.Path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}{query}", null, query);
        }

        foreach (var segment in route.Contains('{', StringComparison.Ordinal) ? Segments : [])
        {
            await TryAsync(WithSegment(row, segment), valid.Body is null ? null : JsonSerializer.Serialize(valid.Body), $"id {segment[..Math.Min(40, segment.Length)]}");
        }

        foreach (var body in row.Method is "POST" or "PUT" or "PATCH" ? Bodies : [])
        {
            await TryAsync(valid.Path, body, $"body {body[..Math.Min(40, body.Length)]}");
        }

        foreach (var (json, what) in Mutations(valid.Body))
        {
            await TryAsync(valid.Path, json, what);
        }

        if (valid.Body is not null)
        {
            var good = JsonSerializer.Serialize(valid.Body);
            await TryAsync(valid.Path, good, "text/plain", "text/plain");
            await TryAsync(valid.Path, good, "application/xml", "application/xml");
            await TryAsync(valid.Path, good, "form", "application/x-www-form-urlencoded");
            await TryAsync(valid.Path, good, "utf-16", "application/json; charset=utf-16");
        }

        Assert.True(wrong.Count == 0, $"{route}\n{string.Join('\n', wrong)}");
    }

    private static IEnumerable<(string Json, string What)> Mutations(object? body)
    {
        if (JsonSerializer.SerializeToNode(body) is not JsonObject valid)
        {
            yield break;
        }

        foreach (var property in valid.Select(property => property.Key).ToList())
        {
            foreach (var value in Values)
            {
                var copy = (JsonObject)valid.DeepClone();
                copy[property] = "HERE";
                yield return (copy.ToJsonString().Replace("\"HERE\"", value, StringComparison.Ordinal), $"{property} = {value[..Math.Min(40, value.Length)]}");
            }
        }
    }

    private static string WithSegment(Row row, string segment)
    {
        var path = row.Route[(row.Route.IndexOf(' ', StringComparison.Ordinal) + 1)..];
        return System.Text.RegularExpressions.Regex.Replace(path, @"\{[^}]*\}", segment);
    }
}
