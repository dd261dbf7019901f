using System.Collections.Concurrent;
using System.Net;
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
    private const int MaxBody = 1024 * 1024;

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

    private static readonly string[] Types = ["text/plain", "application/xml", "application/x-www-form-urlencoded", "application/json; charset=utf-16"];

    public static TheoryData<string> Routes() => MatrixTests.Routes();

    [Theory]
    [MemberData(nameof(Routes))]
    public async Task Hostile_input_is_answered_and_not_stumbled_over(string route)
    {
        var row = Matrix.Rows.Single(row => row.Route == route);
        var who = row.IsOwned ? Who.Owner : Who.Admin;
        ConcurrentBag<string> wrong = [];
        var valid = await row.Arrange(cast, who);

        // A user of its own: what ends a session shall not blind the tests that follow.
        var token = who == Who.Admin ? (await platform.NewUserAsync("admin")).Token : cast[who].Token;
        var fresh = new Tokens(async () => (await row.Arrange(cast, who)).Token!);
        using var client = new HttpClient { BaseAddress = row.IsInternal ? platform.Service("authservice") : platform.Gateway, Timeout = TimeSpan.FromSeconds(30) };
        await Parallel.ForEachAsync(Inputs(row, valid), new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (input, cancellationToken) =>
        {
            using var request = new HttpRequestMessage(new HttpMethod(row.Method), input.Path);
            if (input.Body is not null)
            {
                request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(input.Body));
                request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(input.Type);
            }

            // A service closes the connection of a request whose body it did not read, perhaps under the next one; the Gateway keeps its own.
            request.Headers.ConnectionClose = row.IsInternal;
            var used = valid.Token is null ? token : await fresh.TakeAsync();
            request.Headers.Authorization = new("Bearer", used);
            using var response = await AnswerAsync(client, request, cutOff: row.IsInternal && input.Body?.Length > MaxBody, cancellationToken);
            var text = await response.Content.ReadAsStringAsync(cancellationToken);
            var status = (int)response.StatusCode;
            if (valid.Token is not null && (status is 400 or 404 or 413 or 415))
            {
                // Nothing came of it, so it may be used again; what counts as a failed attempt does not return.
                fresh.Return(used);
            }

            if (status is >= 500 and not 502 and not 504 || (status == 401 && !row.IsOpen && !row.IsInternal && valid.Token is null) || (status >= 400 && text.Contains("   at ", StringComparison.Ordinal)))
            {
                wrong.Add($"{input.What}: {status} {text[..Math.Min(300, text.Length)]}");
            }
        });

        Assert.True(wrong.IsEmpty, $"{route}\n{string.Join('\n', wrong)}");
    }

    /// <summary>Tokens that a success uses up: making one takes a user and a login.</summary>
    private sealed class Tokens(Func<Task<string>> make)
    {
        private readonly ConcurrentBag<string> unused = [];

        public async ValueTask<string> TakeAsync() => unused.TryTake(out var token) ? token : await make();

        public void Return(string token) => unused.Add(token);
    }

    // The same while a large body is written: what the service answered may be lost on the way.
    private static async Task<HttpResponseMessage> AnswerAsync(HttpClient client, HttpRequestMessage request, bool cutOff, CancellationToken cancellationToken)
    {
        try
        {
            return await client.SendAsync(request, cancellationToken);
        }
        catch (HttpRequestException exception) when (cutOff && exception.InnerException is IOException)
        {
            return new(HttpStatusCode.RequestEntityTooLarge);
        }
    }

    private static IEnumerable<Input> Inputs(Row row, Ask valid)
    {
        var body = valid.Body is null ? null : JsonSerializer.Serialize(valid.Body);
        foreach (var query in row.Method == "GET" ? Queries : [])
        {
            yield return new($"{valid.Path}{(valid.Path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}{query}", null, query);
        }

        foreach (var segment in row.Route.Contains('{', StringComparison.Ordinal) ? Segments : [])
        {
            yield return new(WithSegment(row, segment), body, $"id {segment[..Math.Min(40, segment.Length)]}");
        }

        foreach (var other in row.Method is "POST" or "PUT" or "PATCH" ? Bodies : [])
        {
            yield return new(valid.Path, other, $"body {other[..Math.Min(40, other.Length)]}");
        }

        foreach (var (json, what) in Mutations(valid.Body))
        {
            yield return new(valid.Path, json, what);
        }

        foreach (var type in body is null ? [] : Types)
        {
            yield return new(valid.Path, body, type, type);
        }
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

    private sealed record Input(string Path, string? Body, string What, string Type = "application/json");
}
