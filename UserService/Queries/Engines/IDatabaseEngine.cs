using System.Net;

namespace McpPlatform.UserService.Queries.Engines;

/// <summary>What differs between the kinds of database.</summary>
internal interface IDatabaseEngine
{
    DatabaseType Type { get; }

    /// <summary>
    /// Opens a connection of its own, from no pool, to this address and to no other: whatever the name in the target answers by now is not asked.
    /// </summary>
    /// <exception cref="ConnectFailedException">It says in one sentence why not.</exception>
    Task<IDatabaseSession> OpenAsync(ConnectionTarget target, IPAddress address, CancellationToken cancellationToken);
}

/// <summary>One open connection. It is closed when disposed of, and everything that was set in it is gone.</summary>
internal interface IDatabaseSession : IAsyncDisposable
{
    /// <summary>Such as <c>PostgreSQL 15.18</c>.</summary>
    string ServerVersion { get; }
}
