using System.ComponentModel.DataAnnotations;
using McpPlatform.Contracts.Messages;
using McpPlatform.McpService.Access;
using McpPlatform.McpService.Catalogue;
using McpPlatform.McpService.Credentials;
using McpPlatform.McpService.Credentials.OAuth;
using McpPlatform.McpService.Data;
using McpPlatform.McpService.Health;
using McpPlatform.McpService.Upstream.Stdio;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Outbound;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace McpPlatform.McpService.Servers;

/// <summary>What to change; what is left out stays as it is. A server keeps its name: grants and records refer to it.</summary>
/// <param name="Url">Its MCP endpoint, http or https; not for one that runs as a process.</param>
/// <param name="Description">What it is for; empty removes it.</param>
/// <param name="Enabled">Whether its tools can be called.</param>
/// <param name="DefinitionLock">Whether changed and new tools wait for approval: <c>off</c>, <c>changes</c> or <c>strict</c>.</param>
/// <param name="CredentialOwner">Whose credentials it is shown: <c>server</c> or <c>user</c>.</param>
/// <param name="Template">For one that runs as a process: the operator's template.</param>
/// <param name="Parameters">For one that runs as a process: all that stands in the template's holes.</param>
public sealed record UpdateServerRequest(
    string? Url = null,
    [MaxLength(1024, ErrorMessage = "The description must be at most 1024 characters.")] string? Description = null,
    bool? Enabled = null,
    string? DefinitionLock = null,
    string? CredentialOwner = null,
    string? Template = null,
    IReadOnlyDictionary<string, string>? Parameters = null);

internal static class UpdateServer
{
    public static async Task<Results<Ok<ServerResponse>, ProblemHttpResult, ValidationProblem>> HandleAsync(
        string id, UpdateServerRequest request, McpDbContext db, ServerAccess access, ActivityLog activities, SweepSignal sweep, OutboundGuard guard, IOptions<StdioOptions> stdio,
        Registry registry, TimeProvider time, CancellationToken cancellationToken)
    {
        Uri? url = null;
        if (request.Url is not null && !ServerUrls.TryParse(request.Url, out url))
        {
            return ProblemExtensions.Invalid("url", $"The url must be {ServerUrls.Sentence}.");
        }

        if (request.DefinitionLock is { } mode && !Definitions.DefinitionLock.All.Contains(mode))
        {
            return ProblemExtensions.Invalid("definition_lock", Definitions.DefinitionLock.Sentence);
        }

        if (request.CredentialOwner is { } owner && !CredentialOwners.IsValid(owner))
        {
            return ProblemExtensions.Invalid("credential_owner", CredentialOwners.Sentence);
        }

        var (server, refusal) = await access.FindToManageAsync(id, "mcp.servers.update", cancellationToken);
        if (server is null)
        {
            return refusal!;
        }

        if (server.Transport == Transports.Stdio && await access.RefuseToManageAsync(server.Name, "mcp.servers.update", server.Transport, cancellationToken) is { } refusedStdio)
        {
            return refusedStdio;
        }

        if (request.Template is not null || request.Parameters is not null || (url is not null && server.Transport == Transports.Stdio))
        {
            if (server.Transport != Transports.Stdio)
            {
                return ProblemExtensions.Invalid("template", $"'{server.Name}' is not run as a process: it has no template and no parameters.");
            }

            var before = StdioLaunch.Of(new Uri(server.Url));
            (url, var mistake) = StdioServers.Read(request.Url, request.Template ?? before.Template, request.Parameters ?? before.Parameters, false, stdio.Value);
            if (url is null)
            {
                return mistake!;
            }
        }

        if (url is not null && server.IsBuiltIn)
        {
            return ProblemExtensions.Problem(StatusCodes.Status409Conflict, $"'{server.Name}' is built in and has no address to change.");
        }

        if (url is not null && server.IsDefault && url.AbsoluteUri != server.Url)
        {
            return ProblemExtensions.Problem(
                StatusCodes.Status409Conflict, $"The url of '{server.Name}' is what MCP_SERVER_URL says: change it there.");
        }

        if (url is not null && server.Transport != Transports.Stdio && url.AbsoluteUri != server.Url && await guard.RefuseAddressAsync(url, cancellationToken) is { } refused)
        {
            return refused;
        }

        // Credentials were given for one address: whoever may move a server elsewhere is not to have them sent there.
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (url is not null && server.Transport != Transports.Stdio && !IsSameOrigin(new Uri(server.Url), url))
        {
            server.EndSessions(time.GetUtcNow());
            await db.Credentials.Where(row => row.ServerId == server.Id).ExecuteDeleteAsync(cancellationToken);
            await db.ForgetTokensAsync(server.Id, cancellationToken);
        }

        var old = ServerValues.Of(server);
        Apply(request, url, server, time.GetUtcNow());
        db.AddToOutbox(activities.Create("mcp.servers.update", ActivityOutcomes.Succeeded, "mcp_server", server.Name, old, ServerValues.Of(server)));
        try
        {
            await db.SaveChangesAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
        catch (DbUpdateConcurrencyException)
        {
            return ProblemExtensions.Problem(StatusCodes.Status409Conflict, $"'{server.Name}' was changed at the same moment: look at it, and try again.");
        }

        await registry.RefreshAsync(cancellationToken);
        sweep.Wake();
        return TypedResults.Ok(ServerResponse.For(access, server));
    }

    private static bool IsSameOrigin(Uri before, Uri after) => Uri.Compare(before, after, UriComponents.SchemeAndServer, UriFormat.SafeUnescaped, StringComparison.OrdinalIgnoreCase) == 0;

    private static void Apply(UpdateServerRequest request, Uri? url, Server server, DateTimeOffset now)
    {
        if (url is not null)
        {
            server.MoveTo(url, now);
        }

        if (request.Description is not null)
        {
            server.Describe(request.Description, now);
        }

        if (request.Enabled is { } enabled)
        {
            server.Enable(enabled, now);
        }

        if (request.CredentialOwner is not null)
        {
            server.RequireCredentialOf(request.CredentialOwner, now);
        }

        if (request.DefinitionLock is not null)
        {
            server.LockDefinitions(request.DefinitionLock, now);
        }
    }
}
