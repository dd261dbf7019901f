using System.Net;
using System.Net.Sockets;
using McpPlatform.UserService.Queries.Sql;
using System.Security.Authentication;
using MySqlConnector;

namespace McpPlatform.UserService.Queries.Engines;

/// <summary>
/// MySQL and MariaDB through MySqlConnector. How the address stays the one that was checked: <c>Server</c> is that address, for the connection and for the
/// second one that ends a query, and a server that sends the client elsewhere is not followed.
/// </summary>
internal sealed class MySqlEngine : IDatabaseEngine
{
    public DatabaseType Type => DatabaseType.Mysql;

    public async Task<IDatabaseSession> OpenAsync(ConnectionTarget target, IPAddress address, CancellationToken cancellationToken)
    {
        var connection = new MySqlConnection(Settings(target, address).ConnectionString)
        {
            RemoteCertificateValidationCallback = ServerCertificate.Check(target.SslMode, target.Host),
        };
        try
        {
            await connection.OpenAsync(cancellationToken);
            return new MySqlSession(connection);
        }
        catch (Exception exception)
        {
            await connection.DisposeAsync();
            if (Failure(target, exception) is { } failure && !cancellationToken.IsCancellationRequested)
            {
                throw failure;
            }

            throw;
        }
    }

    public Statement Screen(string sql, bool mayWrite) => MySqlScreen.Screen(sql, mayWrite);

    public string Place(int number) => $" @p{number} ";

    /// <summary>Every value is set as a property; the builder quotes it.</summary>
    internal static MySqlConnectionStringBuilder Settings(ConnectionTarget target, IPAddress address) => new()
    {
        Server = address.ToString(),
        Port = (uint)target.Port,
        Database = target.Database,
        UserID = target.Username,
        Password = target.Password,
        ConnectionProtocol = MySqlConnectionProtocol.Tcp,
        SslMode = target.SslMode switch
        {
            SslMode.Disable => MySqlSslMode.Disabled,
            SslMode.Prefer => MySqlSslMode.Preferred,

            // The driver would compare the certificate with the address: our own check does both verifying modes.
            _ => MySqlSslMode.Required,
        },
        AllowLoadLocalInfile = false,
        AllowUserVariables = false,
        AllowPublicKeyRetrieval = false,
        AutoEnlist = false,
        ConnectionReset = true,
        ConnectionTimeout = (uint)ProfileConnector.Patience.TotalSeconds,
        CancellationTimeout = 2,
        ConvertZeroDateTime = false,
        AllowZeroDateTime = true,
        TreatTinyAsBoolean = false,
        GuidFormat = MySqlGuidFormat.None,
        NoBackslashEscapes = false,
        PersistSecurityInfo = false,
        Pooling = false,
        ServerRedirectionMode = MySqlServerRedirectionMode.Disabled,
        ServerRsaPublicKeyFile = string.Empty,
        UseAffectedRows = true,
        UseCompression = false,
        ApplicationName = "McpPlatform",
    };

    private static ConnectFailedException? Failure(ConnectionTarget target, Exception exception) => exception switch
    {
        MySqlException { ErrorCode: MySqlErrorCode.UnableToConnectToHost } when exception.Message.Contains("Timeout", StringComparison.Ordinal) => ProfileConnector.TimedOut(target, exception),
        MySqlException { InnerException: AuthenticationException } => Tls(target, exception),
        MySqlException { ErrorCode: MySqlErrorCode.UnableToConnectToHost } when exception.Message.Contains("SSL", StringComparison.Ordinal) => new(
            ConnectFailure.Tls, $"{target.Host}:{target.Port} offers no TLS, which ssl_mode {target.SslMode.Name()} asks for.", exception),
        MySqlException { ErrorCode: MySqlErrorCode.UnableToConnectToHost, InnerException: null or SocketException or AggregateException } => new(
            ConnectFailure.Unreachable, $"{target.Host}:{target.Port} cannot be reached.", exception),
        MySqlException { Number: > 0 and < 2000 } refused => new(ConnectFailure.Refused, $"{target.Host}:{target.Port} refused the connection: {Reason(refused)}", refused),
        MySqlException { Message: var message } when message.Contains("AllowPublicKeyRetrieval", StringComparison.Ordinal) || message.Contains("RSA public key", StringComparison.Ordinal) => new(
            ConnectFailure.Tls, $"{target.Host} takes this user's password over TLS only: set ssl_mode to require or stricter.", exception),
        MySqlException or IOException or InvalidOperationException or NotSupportedException or FormatException or SocketException => new(
            ConnectFailure.NotADatabase, $"{target.Host}:{target.Port} does not answer as MySQL does.", exception),
        _ => null,
    };

    private static ConnectFailedException Tls(ConnectionTarget target, Exception exception) =>
        new(ConnectFailure.Tls, $"The certificate of {target.Host} does not satisfy ssl_mode {target.SslMode.Name()}.", exception);

    private static string Reason(MySqlException exception) => exception.ErrorCode switch
    {
        MySqlErrorCode.AccessDenied => "the user name or the password is wrong, or this user may not log in from here.",
        MySqlErrorCode.DatabaseAccessDenied or MySqlErrorCode.UnknownDatabase => "there is no such database, or this user may not see it.",
        MySqlErrorCode.ConnectionCountError => "it has too many connections.",
        _ => $"error {exception.Number}.",
    };
}
