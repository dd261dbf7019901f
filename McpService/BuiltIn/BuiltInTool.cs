using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.AI;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace McpPlatform.McpService.BuiltIn;

/// <summary>What a tool does to the world.</summary>
/// <param name="ReadOnly">It changes nothing.</param>
/// <param name="Destructive">It may overwrite or end something.</param>
/// <param name="Idempotent">A second call changes nothing more.</param>
internal sealed record ToolEffect(bool ReadOnly, bool Destructive, bool Idempotent)
{
    public static ToolEffect Reads { get; } = new(true, false, true);
}

/// <summary>A tool's answer, for programs and for reading.</summary>
internal sealed record ToolAnswer<TOutput>(TOutput Value, string Text);

/// <summary>Tells a caller who waits that something goes on.</summary>
internal delegate Task ReportProgress(double progress, double total, string message);

/// <summary>
/// A tool whose schemas are those of two records. Not the SDK's reflected tool: that one tells the model nothing of what is wrong with its arguments.
/// </summary>
internal sealed class BuiltInTool<TInput, TOutput>(Tool definition, Func<TInput, ReportProgress, CancellationToken, Task<ToolAnswer<TOutput>>> run) : McpServerTool
    where TInput : class
{
    public override Tool ProtocolTool => definition;

    public override IReadOnlyList<object> Metadata => [];

    public override async ValueTask<CallToolResult> InvokeAsync(RequestContext<CallToolRequestParams> request, CancellationToken cancellationToken = default)
    {
        try
        {
            var answer = await run(Read(request.Params?.Arguments), ReportTo(request, cancellationToken), cancellationToken);
            return new() { StructuredContent = JsonSerializer.SerializeToElement(answer.Value, BuiltInTool.Json), Content = [new TextContentBlock { Text = answer.Text }] };
        }
        catch (ToolFailedException failure)
        {
            return new() { IsError = true, Content = [new TextContentBlock { Text = failure.Message }] };
        }
    }

    private static TInput Read(IDictionary<string, JsonElement>? arguments)
    {
        TInput? input;
        try
        {
            input = JsonSerializer.Deserialize<TInput>(JsonSerializer.SerializeToUtf8Bytes(arguments ?? new Dictionary<string, JsonElement>(StringComparer.Ordinal)), BuiltInTool.Json);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or ArgumentException)
        {
            // Types of .NET in the message help no model.
            var where = exception is JsonException { Path: { Length: > 2 } path } ? $" at {path}" : string.Empty;
            throw new ToolFailedException($"The arguments do not fit the tool's input schema{where}: check the names, the types and what is required.");
        }

        List<ValidationResult> wrong = [];
        return input is not null && Validator.TryValidateObject(input, new ValidationContext(input), wrong, validateAllProperties: true)
            ? input
            : throw new ToolFailedException(string.Join(' ', wrong.Select(result => result.ErrorMessage)));
    }

    private static ReportProgress ReportTo(RequestContext<CallToolRequestParams> request, CancellationToken cancellationToken) => (progress, total, message) =>
        request.Params?.ProgressToken is { } token
            ? request.Server.NotifyProgressAsync(token, new ProgressNotificationValue { Progress = (float)progress, Total = (float)total, Message = message }, cancellationToken: cancellationToken)
            : Task.CompletedTask;
}

internal static class BuiltInTool
{
    /// <summary>As the platform's own JSON is; but with the framework's texts, of which a schema can be made.</summary>
    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        PropertyNameCaseInsensitive = false,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false,
        NumberHandling = JsonNumberHandling.Strict,
        RespectNullableAnnotations = true,
        MaxDepth = 64,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
    };

    public static BuiltInTool<TInput, TOutput> Create<TInput, TOutput>(
        string name, string title, string description, ToolEffect effect, Func<TInput, ReportProgress, CancellationToken, Task<ToolAnswer<TOutput>>> run)
        where TInput : class => new(
            new Tool
            {
                Name = name,
                Title = title,
                Description = description,
                InputSchema = Schema(typeof(TInput)),
                OutputSchema = Schema(typeof(TOutput)),
                Annotations = new()
                {
                    Title = title,
                    ReadOnlyHint = effect.ReadOnly,
                    DestructiveHint = effect.Destructive,
                    IdempotentHint = effect.Idempotent,
                    OpenWorldHint = true,
                },
            },
            run);

    private static JsonElement Schema(Type type)
    {
        var schema = JsonNode.Parse(AIJsonUtilities.CreateJsonSchema(type, serializerOptions: Json).GetRawText())!.AsObject();

        // A record has properties or none; the protocol wants the type said either way.
        schema["type"] = "object";
        return JsonSerializer.SerializeToElement(schema);
    }
}
