using McpPlatform.McpService.Servers;

namespace McpPlatform.McpService.Exchange;

/// <summary>What became of the entries of a file.</summary>
/// <param name="DryRun">Whether it was only looked at.</param>
/// <param name="Registered">How many entries were registered, or would be.</param>
/// <param name="Refused">How many were refused.</param>
/// <param name="Entries">Each of them, in the order of the file.</param>
internal sealed record ImportReport(bool DryRun, int Registered, int Refused, IReadOnlyList<ImportedEntry> Entries);

/// <summary>What became of an entry.</summary>
/// <param name="Source">Its name in the file.</param>
/// <param name="Name">Its name here.</param>
/// <param name="Status">
/// <c>registered</c>, <c>would_register</c> (a dry run), <c>exists</c> (that server is there; nothing was changed), <c>differs</c> (another one is there under that name; nothing was changed), or <c>refused</c>.
/// </param>
/// <param name="Reason">Why it was refused, or how it differs.</param>
/// <param name="Id">The server's id.</param>
/// <param name="Missing">What the file does not have and somebody has to store before the server can be used.</param>
/// <param name="Notes">What of the entry was not taken.</param>
internal sealed record ImportedEntry(string Source, string? Name, string Status, string? Reason, Guid? Id, IReadOnlyList<MissingCredential> Missing, IReadOnlyList<string> Notes);

/// <summary>A credential that is still to be stored.</summary>
/// <param name="Headers">Headers whose values were placeholders.</param>
/// <param name="Auth">How access tokens were got.</param>
/// <param name="Where">The request that stores it.</param>
internal sealed record MissingCredential(IReadOnlyList<string>? Headers, string? Auth, string Where)
{
    public static IReadOnlyList<MissingCredential> Of(McpJsonEntry entry)
    {
        List<MissingCredential> missing = [];
        var route = $"{ServersApi.Route}/{entry.Request!.Name}";
        if (entry.MissingHeaders.Count > 0)
        {
            missing.Add(new(entry.MissingHeaders, null, entry.Request.CredentialOwner == Credentials.CredentialOwners.User ? $"PUT {route}/credential/me" : $"PUT {route}/credential"));
        }

        if (entry.Auth is not null)
        {
            missing.Add(new(null, entry.Auth, $"PUT {route}/auth"));
        }

        return missing;
    }
}
