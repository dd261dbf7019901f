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

/// <summary>How a server comes into the registry by hand, alone or in a file with others: the checks, in this order, and the change with its records.</summary>
internal sealed class ServerRegistration(
    McpDbContext db, ServerAccess access, CurrentUser user, ActivityLog activities, OutboundGuard guard, IOptions<StdioOptions> stdio, SecretProtector protector,
    Registry registry, SweepSignal sweep, TimeProvider time)
{
    public static string TakenSentence(string name) => $"An MCP server named '{name}' is registered already: choose another name.";

    public static ValidationProblem? FindMistake(RegisterServerRequest request)
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

        return request.Headers is { } headers && (request.Transport == Transports.Stdio ? "Headers are for servers that are reached over HTTP." : CredentialHeaders.FindMistake(headers)) is { } wrong
            ? ProblemExtensions.Invalid("headers", wrong) : null;
    }

    /// <summary>Whether the caller may register it; a refusal is on record.</summary>
    public Task<ProblemHttpResult?> RefuseAsync(RegisterServerRequest request, CancellationToken cancellationToken) =>
        access.RefuseToManageAsync(request.Name!, "mcp.servers.create", request.Transport, cancellationToken);

    /// <summary>Asks nothing of the database, so that many can be read at a time.</summary>
    public async Task<(Uri? Url, ValidationProblem? Mistake)> ReadAddressAsync(RegisterServerRequest request, CancellationToken cancellationToken)
    {
        if (request.Transport == Transports.Stdio)
        {
            return StdioServers.Read(request.Url, request.Template ?? request.Command, request.Parameters, request.Args is not null || request.Env is not null, stdio.Value);
        }

        if (request.Template is not null || request.Command is not null || request.Parameters is not null || request.Args is not null || request.Env is not null)
        {
            return (null, ProblemExtensions.Invalid("template", "A template, its parameters, a command, args and env are for servers with \"transport\": \"stdio\" only."));
        }

        return !ServerUrls.TryParse(request.Url, out var url) ? (null, ProblemExtensions.Invalid("url", $"The url must be {ServerUrls.Sentence}."))
            : await guard.RefuseAddressAsync(url, cancellationToken) is { } refused ? (null, refused)
            : (url, null);
    }

    /// <summary>Registers what has passed the checks, in a transaction of its own.</summary>
    /// <returns>Null when the name is taken.</returns>
    public async Task<Server?> SaveAsync(RegisterServerRequest request, Uri url, CancellationToken cancellationToken)
    {
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

        db.AddToOutbox(RegisterServer.Registered(server));
        db.AddToOutbox(activities.Create("mcp.servers.create", ActivityOutcomes.Succeeded, "mcp_server", server.Name, newValues: ServerValues.Of(server)));
        try
        {
            await db.SaveChangesAsync(cancellationToken);
            return server;
        }
        catch (DbUpdateException exception) when (exception.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            // What was not saved is not to be saved with the next one either.
            db.ChangeTracker.Clear();
            return null;
        }
    }

    /// <summary>What was registered is there for the next request, and is looked at.</summary>
    public async Task ApplyAsync(CancellationToken cancellationToken)
    {
        await registry.RefreshAsync(cancellationToken);
        sweep.Wake();
    }
}
