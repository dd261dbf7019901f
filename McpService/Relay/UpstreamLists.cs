using System.Text.Json.Nodes;
using McpPlatform.McpService.Upstream;
using Microsoft.Extensions.Options;

namespace McpPlatform.McpService.Relay;

/// <summary>Everything of a kind that a server has: all pages, within bounds.</summary>
internal sealed class UpstreamLists(UpstreamSessions sessions, UpstreamBreakers breakers, IOptions<UpstreamOptions> options)
{
    private const int MaxPages = 100, MaxItems = 10_000;

    /// <exception cref="UpstreamException">It gave no usable answer, none in time, or too much; or it is left alone for a while.</exception>
    /// <exception cref="UpstreamErrorException">It answered with an error.</exception>
    public Task<IReadOnlyList<JsonObject>> ReadAsync(RelayCall call, UpstreamServer server, ListKind kind, CancellationToken cancellationToken) =>
        breakers.UseAsync(server, () => ReadInTimeAsync(call, server, kind, cancellationToken));

    private async Task<IReadOnlyList<JsonObject>> ReadInTimeAsync(RelayCall call, UpstreamServer server, ListKind kind, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(options.Value.ListTimeout);
        try
        {
            return await sessions.UseAsync(server, call.Owner, leg => ReadAsync(leg, call, kind, deadline.Token), deadline.Token);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new UpstreamException(UpstreamFailure.Timeout, $"gave no list within {options.Value.ListTimeout.TotalSeconds:0.#} s", exception);
        }
    }

    private static async Task<IReadOnlyList<JsonObject>> ReadAsync(IUpstreamLeg leg, RelayCall call, ListKind kind, CancellationToken cancellationToken)
    {
        List<JsonObject> items = [];
        if (!leg.Profile.Has(kind.Capability))
        {
            return items;
        }

        HashSet<string> cursors = new(StringComparer.Ordinal);
        string? cursor = null;
        do
        {
            var parameters = cursor is null ? new JsonObject() : new JsonObject { ["cursor"] = cursor };
            TraceContext.AddTo(parameters);
            var reply = await leg.ExchangeAsync(new UpstreamCall(kind.Method, parameters) { Capabilities = call.Client.Capabilities, Caller = (call.Caller.User.Id, call.Caller.AccessToken) }, NobodyAsks.Instance, cancellationToken);
            JsonObject result;
            try
            {
                result = UpstreamLegExtensions.AsResult(reply);
            }
            catch (UpstreamErrorException error) when (error.Code == UpstreamErrorException.MethodNotFound)
            {
                // It has resources, and never heard of templates.
                return items;
            }

            items.AddRange((result[kind.Member] as JsonArray ?? throw new UpstreamException(UpstreamFailure.BadAnswer, $"answered to {kind.Method} without a list"))
                .OfType<JsonObject>().Select(item => item.DeepClone().AsObject()).Where(item => IsReadable(item, kind)));
            cursor = result["nextCursor"] is JsonValue next && next.TryGetValue(out string? text) ? text : null;
            if (cursor is not null && (!cursors.Add(cursor) || cursors.Count >= MaxPages) || items.Count > MaxItems)
            {
                throw new UpstreamException(UpstreamFailure.TooLarge, $"lists more than is accepted, which is {MaxItems} on {MaxPages} pages");
            }
        }
        while (cursor is not null);
        return items;
    }

    // A key that stands twice, and text that is not Unicode, are found only by looking. What has them is left out, so that it takes nothing else with it.
    private static bool IsReadable(JsonObject item, ListKind kind)
    {
        try
        {
            _ = item[kind.Key] is JsonValue key && key.TryGetValue(out string? _);
            return true;
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException)
        {
            return false;
        }
    }
}
