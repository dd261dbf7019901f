using System.ClientModel;
using System.Text.Json;

namespace McpPlatform.McpService.Chat;

/// <summary>The language model cannot be used. The message is for the caller: it names no address and no key.</summary>
internal sealed class ModelException(string sentence, Exception? inner = null) : Exception(sentence, inner)
{
    private const int MaxDetail = 300;

    /// <summary>What an exception of the client library means; null for a defect of ours.</summary>
    public static string? Explain(Exception exception, string model, TimeSpan timeout) => exception switch
    {
        ModelException known => known.Message,
        ClientResultException answer => OfStatus(answer, model),
        OperationCanceledException => $"The language model did not finish its answer within {timeout.TotalSeconds:0} seconds: try a smaller question or another model.",
        AggregateException { InnerException: { } first } => Explain(first, model, timeout),
        { InnerException: ModelException known } => known.Message,
        HttpRequestException or IOException => "The language model cannot be reached: try again, or ask the operator.",
        JsonException or FormatException or InvalidOperationException or ArgumentException or KeyNotFoundException or NotSupportedException =>
            "The language model sent an answer that cannot be read: it must be an OpenAI-compatible chat/completions API with streaming.",
        _ => null,
    };

    private static string OfStatus(ClientResultException answer, string model) => answer.Status switch
    {
        0 => "The language model cannot be reached: try again, or ask the operator.",
        StatusCodes.Status401Unauthorized or StatusCodes.Status403Forbidden => $"The language model refused the platform's key: the operator has to check {LlmOptions.KeyKey}.",
        StatusCodes.Status404NotFound => $"The language model's API knows no model '{model}', or has another address than {LlmOptions.UrlKey} says.",
        StatusCodes.Status429TooManyRequests => "The language model takes no more requests at the moment: try again later.",
        >= 500 => $"The language model failed with HTTP {answer.Status}: try again later.",
        _ => $"The language model refused the request with HTTP {answer.Status}: {Cut(Detail(answer))}",
    };

    private static string Detail(ClientResultException answer)
    {
        try
        {
            using var body = JsonDocument.Parse(answer.GetRawResponse()?.Content ?? BinaryData.FromString("{}"));
            return body.RootElement.GetProperty("error").GetProperty("message").GetString() ?? "it gave no reason.";
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return "it gave no reason.";
        }
    }

    private static string Cut(string text) => text.Length <= MaxDetail ? text : text[..MaxDetail] + "…";
}
