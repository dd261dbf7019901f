using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using McpPlatform.Contracts.Messages;
using McpPlatform.McpService.Access;
using McpPlatform.McpService.Credentials;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;

namespace McpPlatform.McpService.Servers;

/// <summary>A server to register.</summary>
/// <param name="Name">Unique: 1 to 64 lower-case letters, digits and hyphens.</param>
/// <param name="Url">Its MCP endpoint, http or https; for <c>http</c> and <c>sse</c>; for the latter, where its stream is.</param>
/// <param name="Description">What it is for.</param>
/// <param name="Transport">How it is reached: <c>http</c> (Streamable HTTP), <c>sse</c> (HTTP with SSE, the transport of 2024-11-05), or <c>stdio</c> (a process of the platform, from one of the operator's templates).</param>
/// <param name="Enabled">Whether its tools can be called.</param>
/// <param name="DefinitionLock">Whether changed and new tools wait for approval: <c>off</c>, <c>changes</c> (new ones are taken unless something grave is found in them) or <c>strict</c>.</param>
/// <param name="Headers">For <c>http</c>: what the server is shown, such as <c>Authorization</c> or <c>X-API-Key</c>; kept encrypted, and never shown again.</param>
/// <param name="CredentialOwner"><c>server</c>: those headers for everybody; <c>user</c>: each user stores a credential of their own.</param>
/// <param name="Template">For <c>stdio</c>: the operator's template.</param>
/// <param name="Parameters">For <c>stdio</c>: what stands in the template's holes.</param>
/// <param name="Command">Another name of <paramref name="Template"/>.</param>
/// <param name="Args">Refused: a template has its arguments.</param>
/// <param name="Env">Refused: a template has its environment.</param>
public sealed record RegisterServerRequest(
    [Required(ErrorMessage = ServerNames.Sentence)] string? Name,
    string? Url = null,
    [MaxLength(1024, ErrorMessage = "The description must be at most 1024 characters.")] string? Description = null,
    string Transport = Transports.Http,
    bool Enabled = true,
    string DefinitionLock = Definitions.DefinitionLock.Changes,
    IReadOnlyDictionary<string, string>? Headers = null,
    string CredentialOwner = CredentialOwners.Server,
    string? Template = null,
    IReadOnlyDictionary<string, string>? Parameters = null,
    string? Command = null,
    JsonElement? Args = null,
    JsonElement? Env = null);

internal static class RegisterServer
{
    public static async Task<Results<Created<ServerResponse>, ProblemHttpResult, ValidationProblem>> HandleAsync(
        RegisterServerRequest request, ServerAccess access, ServerRegistration registration, CancellationToken cancellationToken)
    {
        if (ServerRegistration.FindMistake(request) is { } wrong)
        {
            return wrong;
        }

        if (await registration.RefuseAsync(request, cancellationToken) is { } refusal)
        {
            return refusal;
        }

        var (url, mistake) = await registration.ReadAddressAsync(request, cancellationToken);
        if (url is null)
        {
            return mistake!;
        }

        if (await registration.SaveAsync(request, url, cancellationToken) is not { } server)
        {
            return ProblemExtensions.Problem(StatusCodes.Status409Conflict, ServerRegistration.TakenSentence(request.Name!));
        }

        await registration.ApplyAsync(cancellationToken);
        return TypedResults.Created($"{ServersApi.Route}/{server.Id}", ServerResponse.For(access, server));
    }

    public static McpServerRegistered Registered(Server server) => new()
    {
        EventId = Guid.CreateVersion7(server.CreatedAt),
        OccurredAt = server.CreatedAt,
        ServerId = server.Id,
        Name = server.Name,
        Transport = server.Transport,
    };
}
