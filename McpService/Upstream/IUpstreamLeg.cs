using System.Text.Json.Nodes;

namespace McpPlatform.McpService.Upstream;

/// <summary>
/// Our side of the conversation with one MCP server, in the era of the protocol that it speaks. Parameters and results are JSON as it is on the wire,
/// so that members that this version of the platform does not know survive.
/// </summary>
internal interface IUpstreamLeg
{
    /// <summary>The revision of MCP that was negotiated, such as <c>2025-11-25</c>.</summary>
    string ProtocolVersion { get; }

    /// <summary>Whether the server said that it has tools.</summary>
    bool HasTools { get; }

    /// <summary>Sends one request and waits for its result.</summary>
    /// <param name="method">Such as <c>tools/call</c>.</param>
    /// <param name="parameters">Taken over: the caller must not use it afterwards.</param>
    /// <param name="cancellationToken">Cancels the request at the server too.</param>
    /// <exception cref="UpstreamErrorException">The server answered with a JSON-RPC error.</exception>
    /// <exception cref="UpstreamSessionLostException">It did not execute the request: open another leg.</exception>
    /// <exception cref="UpstreamException">It gave no usable answer.</exception>
    Task<JsonObject> RequestAsync(string method, JsonObject parameters, CancellationToken cancellationToken);

    /// <summary>Asks whether the server is there, by the cheapest request that the era has.</summary>
    Task PingAsync(CancellationToken cancellationToken);

    /// <summary>Ends the session at the server, where there is one. Never throws.</summary>
    Task CloseAsync();
}
