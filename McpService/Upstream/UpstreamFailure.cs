using System.Text.Json.Nodes;

namespace McpPlatform.McpService.Upstream;

/// <summary>Why an MCP server gave no answer that can be used.</summary>
internal enum UpstreamFailure
{
    /// <summary>No connection.</summary>
    Unreachable,

    /// <summary>It refused us: credentials are missing or wrong.</summary>
    Unauthorized,

    /// <summary>It needs a credential that nobody has stored yet.</summary>
    NeedsLogin,

    /// <summary>What it sent is not MCP, or it broke off.</summary>
    BadAnswer,

    /// <summary>Its answer is larger than is accepted.</summary>
    TooLarge,

    /// <summary>It wants to ask the person something in the middle of the call.</summary>
    NeedsInput,

    /// <summary>It gave no answer in time.</summary>
    Timeout,
}

/// <summary>An outage or a defect of an MCP server.</summary>
/// <param name="failure">What kind.</param>
/// <param name="sentence">What happened, as the predicate of a sentence that begins with the server's name.</param>
/// <param name="inner">The cause.</param>
internal sealed class UpstreamException(UpstreamFailure failure, string sentence, Exception? inner = null) : Exception(sentence, inner)
{
    public UpstreamFailure Failure => failure;
}

/// <summary>A JSON-RPC error: the server understood and refused.</summary>
internal sealed class UpstreamErrorException(int code, string message, JsonNode? data) : Exception(message)
{
    public const int MethodNotFound = -32601, InvalidParams = -32602;

    public int Code => code;

    public JsonNode? ErrorData => data;
}

/// <summary>The server does not know the session (any more), so it did not execute the request.</summary>
internal sealed class UpstreamSessionLostException() : Exception("The session is not known there any more.");
