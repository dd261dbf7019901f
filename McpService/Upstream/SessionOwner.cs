using System.Text.Json.Nodes;
using McpPlatform.McpService.Tools;

namespace McpPlatform.McpService.Upstream;

/// <summary>Whose conversation with a server it is. Nobody shares one with another user, nor with a client that can be asked other things.</summary>
internal sealed record SessionOwner
{
    private readonly string key;

    private SessionOwner(Guid? user, string? clientSession, JsonObject capabilities)
    {
        User = user;
        ClientSession = clientSession;
        Capabilities = capabilities;
        key = CanonicalJson.Hash(System.Text.Json.JsonSerializer.SerializeToElement(capabilities));
    }

    /// <summary>The platform itself: the monitor, the catalogue.</summary>
    public static SessionOwner Platform { get; } = new(null, null, []);

    public Guid? User { get; }

    /// <summary>The session of a client of the older revisions: its conversations are its own, as are its log level and subscriptions.</summary>
    public string? ClientSession { get; }

    /// <summary>What the client can be asked.</summary>
    public JsonObject Capabilities { get; }

    /// <summary>The user's token of the platform when the conversation began. It says nothing of whose it is, so it does not count when two are compared.</summary>
    public string? AccessToken { get; init; }

    public static SessionOwner Of(Guid user, string? clientSession = null, JsonObject? capabilities = null) => new(user, clientSession, capabilities ?? []);

    /// <summary>Whose conversation a request of the platform's own for a user goes into: the platform's, unless the server has to be shown what only its users have.</summary>
    public static SessionOwner For(UpstreamServer server, Guid user, string? accessToken) => server.NeedsUsersCredential ? Of(user) with { AccessToken = accessToken } : Platform;

    // A record prints its members, and logs print records.
    public override string ToString() => User?.ToString() ?? "platform";

    public bool Equals(SessionOwner? other) => other is not null && User == other.User && ClientSession == other.ClientSession && key == other.key;

    public override int GetHashCode() => HashCode.Combine(User, ClientSession, key);
}
