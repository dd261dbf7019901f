using System.ComponentModel.DataAnnotations;
using System.Text.Json.Nodes;
using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Identity;
using McpPlatform.McpService.Catalogue;
using McpPlatform.McpService.Relay;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Options;

namespace McpPlatform.McpService.Chat;

/// <summary>Something that was said.</summary>
/// <param name="Role">By whom: <c>system</c>, <c>user</c> or <c>assistant</c>.</param>
/// <param name="Content">What, at most 200000 characters.</param>
public sealed record ChatMessageRequest(
    [Required(ErrorMessage = "The role must be system, user or assistant.")]
    [AllowedValues("system", "user", "assistant", ErrorMessage = "The role must be system, user or assistant.")] string? Role,
    [Required(ErrorMessage = "The content must be 1 to 200000 characters.")]
    [StringLength(200_000, ErrorMessage = "The content must be 1 to 200000 characters.")] string? Content);

/// <summary>A conversation that a model is to go on with, working with the caller's tools.</summary>
/// <param name="Messages">What was said so far, 1 to 200 messages, the last of them by the user.</param>
/// <param name="Model">Which model; without it the one that the operator has set.</param>
/// <param name="Servers">The names of the MCP servers whose tools the model may use; without it those of all. None in an empty list.</param>
/// <param name="MaxSteps">How often the model may be asked; at most, and without it, what the operator has set.</param>
public sealed record ChatRequest(
    [Required(ErrorMessage = "The messages must be 1 to 200.")]
    [MinLength(1, ErrorMessage = "The messages must be 1 to 200.")]
    [MaxLength(200, ErrorMessage = "The messages must be 1 to 200.")] IReadOnlyList<ChatMessageRequest>? Messages,
    [StringLength(200, MinimumLength = 1, ErrorMessage = "The model must be 1 to 200 characters.")] string? Model = null,
    [MaxLength(100, ErrorMessage = "The servers must be at most 100.")] IReadOnlyList<string?>? Servers = null,
    [Range(1, 100, ErrorMessage = "The max_steps must be 1 to 100.")] int? MaxSteps = null);

internal static class StartChat
{
    private const string ServersSentence = "The servers must be names or ids of MCP servers whose tools you may call.";

    /// <summary>
    /// Server-sent events: <c>text</c> as the model writes it, <c>tool_call</c>, <c>tool_result</c>, <c>ping</c> while nothing happens, and in the end <c>done</c> or
    /// <c>error</c>. A client that goes away ends it all.
    /// </summary>
    public static Results<ServerSentEventsResult<JsonObject>, ValidationProblem, ProblemHttpResult> Handle(
        ChatRequest request, IOptions<LlmOptions> options, Registry registry, RelayCallers callers, ChatRuns runs, CancellationToken cancellationToken)
    {
        var llm = options.Value;
        if (FindMistake(request, llm) is { } mistake)
        {
            return mistake;
        }

        if (!llm.IsConfigured)
        {
            return ProblemExtensions.Problem(StatusCodes.Status503ServiceUnavailable, $"There is no language model: the operator has to set {LlmOptions.UrlKey} and {LlmOptions.ModelKey}.");
        }

        var (registered, access) = (registry.Current, callers.Current().Access());
        if (!TryFindServers(request.Servers, registered, access, out var servers))
        {
            return ProblemExtensions.Invalid("servers", ServersSentence);
        }

        var tools = ChatTools.Of(registered.Everything, access, servers);
        if (tools.Declarations.Count > ChatTools.Most)
        {
            return ProblemExtensions.Invalid("servers", $"The servers must have at most {ChatTools.Most} tools together, which is what a model takes, and these have {tools.Declarations.Count}.");
        }

        var how = new ModelUse(request.Model ?? llm.Model!, Math.Min(request.MaxSteps ?? llm.Steps, llm.Steps), llm.Timeout);
        List<ChatMessage> messages = [.. request.Messages!.Select(message => new ChatMessage(new ChatRole(message.Role!), message.Content))];
        return TypedResults.ServerSentEvents(runs.RunAsync(messages, how, tools, cancellationToken));
    }

    private static ValidationProblem? FindMistake(ChatRequest request, LlmOptions llm)
    {
        if (request.Messages!.Any(message => message is null))
        {
            return ProblemExtensions.Invalid("messages", "The messages must be objects with role and content.");
        }

        if (request.Messages![^1].Role != ChatRole.User.Value)
        {
            return ProblemExtensions.Invalid("messages", "The last of the messages must be the user's.");
        }

        return request.Model is { } model && llm.Models.Count > 0 && model != llm.Model && !llm.Models.Contains(model, StringComparer.Ordinal)
            ? ProblemExtensions.Invalid("model", $"The model must be one of: {string.Join(", ", llm.Models.Prepend(llm.Model!).Distinct(StringComparer.Ordinal))}.")
            : null;
    }

    // One that is hidden is answered like one that is not there.
    private static bool TryFindServers(IReadOnlyList<string?>? wanted, RegistrySnapshot registered, CallerAccess access, out HashSet<string>? names)
    {
        var found = wanted?.Select(name => name is null ? null : registered.FindServer(name)).OfType<RegisteredServer>()
            .Where(server => access.Decide(Permissions.McpToolsCall, AccessResource.Server(server.Name)).Allowed).Select(server => server.Name).ToList();
        names = found?.ToHashSet(StringComparer.Ordinal);
        return found?.Count == wanted?.Count;
    }
}
