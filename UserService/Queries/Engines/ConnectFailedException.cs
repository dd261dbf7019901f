namespace McpPlatform.UserService.Queries.Engines;

/// <summary>Why there is no connection.</summary>
internal enum ConnectFailure
{
    /// <summary>The address may not be reached from here.</summary>
    NotAllowed,

    /// <summary>The name has no address.</summary>
    UnknownHost,

    /// <summary>Nothing listens there, or the network does not lead there.</summary>
    Unreachable,

    /// <summary>No answer within <see cref="ProfileConnector.Patience"/>.</summary>
    TimedOut,

    /// <summary>No TLS, or a certificate that does not satisfy the profile.</summary>
    Tls,

    /// <summary>The server refused the user, the password or the database.</summary>
    Refused,

    /// <summary>Whatever answered is not such a database.</summary>
    NotADatabase,
}

/// <summary>A database cannot be reached. The message is one sentence for the person who made the profile.</summary>
internal sealed class ConnectFailedException(ConnectFailure failure, string sentence, Exception? inner = null) : Exception(sentence, inner)
{
    public ConnectFailure Failure { get; } = failure;
}
