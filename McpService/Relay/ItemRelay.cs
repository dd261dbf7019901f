using System.Text.Json.Nodes;
using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Identity;
using McpPlatform.McpService.Catalogue;
using McpPlatform.McpService.Upstream;

namespace McpPlatform.McpService.Relay;

/// <summary>Requests for one prompt or one resource, and completion of their arguments: finds whose it is, decides, and hands it on.</summary>
internal sealed class ItemRelay(UpstreamLists lists, EraBridge bridge, Denials denials)
{
    public async Task<RelayAnswer> GetPromptAsync(RelayCall call, CancellationToken cancellationToken)
    {
        if (Text(call.Parameters["name"]) is not { } name)
        {
            return RelayAnswer.Fail(RelayError.InvalidParams, "The parameter name must be the name of a prompt.");
        }

        return await FindPromptAsync(call, name, cancellationToken) is { } item
            ? await SendAsync(call, item.Server, Resources.Prompt(item.Server, item.Name), parameters => parameters["name"] = item.Name, () => UnknownPrompt(name), cancellationToken)
            : UnknownPrompt(name);
    }

    public async Task<RelayAnswer> ReadResourceAsync(RelayCall call, CancellationToken cancellationToken)
    {
        if (Text(call.Parameters["uri"]) is not { } uri)
        {
            return RelayAnswer.Fail(RelayError.InvalidParams, "The parameter uri must be the URI of a resource.");
        }

        return await FindResourceAsync(call, uri, cancellationToken) is { } item
            ? await SendAsync(call, item.Server, Resources.Resource(item.Server, item.Name), parameters => parameters["uri"] = item.Name, () => UnknownResource(call, uri), cancellationToken)
            : UnknownResource(call, uri);
    }

    public async Task<RelayAnswer> CompleteAsync(RelayCall call, CancellationToken cancellationToken)
    {
        var reference = call.Parameters["ref"] as JsonObject;
        switch (Text(reference?["type"]))
        {
            case "ref/prompt" when Text(reference?["name"]) is { } name:
                return await FindPromptAsync(call, name, cancellationToken) is { } prompt
                    ? await SendAsync(call, prompt.Server, Resources.Prompt(prompt.Server, prompt.Name), parameters => parameters["ref"]!["name"] = prompt.Name, () => UnknownPrompt(name), cancellationToken)
                    : UnknownPrompt(name);
            case "ref/resource" when Text(reference?["uri"]) is { } uri:
                return await FindResourceAsync(call, uri, cancellationToken) is { } resource
                    ? await SendAsync(call, resource.Server, Resources.Resource(resource.Server, resource.Name), parameters => parameters["ref"]!["uri"] = resource.Name, () => UnknownResource(call, uri), cancellationToken)
                    : UnknownResource(call, uri);
            default:
                return RelayAnswer.Fail(RelayError.InvalidParams, "The parameter ref must be a ref/prompt with a name or a ref/resource with a uri.");
        }
    }

    /// <summary>The member of the scope that a resource belongs to, and its URI there.</summary>
    public async Task<ServerItem?> FindResourceAsync(RelayCall call, string uri, CancellationToken cancellationToken)
    {
        var (server, own) = ResourceUris.Resolve(call.Scope, uri);
        if (server is not null)
        {
            return call.Scope.Find(server) is { Tools: null } ? new(server, own) : null;
        }

        if (call.Scope.MarksUris)
        {
            return null;
        }

        // Without marks, whoever lists it first has it, or has a template that it fits.
        foreach (var kind in (ListKind[])[ListKind.Resources, ListKind.Templates])
        {
            foreach (var (member, items) in await ListAsync(call, kind, cancellationToken))
            {
                if (items.Any(item => Text(item[kind.Key]) is { } listed && (listed == uri || (kind == ListKind.Templates && Fits(listed, uri)))))
                {
                    return new(member, uri);
                }
            }
        }

        return null;
    }

