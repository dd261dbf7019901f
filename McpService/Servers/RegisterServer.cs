using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using McpPlatform.Contracts.Messages;
using McpPlatform.McpService.Access;
using McpPlatform.McpService.Catalogue;
using McpPlatform.McpService.Credentials;
using McpPlatform.McpService.Data;
using McpPlatform.McpService.Health;
using McpPlatform.McpService.Upstream.Stdio;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Outbound;
using McpPlatform.ServiceDefaults.Problems;
using McpPlatform.ServiceDefaults.Secrets;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;

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
        RegisterServerRequest request, McpDbContext db, ServerAccess access, CurrentUser user, ActivityLog activities, SweepSignal sweep, OutboundGuard guard,
        IOptions<StdioOptions> stdio, SecretProtector protector, Registry registry, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!ServerNames.IsValid(request.Name!))
        {
            return ProblemExtensions.Invalid("name", ServerNames.Sentence);
        }

        if (request.Transport is not (Transports.Http or Transports.Sse or Transports.Stdio))
        {
            return ProblemExtensions.Invalid(
                "transport", "The transport must be 'http' (Streamable HTTP), 'sse' (HTTP with SSE, the transport of 2024-11-05) or 'stdio' (a process of the platform).");
        }

        if (!Definitions.DefinitionLock.All.Contains(request.DefinitionLock))
        {
            return ProblemExtensions.Invalid("definition_lock", Definitions.DefinitionLock.Sentence);
        }

        if (request.CredentialOwner is null || !CredentialOwners.IsValid(request.CredentialOwner))
        {
            return ProblemExtensions.Invalid("credential_owner", CredentialOwners.Sentence);
        }

        if (request.Headers is { } headers && (request.Transport == Transports.Stdio ? "Headers are for servers that are reached over HTTP." : CredentialHeaders.FindMistake(headers)) is { } wrong)
        {
            return ProblemExtensions.Invalid("headers", wrong);
        }

        if (await access.RefuseToManageAsync(request.Name!, "mcp.servers.create", request.Transport, cancellationToken) is { } refusal)
        {
            return refusal;
        }

        var (url, mistake) = request.Transport == Transports.Stdio
            ? StdioServers.Read(request.Url, request.Template ?? request.Command, request.Parameters, request.Args is not null || request.Env is not null, stdio.Value)
            : await ReadUrlAsync(request, guard, cancellationToken);
        if (url is null)
        {
            return mistake!;
        }

        var server = Server.Register(request.Name!, request.Description, request.Transport, url, request.Enabled, user.Id, time.GetUtcNow());
        server.LockDefinitions(request.DefinitionLock, server.CreatedAt);
        server.RequireCredentialOf(request.CredentialOwner, server.CreatedAt);
        db.Add(server);
        if (request.Headers is not null)
        {
            var credential = UpstreamCredential.Create(server.Id, null, server.CreatedAt);
            credential.Set(protector, request.Headers, server.CreatedAt);
            server.EndSessions(server.CreatedAt);
            db.Add(credential);
        }

        db.AddToOutbox(Registered(server));
        db.AddToOutbox(activities.Create("mcp.servers.create", ActivityOutcomes.Succeeded, "mcp_server", server.Name, newValues: ServerValues.Of(server)));
        try
        {
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateException exception) when (exception.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            return ProblemExtensions.Problem(StatusCodes.Status409Conflict, $"An MCP server named '{server.Name}' is registered already: choose another name.");
        }

        await registry.RefreshAsync(cancellationToken);
        sweep.Wake();
        return TypedResults.Created($"{ServersApi.Route}/{server.Id}", ServerResponse.For(access, server));
    }

    private static async Task<(Uri? Url, ValidationProblem? Mistake)> ReadUrlAsync(RegisterServerRequest request, OutboundGuard guard, CancellationToken cancellationToken)
    {
        if (request.Template is not null || request.Command is not null || request.Parameters is not null || request.Args is not null || request.Env is not null)
        {
            return (null, ProblemExtensions.Invalid("template", "A template, its parameters, a command, args and env are for servers with \"transport\": \"stdio\" only."));
        }

        return !ServerUrls.TryParse(request.Url, out var url) ? (null, ProblemExtensions.Invalid("url", $"The url must be {ServerUrls.Sentence}."))
            : await guard.RefuseAddressAsync(url, cancellationToken) is { } refused ? (null, refused)
            : (url, null);
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
