namespace McpPlatform.UserService.Queries.Engines;

/// <summary>How a statement ended that was run and did not succeed.</summary>
internal enum QueryFailure
{
    /// <summary>The database refused it, with a SQLSTATE.</summary>
    Database,

    /// <summary>The time was up.</summary>
    TimedOut,

    /// <summary>The connection broke.</summary>
    ConnectionLost,
}

/// <summary>A statement did not succeed. The message is the database's primary message, or a sentence of ours; never a row or a hint.</summary>
internal sealed class QueryFailedException(QueryFailure failure, string message, string? sqlState = null, Exception? inner = null) : Exception(message, inner)
{
    private const int MaxLength = 1000;

    public QueryFailure Failure { get; } = failure;

    public string? SqlState { get; } = sqlState;

    public override string Message => base.Message.Length > MaxLength ? base.Message[..MaxLength] + "…" : base.Message;

    public static QueryFailedException TimedOut(Exception inner) => new(QueryFailure.TimedOut, "The query was ended because its time was up: ask for less, or for more time with timeout_ms.", null, inner);
}
