using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace McpPlatform.Gateway.Tests;

/// <summary>What tests ask of an answer.</summary>
internal static class Responses
{
    /// <summary>What an echo backend received.</summary>
    public static async Task<JsonObject> EchoAsync(this HttpResponseMessage response)
    {
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return (await response.Content.ReadFromJsonAsync<JsonObject>())!;
    }

    /// <summary>That it is a problem with a sentence and a trace id.</summary>
    /// <returns>The sentence.</returns>
    public static async Task<string> ProblemAsync(this HttpResponseMessage response, HttpStatusCode status)
    {
        Assert.Equal(status, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var problem = (await response.Content.ReadFromJsonAsync<JsonObject>())!;
        Assert.Equal((int)status, problem["status"]!.GetValue<int>());
        Assert.NotEmpty(problem["trace_id"]!.GetValue<string>());
        return problem["detail"]!.GetValue<string>();
    }
}
