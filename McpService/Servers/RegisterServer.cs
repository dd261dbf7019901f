using System.ComponentModel.DataAnnotations;
using McpPlatform.Contracts.Messages;
using McpPlatform.McpService.Access;
using McpPlatform.McpService.Catalogue;
using McpPlatform.McpService.Data;
using McpPlatform.McpService.Health;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Outbound;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace McpPlatform.McpService.Servers;

/// <summary>A server to register.</summary>
/// <param name="Name">Unique: 1 to 64 lower-case letters, digits and hyphens.</param>
/// <param name="Url">Its MCP endpoint, http or https.</param>
/// <param name="Description">What it is for.</param>
/// <param name="Transport">How it is reached; <c>http</c> is Streamable HTTP.</param>
/// <param name="Enabled">Whether its tools can be called.</param>
/// <param name="DefinitionLock">Whether changed and new tools wait for approval: <c>off</c>, <c>changes</c> (new ones are taken unless something grave is found in them) or <c>strict</c>.</param>
public sealed record RegisterServerRequest(
    [Required(ErrorMessage = ServerNames.Sentence)] string? Name,
    [Required(ErrorMessage = "The url must be " + ServerUrls.Sentence + ".")] string? Url,
    [MaxLength(1024, ErrorMessage = "The description must be at most 1024 characters.")] string? Description = null,
    string Transport = Transports.Http,
    bool Enabled = true,
    string DefinitionLock = Definitions.DefinitionLock.Changes);

internal static class RegisterServer
{
    public static async Task<Results<Created<ServerResponse>, ProblemHttpResult, ValidationProblem>> HandleAsync(
        RegisterServerRequest request, McpDbContext db, ServerAccess access, CurrentUser user, ActivityLog activities, SweepSignal sweep, OutboundGuard guard,
        Registry registry, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!ServerNames.IsValid(request.Name!))
        {
            return ProblemExtensions.Invalid("name", ServerNames.Sentence);
        }

        if (request.Transport != Transports.Http)
        {
            return ProblemExtensions.Invalid("transport", request.Transport is Transports.Sse or Transports.Stdio
                ? $"Servers over {request.Transport} cannot be registered yet: the transport must be 'http' (Streamable HTTP)."
                : "The transport must be 'http' (Streamable HTTP).");
        }

        if (!Definitions.DefinitionLock.All.Contains(request.DefinitionLock))
        {
            return ProblemExtensions.Invalid("definition_lock", Definitions.DefinitionLock.Sentence);
        }

        if (!ServerUrls.TryParse(request.Url, out var url))
        {
            return ProblemExtensions.Invalid("url", $"The url must be {ServerUrls.Sentence}.");
        }

        if (await access.RefuseToManageAsync(request.Name!, "mcp.servers.create", cancellationToken) is { } refusal)
        {
            return refusal;
        }

        if (await guard.RefuseAddressAsync(url, cancellationToken) is { } refused)
        {
            return refused;
        }

        var server = Server.Register(request.Name!, request.Description, url, request.Enabled, user.Id, time.GetUtcNow());
        server.LockDefinitions(request.DefinitionLock, server.CreatedAt);
        db.Add(server);
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

    public static McpServerRegistered Registered(Server server) => new()
    {
        EventId = Guid.CreateVersion7(server.CreatedAt),
        OccurredAt = server.CreatedAt,
        ServerId = server.Id,
        Name = server.Name,
        Transport = server.Transport,
    };
}
