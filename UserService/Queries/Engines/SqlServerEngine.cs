using System.Net;
using System.Net.Sockets;
using McpPlatform.UserService.Queries.Sql;
using Microsoft.Data.SqlClient;

namespace McpPlatform.UserService.Queries.Engines;

/// <summary>
/// SQL Server through SqlClient. How the address stays the one that was checked: <c>DataSource</c> is <c>tcp:address,port</c>, so neither a name nor the
/// browser service is asked; the certificate is compared with <c>HostNameInCertificate</c>. The driver follows a server that sends it elsewhere and cannot be told
/// not to, which is why <see cref="ProfileConnector"/> goes only to SQL Servers that the operator has listed.
/// </summary>
internal sealed class SqlServerEngine : IDatabaseEngine
{
    // What else than its own address the server could name as the place to go to.
    static SqlServerEngine() => AppContext.SetSwitch("Switch.Microsoft.Data.SqlClient.IgnoreServerProvidedFailoverPartner", true);

    public DatabaseType Type => DatabaseType.Sqlserver;

    public async Task<IDatabaseSession> OpenAsync(ConnectionTarget target, IPAddress address, CancellationToken cancellationToken)
    {
        var connection = new SqlConnection(Settings(target, address).ConnectionString);
        try
        {
            await connection.OpenAsync(cancellationToken);
            return new SqlServerSession(connection);
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

    public Statement Screen(string sql, bool mayWrite) => SqlServerScreen.Screen(sql, mayWrite);

    public string Place(int number) => $" @p{number} ";

    /// <summary>Every value is set as a property; the builder quotes it.</summary>
    internal static SqlConnectionStringBuilder Settings(ConnectionTarget target, IPAddress address)
    {
        var settings = new SqlConnectionStringBuilder
        {
            DataSource = $"tcp:{address},{target.Port}",
            InitialCatalog = target.Database,
            UserID = target.Username,
            Password = target.Password,
            Authentication = SqlAuthenticationMethod.SqlPassword,
            IntegratedSecurity = false,
            Encrypt = target.SslMode is SslMode.Disable or SslMode.Prefer ? SqlConnectionEncryptOption.Optional : SqlConnectionEncryptOption.Mandatory,
            TrustServerCertificate = target.SslMode is not (SslMode.VerifyCa or SslMode.VerifyFull),
            ApplicationName = "McpPlatform",
            ApplicationIntent = ApplicationIntent.ReadWrite,
            ConnectRetryCount = 0,
            ConnectTimeout = (int)ProfileConnector.Patience.TotalSeconds,
            Enlist = false,
            MultipleActiveResultSets = false,
            MultiSubnetFailover = false,
            PersistSecurityInfo = false,
            Pooling = false,
            UserInstance = false,
        };
        if (target.SslMode is SslMode.VerifyCa or SslMode.VerifyFull)
        {
            // SqlClient knows no verification without the name, so verify_ca is as strict as verify_full here.
            settings.HostNameInCertificate = target.Host;
        }

        return settings;
    }

    private static ConnectFailedException? Failure(ConnectionTarget target, Exception exception) => exception switch
    {
        SqlException { Number: -2 } => ProfileConnector.TimedOut(target, exception),
        SqlException { Number: 18456 or 18452 or 18470 or 18486 or 18487 or 18488 } => new(
            ConnectFailure.Refused, $"{target.Host}:{target.Port} refused the connection: the user name or the password is wrong, or this user may not log in.", exception),
        SqlException { Number: 4060 or 911 } => new(ConnectFailure.Refused, $"{target.Host}:{target.Port} refused the connection: there is no such database, or this user may not see it.", exception),
        SqlException { InnerException: System.Security.Authentication.AuthenticationException } => new(
            ConnectFailure.Tls, $"The certificate of {target.Host} does not satisfy ssl_mode {target.SslMode.Name()}.", exception),
        SqlException { Number: > 50 } refused => new(ConnectFailure.Refused, $"{target.Host}:{target.Port} refused the connection: error {refused.Number}.", exception),
        SqlException => new(ConnectFailure.Unreachable, $"{target.Host}:{target.Port} cannot be reached, or does not answer as SQL Server does.", exception),
        SocketException or IOException or InvalidOperationException or NotSupportedException => new(
            ConnectFailure.NotADatabase, $"{target.Host}:{target.Port} does not answer as SQL Server does.", exception),
        _ => null,
    };
}
