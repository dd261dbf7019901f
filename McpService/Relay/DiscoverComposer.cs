using System.Text;
using System.Text.Json.Nodes;
using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Identity;
using McpPlatform.McpService.Catalogue;
using McpPlatform.McpService.Upstream;
using Microsoft.Extensions.Options;

namespace McpPlatform.McpService.Relay;

/// <summary>What an endpoint says that it can, for this caller: what the caller's servers can.</summary>
internal sealed class DiscoverComposer(UpstreamSessions sessions, IOptions<UpstreamOptions> options)
{
    private static readonly string[] Listed = ["tools", "resources", "prompts"];

    /// <summary>Answers <c>server/discover</c>.</summary>
    public async Task<RelayAnswer> AnswerAsync(RelayCall call, CancellationToken cancellationToken)
    {
        var (capabilities, instructions) = await ComposeAsync(call, cancellationToken);
        var result = new JsonObject
        {
            ["supportedVersions"] = new JsonArray(ProtocolVersions.Modern), ["capabilities"] = capabilities, ["resultType"] = "complete", ["ttlMs"] = 0, ["cacheScope"] = "private",
        };
        if (instructions is not null)
        {
            result["instructions"] = instructions;
        }

        return new(result);
    }

    public async Task<(JsonObject Capabilities, string? Instructions)> ComposeAsync(RelayCall call, CancellationToken cancellationToken)
    {
        var access = call.Caller.Access();
        var members = call.Scope.Members.Where(member => access.Decide(Permissions.McpToolsCall, AccessResource.Server(member.Server.Name)).Allowed).ToList();
        var profiles = await Task.WhenAll(members.Select(member => FindProfileAsync(call, member.Server.Upstream, cancellationToken)));
        var capabilities = new JsonObject();
        for (var index = 0; index < members.Count; index++)
        {
            Add(capabilities, members[index], profiles[index], call.Client.IsModern);
        }

        if (profiles is [{ } only])
        {
            // What is beyond the specification can be promised where one server stands behind the endpoint.
            foreach (var name in (string[])["extensions", "experimental"])
            {
                if (only.Capabilities[name] is { } extension)
                {
                    capabilities[name] = extension.DeepClone();
                }
            }
        }

        TaskRelay.Announce(capabilities, profiles, call.Client.IsModern);
        return (capabilities, Instruct(members, profiles));
    }

    private async Task<UpstreamProfile?> FindProfileAsync(RelayCall call, UpstreamServer server, CancellationToken cancellationToken)
    {
        if (sessions.FindProfile(server) is { } known)
        {
            return known;
        }

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(options.Value.ListTimeout);
        try
        {
            return await sessions.UseAsync(server, call.Owner, leg => Task.FromResult(leg.Profile), deadline.Token);
        }
        catch (Exception exception) when (UpstreamExceptions.IsOurs(exception) || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return null;
        }
    }

    // A server that cannot be asked now may have anything later.
    private static void Add(JsonObject capabilities, ScopeMember member, UpstreamProfile? profile, bool isModern)
    {
        foreach (var kind in Listed.Where(kind => (profile is null || profile.Has(kind)) && (kind == "tools" || member.Tools is null)))
        {
            var own = (JsonObject)(capabilities[kind] ??= new JsonObject());
            own["listChanged"] = true;
            if (kind == "resources" && (profile is null || (isModern && !profile.Capabilities.ContainsKey("logging")) || profile.Capabilities[kind]?["subscribe"] is not null))
            {
                own["subscribe"] = true;
            }
        }

        if (profile?.Has("completions") == true && member.Tools is null)
        {
            capabilities["completions"] ??= new JsonObject();
        }

        if (profile?.Has("logging") == true)
        {
            capabilities["logging"] ??= new JsonObject();
        }
    }

    private static string? Instruct(List<ScopeMember> members, UpstreamProfile?[] profiles)
    {
        if (profiles is [var only])
        {
            return only?.Instructions;
        }

        var text = new StringBuilder();
        foreach (var (member, profile) in members.Zip(profiles))
        {
            if (profile?.Instructions is { Length: > 0 } instructions)
            {
                text.Append(text.Length == 0 ? string.Empty : "\n\n").Append("# ").Append(member.Server.Name).Append('\n').Append(instructions);
            }
        }

        return text.Length == 0 ? null : text.ToString();
    }
}