    private async Task<ServerItem?> FindPromptAsync(RelayCall call, string name, CancellationToken cancellationToken)
    {
        // One server without prefixes: it knows its own names best.
        if (call.Scope is { Prefix: not Bundles.Prefixes.Always, Members: [{ Tools: null } only] } && name.Length <= ExposedNames.MaxLength)
        {
            return new(only.Server.Name, name);
        }

        var listed = await ListAsync(call, ListKind.Prompts, cancellationToken);
        return ExposedNames.Of(call.Scope.Prefix, listed.SelectMany(share => share.Items.Select(item => Text(item["name"])).OfType<string>().Select(prompt => new ServerItem(share.Server, prompt))))
            .Find(name);
    }

    private async Task<List<(string Server, IReadOnlyList<JsonObject> Items)>> ListAsync(RelayCall call, ListKind kind, CancellationToken cancellationToken)
    {
        var shares = await Task.WhenAll(call.Scope.Members.Where(member => member.Tools is null).Select(async member =>
        {
            try
            {
                return (member.Server.Name, await lists.ReadAsync(call, member.Server.Upstream, kind, cancellationToken));
            }
            catch (Exception exception) when (UpstreamExceptions.IsOurs(exception))
            {
                return (member.Server.Name, (IReadOnlyList<JsonObject>)[]);
            }
        }));
        return [.. shares];
    }

    private async Task<RelayAnswer> SendAsync(
        RelayCall call, string server, AccessResource resource, Action<JsonObject> rename, Func<RelayAnswer> unknown, CancellationToken cancellationToken)
    {
        var decision = call.Caller.Access().Decide(Permissions.McpToolsCall, resource);
        if (!decision.Allowed)
        {
            await denials.RecordAsync(call, server, decision);
            return unknown();
        }

        var parameters = call.Parameters.DeepClone().AsObject();
        rename(parameters);
        try
        {
            var answer = await bridge.SendAsync(call, call.Scope.Find(server)!.Server.Upstream, parameters, null, cancellationToken);
            ContentUris.Expose(answer.Result, call.Scope, server);
            return answer;
        }
        catch (UpstreamException exception)
        {
            return RelayAnswer.Fail(RelayError.InternalError, $"The MCP server '{server}' {exception.Message}.", new JsonObject { ["server"] = server });
        }
        catch (RelayRefusedException exception)
        {
            return RelayAnswer.Fail(RelayError.InternalError, $"The MCP server '{server}' asked something that the client did not answer: {exception.Message}");
        }
    }

    private static RelayAnswer UnknownPrompt(string name) => RelayAnswer.Fail(RelayError.InvalidParams, $"There is no prompt named '{Cut(name)}', or none that you may use.");

    private static RelayAnswer UnknownResource(RelayCall call, string uri) => RelayAnswer.Fail(
        call.Client.IsModern ? RelayError.InvalidParams : RelayError.LegacyResourceNotFound,
        $"There is no resource '{Cut(uri)}', or none that you may read.",
        new JsonObject { ["uri"] = uri });

    // RFC 6570, as far as finding the owner goes: what stands around the expressions is there, in that order.
    private static bool Fits(string template, string uri)
    {
        var position = 0;
        for (var at = 0; at < template.Length;)
        {
            var open = template.IndexOf('{', at);
            var literal = open < 0 ? template[at..] : template[at..open];
            var found = uri.IndexOf(literal, position, StringComparison.Ordinal);
            if (found < 0 || (at == 0 && found != 0))
            {
                return false;
            }

            position = found + literal.Length;
            var close = open < 0 ? -1 : template.IndexOf('}', open);
            if (close < 0)
            {
                return position == uri.Length;
            }

            at = close + 1;
        }

        return true;
    }

    private static string Cut(string text) => text.Length <= 200 ? text : text[..200] + "…";

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) ? text : null;
}
