using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace McpPlatform.McpService.Tests;

/// <summary>What answers are asked.</summary>
internal static class Answers
{
    public static Task<JsonElement> JsonAsync(this HttpResponseMessage response) => response.Content.ReadFromJsonAsync<JsonElement>();

    public static string[] Strings(this JsonElement json, string property) => [.. json.GetProperty(property).EnumerateArray().Select(x => x.GetString()!)];

    /// <summary>The answer is a problem of this status with a sentence in it.</summary>
    public static async Task<JsonElement> AssertProblemAsync(this HttpResponseMessage response, HttpStatusCode status)
    {
        Assert.Equal(status, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var problem = await response.JsonAsync();
        Assert.Equal((int)status, problem.GetProperty("status").GetInt32());
        Assert.False(string.IsNullOrWhiteSpace(problem.GetProperty("detail").GetString()));
        Assert.True(problem.TryGetProperty("trace_id", out _));
        return problem;
    }

    /// <summary>The answer is a 400 that names this field.</summary>
    public static async Task AssertInvalidAsync(this HttpResponseMessage response, string field)
    {
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var problem = await response.JsonAsync();
        Assert.Contains(field, problem.GetProperty("errors").EnumerateObject().Select(error => error.Name));
    }
}
