using System.Net;
using System.Net.Sockets;
using McpPlatform.UserService.Queries.Sql;
using Npgsql;

namespace McpPlatform.UserService.Queries.Engines;

/// <summary>
/// PostgreSQL through Npgsql. How the address stays the one that was checked: <c>Host</c> is that address, so there is no name to resolve, neither for the
/// connection nor for the second one that cancels a query; TLS is told the profile's name apart.
/// </summary>
internal sealed class PostgresEngine : IDatabaseEngine
{
    public DatabaseType Type => DatabaseType.Postgresql;

    public async Task<IDatabaseSession> OpenAsync(ConnectionTarget target, IPAddress address, CancellationToken cancellationToken)
    {
        var source = Build(target, address);
        try
        {
            return new PostgresSession(source, await source.OpenConnectionAsync(cancellationToken));
        }
        catch (Exception exception)
        {
            await source.DisposeAsync();
            if (Failure(target, exception) is { } failure && !cancellationToken.IsCancellationRequested)
            {
                throw failure;
            }

            throw;
        }
    }

    public Statement Screen(string sql, bool mayWrite) => PostgresScreen.Screen(sql, mayWrite);

    public string Place(int number) => $" ${number} ";

    /// <summary>Every value is set as a property, never as text that could hold a second option; what the environment could add is set too.</summary>
    internal static NpgsqlDataSource Build(ConnectionTarget target, IPAddress address)
    {
        var builder = new NpgsqlDataSourceBuilder();
        var settings = builder.ConnectionStringBuilder;
        settings.Host = address.ToString();
        settings.Port = target.Port;
        settings.Database = target.Database;
        settings.Username = target.Username;
        settings.SslMode = target.SslMode switch
        {
            SslMode.Disable => Npgsql.SslMode.Disable,
            SslMode.Prefer => Npgsql.SslMode.Prefer,

            // The driver would verify against the address, or against a file that PGSSLROOTCERT names: our own check does both modes.
            _ => Npgsql.SslMode.Require,
        };
        settings.SslNegotiation = SslNegotiation.Postgres;
        settings.GssEncryptionMode = GssEncryptionMode.Disable;
        settings.Pooling = false;
        settings.Enlist = false;
        settings.PersistSecurityInfo = false;
        settings.IncludeErrorDetail = false;
        settings.Timeout = (int)ProfileConnector.Patience.TotalSeconds;
        settings.CancellationTimeout = 2000;
        settings.ApplicationName = "McpPlatform";
        settings.Options = Environment.GetEnvironmentVariable("PGOPTIONS") is null ? null : " "; // poolers refuse the parameter, so only where it must displace one
        settings.Timezone = "UTC"; // else PGTZ
        settings.ClientEncoding = "UTF8"; // else PGCLIENTENCODING

        // Types are looked up by the query that needs them: reading the whole catalogue would cost every connection.
        builder.ConfigureTypeLoading(types => types.EnableTypeLoading(false));

        // Given this way there is a password even when it is empty, so that neither PGPASSWORD nor a password file is looked for.
        builder.UsePasswordProvider(_ => target.Password, (_, _) => new(target.Password));
        builder.UseSslClientAuthenticationOptionsCallback(tls =>
        {
            tls.TargetHost = target.Host;
            tls.ClientCertificates = null; // else PGSSLCERT
            tls.RemoteCertificateValidationCallback = ServerCertificate.Check(target.SslMode, target.Host);
        });
        return builder.Build();
    }

    private static ConnectFailedException? Failure(ConnectionTarget target, Exception exception) => exception switch
    {
        PostgresException refused => new(ConnectFailure.Refused, $"{target.Host}:{target.Port} refused the connection: {Reason(refused)}", refused),
        NpgsqlException { InnerException: TimeoutException } => ProfileConnector.TimedOut(target, exception),
        NpgsqlException { InnerException: SocketException } => new(ConnectFailure.Unreachable, $"{target.Host}:{target.Port} cannot be reached.", exception),
        NpgsqlException { InnerException: System.Security.Authentication.AuthenticationException } => new(
            ConnectFailure.Tls, $"The certificate of {target.Host} does not satisfy ssl_mode {target.SslMode.Name()}.", exception),
        NpgsqlException { InnerException: null } when exception.Message.Contains("SSL", StringComparison.Ordinal) => new(
            ConnectFailure.Tls, $"{target.Host}:{target.Port} offers no TLS, which ssl_mode {target.SslMode.Name()} asks for.", exception),
        NpgsqlException or IOException or TimeoutException or InvalidOperationException or NotSupportedException => new(
            ConnectFailure.NotADatabase, $"{target.Host}:{target.Port} does not answer as PostgreSQL does.", exception),
        _ => null,
    };

    private static string Reason(PostgresException exception) => exception.SqlState switch
    {
        PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification => "the user name or the password is wrong, or this user may not log in from here.",
        PostgresErrorCodes.InvalidCatalogName => "there is no such database.",
        PostgresErrorCodes.TooManyConnections => "it has too many connections.",
        PostgresErrorCodes.CannotConnectNow => "it is starting or stopping.",
        _ => $"SQLSTATE {exception.SqlState}.",
    };
}
