using System.ClientModel;
using System.ClientModel.Primitives;
using McpPlatform.McpService.Upstream;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Options;
using OpenAI;

namespace McpPlatform.McpService.Chat;

/// <summary>Connects to models of the OpenAI-compatible API that the operator has set. What is said to them and by them is never logged.</summary>
internal sealed class ChatModels(IHttpClientFactory clients, IOptions<LlmOptions> options)
{
    public const string ClientName = "llm", TelemetrySource = "McpPlatform.Chat";

    public IChatClient Connect(string model)
    {
        // Some servers want no key, and the library wants one.
        var key = new ApiKeyCredential(string.IsNullOrEmpty(options.Value.ApiKey) ? "none" : options.Value.ApiKey);
        var client = new OpenAIClient(key, new OpenAIClientOptions
        {
            Endpoint = new Uri(options.Value.BaseUrl!.TrimEnd('/')),
            Transport = new HttpClientPipelineTransport(clients.CreateClient(ClientName)),
            NetworkTimeout = options.Value.Timeout,
            RetryPolicy = new ClientRetryPolicy(maxRetries: 1),
            ClientLoggingOptions = new() { EnableLogging = false },
        });
        return client.GetChatClient(model).AsIChatClient().AsBuilder().UseOpenTelemetry(sourceName: TelemetrySource, configure: telemetry => telemetry.EnableSensitiveData = false).Build();
    }
}

/// <summary>Bounds what a model can send: a line without end would fill the memory.</summary>
internal sealed class BoundedModelHandler : DelegatingHandler
{
    private const long MaxAnswer = 32 * 1024 * 1024;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await base.SendAsync(request, cancellationToken);
        var (body, headers, read) = (await response.Content.ReadAsStreamAsync(cancellationToken), response.Content.Headers, 0L);
        response.Content = new StreamContent(new CappedStream(body, bytes =>
        {
            if ((read += bytes.Length) > MaxAnswer)
            {
                throw new ModelException($"The language model sent more than {MaxAnswer} bytes for one answer.");
            }
        }));
        foreach (var (name, values) in headers)
        {
            response.Content.Headers.TryAddWithoutValidation(name, values);
        }

        return response;
    }
}
