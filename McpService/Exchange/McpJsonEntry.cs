using System.Text.Json;
using McpPlatform.McpService.Credentials;
using McpPlatform.McpService.Servers;

namespace McpPlatform.McpService.Exchange;

/// <summary>A command with its arguments, as a client would run it.</summary>
/// <param name="Command">The executable.</param>
/// <param name="Arguments">Its arguments.</param>
/// <param name="Environment">Its variables.</param>
internal sealed record EntryCommand(string Command, IReadOnlyList<string> Arguments, IReadOnlyDictionary<string, string> Environment);

/// <summary>What an entry of a file says of a server.</summary>
/// <param name="Source">Its name in the file.</param>
/// <param name="Request">What would register it; null when it is refused.</param>
/// <param name="Mistake">Why it is refused.</param>
internal sealed record McpJsonEntry(string Source, RegisterServerRequest? Request, string? Mistake)
{
    public const int MaxDescription = 1024;

    /// <summary>For one that runs as a process: the command, which has still to be found among the operator's templates.</summary>
    public EntryCommand? Command { get; init; }

    /// <summary>Headers whose values the file does not have.</summary>
    public IReadOnlyList<string> MissingHeaders { get; init; } = [];

    /// <summary>How access tokens for it were got where it comes from.</summary>
    public string? Auth { get; init; }

    public static McpJsonEntry Refused(string source, string mistake) => new(source, null, mistake);

    public static McpJsonEntry Read(string source, JsonElement json)
    {
        EntryMembers members = new(json);
        var own = members.Object(McpJsonMembers.Platform);
        var (type, url, template) = (members.Text("type") ?? members.Text("transport"), members.Text("url"), own.Text("template"));
        RegisterServerRequest request = new(ImportedNames.Of(source))
        {
            Description = own.Text("description") ?? members.Text("description"),
            Enabled = own.Flag("enabled") ?? !(members.Flag("disabled") ?? false),
            DefinitionLock = own.Text("definition_lock") ?? Definitions.DefinitionLock.Changes,
            CredentialOwner = own.Text("credential_owner") ?? CredentialOwners.Server,
        };
        var (parameters, command) = (own.Map("parameters"), template is null && url is null ? members.Text("command") : null);
        EntryCommand? run = command is null ? null : new(command, members.Texts("args"), members.Map("env") ?? []);
        var read = template is not null ? new McpJsonEntry(source, request with { Transport = Transports.Stdio, Template = template, Parameters = parameters }, null)
            : run is not null && RemoteBridge.Read(run) is { } bridged ? OverHttp(source, request, bridged.Transport, bridged.Url, bridged.Headers)
            : run is not null && type is null or "stdio" ? new McpJsonEntry(source, request with { Transport = Transports.Stdio }, null) { Command = run }
            : url is null ? Refused(source, "The entry needs a url (http, https) or a command.")
            : Transport(type) is not { } transport ? Refused(source, "The type must be 'http' (also 'streamable-http'), 'sse' or 'stdio'.")
            : OverHttp(source, request, transport, url, members.Map("headers"));
        var mistake = members.Mistake ?? own.Mistake ?? (request.Description?.Length > MaxDescription ? $"The description must be at most {MaxDescription} characters." : null);
        return mistake is null ? read with { Auth = own.Text("auth") ?? (members.Has("auth") || members.Has("oauth") ? AuthUnknown : null) } : Refused(source, mistake);
    }

    /// <summary>The file has a client of its own at the server's authorization server, which is not the platform's to use.</summary>
    private const string AuthUnknown = "oauth_authorization_code";

    private static McpJsonEntry OverHttp(string source, RegisterServerRequest request, string transport, string url, Dictionary<string, string>? headers)
    {
        if (Placeholders.IsIn(url))
        {
            return Refused(source, "The url has a placeholder in it, which only a client can fill in: write its value there, and import the entry again.");
        }

        // Those without a value are looked at too: a header that nobody may choose is no better for having none yet.
        if (headers?.Count > 0 && CredentialHeaders.FindMistake(headers) is { } mistake)
        {
            return Refused(source, mistake);
        }

        var stored = headers?.Where(header => !Placeholders.IsIn(header.Value)).ToDictionary(StringComparer.Ordinal);
        var missing = headers?.Keys.Where(header => stored?.ContainsKey(header) == false).Order(StringComparer.OrdinalIgnoreCase);
        return new(source, request with { Transport = transport, Url = url, Headers = stored?.Count > 0 ? stored : null }, null)
        {
            MissingHeaders = missing?.ToArray() ?? [],
        };
    }

    private static string? Transport(string? type) => type switch
    {
        null or "http" or "streamable-http" or "streamableHttp" or "streamable_http" => Transports.Http,
        "sse" => Transports.Sse,
        _ => null,
    };
}
