using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using McpPlatform.McpService.Tools;
using McpPlatform.ServiceDefaults.Secrets;

namespace McpPlatform.McpService.Relay;

/// <summary>
/// The <c>requestState</c> that a client of 2026-07-28 carries from one round of a request to the next. Sealed, and bound to the user, the endpoint, the server and
/// the very request: nobody can read it, change it, keep it for long or use it for something else. Every replica opens what another one sealed.
/// </summary>
internal sealed class RequestStates(SecretProtector protector, TimeProvider time)
{
    private const string Context = "request_state";
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(15);

    public string Seal(RelayCall call, Guid server, string? upstreamState, string? parked) =>
        Seal(new Envelope(Bind(call, server), time.GetUtcNow() + Lifetime, upstreamState, parked) { IsApproved = call.IsApproved });

    /// <summary>For a round in which only the platform asks: whether the call may be made.</summary>
    public string SealApproval(RelayCall call, Guid server, Guid approval) => Seal(new Envelope(Bind(call, server), time.GetUtcNow() + Lifetime, null, null) { Approval = approval });

    /// <summary>Opens what a client sent back.</summary>
    /// <returns>Null when it was not sealed here, for this, or is too old.</returns>
    public Envelope? Open(RelayCall call, Guid server, string state)
    {
        try
        {
            var envelope = JsonSerializer.Deserialize<Envelope>(protector.Unprotect(Base64Url.DecodeFromChars(state), Context));
            return envelope is not null && envelope.Expires > time.GetUtcNow()
                && CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(envelope.Binding), Encoding.ASCII.GetBytes(Bind(call, server))) ? envelope : null;
        }
        catch (Exception exception) when (exception is SecretUnreadableException or FormatException or JsonException or CryptographicException or ArgumentException)
        {
            return null;
        }
    }

    private string Seal(Envelope envelope) => Base64Url.EncodeToString(protector.Protect(JsonSerializer.SerializeToUtf8Bytes(envelope), Context));

    // What must be the same in every round: all parameters but the answers, the state and what is said about the request.
    private static string Bind(RelayCall call, Guid server)
    {
        var parameters = new JsonObject(call.Parameters.Where(member => member.Key is not ("_meta" or "inputResponses" or "requestState"))
            .Select(member => KeyValuePair.Create(member.Key, member.Value?.DeepClone())));
        return CanonicalJson.Hash(JsonSerializer.SerializeToElement(new JsonObject
        {
            ["user"] = call.Caller.User.Id, ["bundle"] = call.Scope.Bundle, ["server"] = server, ["method"] = call.Method, ["parameters"] = parameters,
        }));
    }

    /// <param name="Binding">What it was sealed for.</param>
    /// <param name="Expires">When it opens no more.</param>
    /// <param name="UpstreamState">The server's own state.</param>
    /// <param name="Parked">The call that waits for the answers, where the server knows no rounds.</param>
    internal sealed record Envelope(string Binding, DateTimeOffset Expires, string? UpstreamState, string? Parked)
    {
        /// <summary>Whether a person has approved the call in an earlier round.</summary>
        public bool IsApproved { get; init; }

        /// <summary>The approval that is asked for.</summary>
        public Guid? Approval { get; init; }
    }
}
