using McpPlatform.Contracts.Identity;
using McpPlatform.McpService.Access;
using McpPlatform.McpService.Data;
using McpPlatform.McpService.Servers;
using McpPlatform.McpService.Upstream.Stdio;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace McpPlatform.McpService.Exchange;

/// <summary>Parts that importing needs.</summary>
internal sealed record ImportServices(McpDbContext Db, ServerAccess Access, ServerRegistration Registration, IOptions<StdioOptions> Stdio);

/// <summary>Registers the servers of a file as <see cref="RegisterServer"/> would each of them; one that is refused keeps no other out.</summary>
internal static class ImportServers
{
    // Names that take long to be found keep few others waiting.
    private const int Lookups = 32;

    public static async Task<Results<Ok<ImportReport>, ValidationProblem>> HandleAsync(
        HttpRequest request, [AsParameters] ImportServices services, CancellationToken cancellationToken, [FromQuery(Name = "dry_run")] bool dryRun = false)
    {
        if (await McpJson.ReadAsync(request.Body, cancellationToken) is not { } entries)
        {
            return ProblemExtensions.Invalid("body", McpJson.Sentence);
        }

        List<Candidate> candidates = [];
        Dictionary<string, string> sources = new(StringComparer.Ordinal);
        foreach (var entry in entries)
        {
            Candidate candidate = new(entry);
            candidates.Add(candidate);
            if (candidate.Reason is null && !sources.TryAdd(entry.Request!.Name!, entry.Source))
            {
                candidate.Reason = $"Its name here, '{entry.Request.Name}', is that of the entry '{sources[entry.Request.Name!]}' too: rename one of them.";
            }

            candidate.Reason ??= await RefuseAsync(candidate, services, cancellationToken);
        }

        await Parallel.ForEachAsync(candidates.Where(candidate => candidate.Reason is null), new ParallelOptions { MaxDegreeOfParallelism = Lookups, CancellationToken = cancellationToken }, async (candidate, token) =>
        {
            (candidate.Url, var mistake) = await services.Registration.ReadAddressAsync(candidate.Request!, token);
            candidate.Reason = mistake is null ? null : Sentence(mistake);
        });

        List<ImportedEntry> report = [];
        foreach (var candidate in candidates)
        {
            report.Add(candidate.Reason is null ? await RegisterAsync(candidate, services, dryRun, cancellationToken) : candidate.Report("refused", candidate.Reason));
        }

        if (report.Exists(entry => entry.Status == "registered"))
        {
            await services.Registration.ApplyAsync(cancellationToken);
        }

        return TypedResults.Ok(new ImportReport(dryRun, report.Count(entry => entry.Status is "registered" or "would_register"), report.Count(entry => entry.Status == "refused"), report));
    }

    private static async Task<string?> RefuseAsync(Candidate candidate, ImportServices services, CancellationToken cancellationToken)
    {
        var request = candidate.Request!;
        if (ServerRegistration.FindMistake(request) is { } mistake)
        {
            return Sentence(mistake);
        }

        if (await services.Registration.RefuseAsync(request, cancellationToken) is { } refusal)
        {
            return refusal.ProblemDetails.Detail;
        }

        // Not before: which commands the operator has templates for is not everybody's to know.
        if (candidate.Entry.Command is not { } command)
        {
            return null;
        }

        if (TemplateSearch.Find(command, services.Stdio.Value) is not { } launch)
        {
            return TemplateSearch.NoneSentence;
        }

        candidate.Request = request with { Template = launch.Template, Parameters = launch.Parameters };
        var unused = TemplateSearch.Unused(command, services.Stdio.Value.Templates[launch.Template]);
        candidate.Notes = unused.Count == 0 ? [] : [$"The environment of its process is the operator's: {string.Join(", ", unused)} was not taken."];
        return null;
    }

    private static async Task<ImportedEntry> RegisterAsync(Candidate candidate, ImportServices services, bool dryRun, CancellationToken cancellationToken)
    {
        var request = candidate.Request!;
        if (await FindAsync() is { } existing)
        {
            return Compare(existing);
        }

        if (dryRun)
        {
            return candidate.Report("would_register", null);
        }

        return await services.Registration.SaveAsync(request, candidate.Url!, cancellationToken) is { } server ? candidate.Report("registered", null, server.Id)
            : await FindAsync() is { } sooner ? Compare(sooner)
            : candidate.Report("refused", ServerRegistration.TakenSentence(request.Name!));

        Task<Server?> FindAsync() => services.Db.Servers.AsNoTracking().SingleOrDefaultAsync(row => row.Name == request.Name, cancellationToken);

        ImportedEntry Compare(Server server) =>
            !services.Access.Allows(Permissions.McpServersRead, server) ? candidate.Report("refused", ServerRegistration.TakenSentence(request.Name!))
            : server.Transport == request.Transport && server.Url == candidate.Url!.AbsoluteUri ? candidate.Report("exists", null, server.Id)
            : candidate.Report("differs", $"A server named '{server.Name}' is registered with another address or transport: change it (PATCH {ServersApi.Route}/{server.Name}), or give the entry another name.", server.Id);
    }

    private static string Sentence(ValidationProblem problem) => problem.ProblemDetails.Errors.First().Value[0];

    /// <summary>An entry on its way.</summary>
    private sealed class Candidate(McpJsonEntry entry)
    {
        public McpJsonEntry Entry => entry;

        public RegisterServerRequest? Request { get; set; } = entry.Request;

        public string? Reason { get; set; } = entry.Mistake;

        public Uri? Url { get; set; }

        public IReadOnlyList<string> Notes { get; set; } = [];

        public ImportedEntry Report(string status, string? reason, Guid? id = null) =>
            new(entry.Source, Request?.Name, status, reason, id, status is "registered" or "would_register" ? MissingCredential.Of(entry) : [], Notes);
    }
}
