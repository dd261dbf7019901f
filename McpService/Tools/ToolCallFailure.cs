using McpPlatform.Contracts.Access;
using McpPlatform.McpService.Relay;
using McpPlatform.McpService.Servers;
using McpPlatform.McpService.Upstream;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;

namespace McpPlatform.McpService.Tools;

/// <summary>Why a request to an MCP server has no result.</summary>
/// <param name="Kind">A word for records and metrics, one of few.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Sentence">What to tell the caller.</param>
/// <param name="Error">What the server said, when it answered with a JSON-RPC error.</param>
/// <param name="Decision">The decision against the caller, when there was one: for the record, never for the caller.</param>
internal sealed record ToolCallFailure(string Kind, int Status, string Sentence, UpstreamErrorException? Error = null, AccessDecision? Decision = null)
{
    private const int MaxMessage = 1000;
    private const string Access = "access";

    /// <summary>No server of that id or name, or it is disabled.</summary>
    public static ToolCallFailure UnknownServer { get; } = new("unknown_server", StatusCodes.Status404NotFound, ServerQueries.NotFoundSentence);

    public static ToolCallFailure Internal { get; } = new("internal", StatusCodes.Status500InternalServerError, "Something went wrong on our side.");

    public static ToolCallFailure ClientGone { get; } = new("client_gone", StatusCodes.Status499ClientClosedRequest, "The client has gone.");

    public static ToolCallFailure UnknownTool(string server) =>
        new("unknown_tool", StatusCodes.Status404NotFound, $"The MCP server '{server}' has no tool of that name, or none that you may use.");

    /// <summary>To the caller the same as <see cref="UnknownServer"/>.</summary>
    public static ToolCallFailure HiddenServer(AccessDecision decision) => UnknownServer with { Kind = Access, Decision = decision };

    /// <summary>To the caller the same as <see cref="UnknownTool"/>.</summary>
    public static ToolCallFailure HiddenTool(string server, AccessDecision decision) => UnknownTool(server) with { Kind = Access, Decision = decision };

    public static ToolCallFailure Withheld(string server) => new(
        "withheld", StatusCodes.Status409Conflict, $"This tool of the MCP server '{server}' waits for approval: its definition is not one that was approved. Who manages the server finds it under /api/mcp/definitions.");

    public static ToolCallFailure NeedsApproval(string server, Guid approval) => new(
        "needs_approval", StatusCodes.Status409Conflict, $"This tool of the MCP server '{server}' is called only with a person's approval: somebody has to approve this call at POST /api/mcp/approvals/{approval}/approve within 15 minutes; then call it again with the same arguments.");

    public static ToolCallFailure NotApproved(string server, bool tooLate) => new(
        "not_approved", StatusCodes.Status403Forbidden, tooLate ? $"The approval for this call of the MCP server '{server}' was used, denied or expired already: call the tool again to be asked anew."
            : $"The call of this tool of the MCP server '{server}' was not approved.");

    public static ToolCallFailure Limit(string sentence) => new("limit", StatusCodes.Status429TooManyRequests, sentence);

    /// <summary>Whether the call was refused rather than tried.</summary>
    public bool IsDenial => Kind is Access or "limit" or "withheld" or "needs_approval" or "not_approved" or "unknown_server" or "unknown_tool";

    /// <summary>What an exception means to the caller; null for what is not the server's doing.</summary>
    public static ToolCallFailure? From(Exception exception, string server, TimeSpan timeout, CancellationToken aborted) => exception switch
    {
        OperationCanceledException when aborted.IsCancellationRequested => null,
        OperationCanceledException =>
            new("timeout", StatusCodes.Status504GatewayTimeout, $"The MCP server '{server}' gave no answer within {timeout.TotalMilliseconds:0} ms."),
        UpstreamException upstream => new(Word(upstream.Failure), Code(upstream.Failure), $"The MCP server '{server}' {upstream.Message}."),
        UpstreamErrorException error => Refused(error, server),
        RelayRefusedException refused => new("client_refused", StatusCodes.Status422UnprocessableEntity, $"The MCP server '{server}' asked something that the client did not answer: {Cut(refused.Message)}"),
        _ => null,
    };

    public ProblemHttpResult ToProblem()
    {
        var problem = ProblemExtensions.Problem(Status, Sentence);
        if (Error is not null)
        {
            problem.ProblemDetails.Extensions["upstream_error"] = new { code = Error.Code, message = Cut(Error.Message) };
        }

        return problem;
    }

    public static ToolCallFailure HeaderMismatch(string sentence) => new("header_mismatch", StatusCodes.Status400BadRequest, sentence);

    /// <summary>The server answered with a JSON-RPC error.</summary>
    public static ToolCallFailure Refused(UpstreamErrorException error, string server)
    {
        // Servers say "unknown tool" with the code for wrong parameters.
        var status = error.Code switch
        {
            UpstreamErrorException.MethodNotFound => StatusCodes.Status404NotFound,
            UpstreamErrorException.InvalidParams when error.Message.Contains("unknown tool", StringComparison.OrdinalIgnoreCase) => StatusCodes.Status404NotFound,
            UpstreamErrorException.InvalidParams or RelayError.MissingCapability => StatusCodes.Status422UnprocessableEntity,
            _ => StatusCodes.Status502BadGateway,
        };
        return new("protocol_error", status, $"The MCP server '{server}' refused the request with error {error.Code}: {Cut(error.Message)}", error);
    }

    private static string Cut(string message) => message.Length <= MaxMessage ? message : message[..MaxMessage] + "…";

    private static string Word(UpstreamFailure failure) => failure switch
    {
        UpstreamFailure.Unreachable => "unreachable",
        UpstreamFailure.Unauthorized => "unauthorized",
        UpstreamFailure.NeedsLogin => "needs_login",
        UpstreamFailure.TooLarge => "too_large",
        UpstreamFailure.NeedsInput => "needs_input",
        UpstreamFailure.Timeout => "timeout",
        _ => "bad_answer",
    };

    private static int Code(UpstreamFailure failure) => failure switch
    {
        UpstreamFailure.Unreachable => StatusCodes.Status503ServiceUnavailable,
        UpstreamFailure.NeedsLogin => StatusCodes.Status409Conflict,
        UpstreamFailure.NeedsInput => StatusCodes.Status422UnprocessableEntity,
        UpstreamFailure.Timeout => StatusCodes.Status504GatewayTimeout,
        _ => StatusCodes.Status502BadGateway,
    };
}
