using System.ComponentModel;
using System.Text.Encodings.Web;
using System.Text.Json;
using McpPlatform.Contracts.Identity;
using McpPlatform.McpService.Access;
using McpPlatform.McpService.Data;
using McpPlatform.McpService.Servers;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.McpService.Exchange;

/// <summary>The servers that the caller may see, as the file of a client: credentials by name alone. What is part of the platform itself is left out: no client reaches it elsewhere.</summary>
internal static class ExportServers
{
    /// <summary>To be read and copied by people; it is never part of a page.</summary>
    public static readonly JsonSerializerOptions Layout = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static async Task<Results<ContentHttpResult, ValidationProblem>> HandleAsync(
        McpDbContext db, ServerAccess access, CurrentUser user, CancellationToken cancellationToken,
        [Description("claude, vscode or cursor.")] string? format = null,
        [Description("Whether queries of addresses are written as they are, for servers that the caller may manage. Some hold a key, so that without this their values are placeholders."), FromQuery(Name = "include_query")] bool includeQuery = false)
    {
        if (ClientFormats.Parse(format) is not { } client)
        {
            return ProblemExtensions.Invalid("format", ClientFormats.Sentence);
        }

        var servers = await db.Servers.AsNoTracking().Where(server => server.Transport != Transports.BuiltIn).OrderBy(server => server.Name).ToListAsync(cancellationToken);
        var headers = (await db.Credentials.AsNoTracking().Where(row => row.UserId == null || row.UserId == user.Id)
            .Select(row => new { row.ServerId, row.UserId, row.HeaderNames }).ToListAsync(cancellationToken)).ToLookup(row => row.ServerId);
        var exported = servers.Where(server => access.Allows(Permissions.McpServersRead, server)).Select(server =>
        {
            // As a call would have it: one's own instead of everybody's.
            var shown = headers[server.Id].OrderBy(row => row.UserId is null).FirstOrDefault()?.HeaderNames ?? [];
            var isManager = access.Allows(Permissions.McpServersManage, server);
            return new ExportedServer(server, isManager ? server.Url : ServerUrls.WithoutQuery(server.Url), isManager ? server.Launch?.Parameters : null, shown);
        });
        return TypedResults.Text(new McpJsonWriter(client, includeQuery).Write(exported).ToJsonString(Layout), "application/json");
    }
}
