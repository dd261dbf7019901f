namespace McpPlatform.UserService.Queries.Engines;

/// <summary>The kinds of database that a connection profile may name.</summary>
internal enum DatabaseType
{
    /// <summary>PostgreSQL 12 and later.</summary>
    Postgresql,

    /// <summary>MySQL 8 and MariaDB 10.5 and later.</summary>
    Mysql,

    /// <summary>SQL Server 2017 and later.</summary>
    Sqlserver,
}

/// <summary>How a connection is encrypted, and what is asked of the server's certificate.</summary>
internal enum SslMode
{
    /// <summary>No TLS.</summary>
    Disable,

    /// <summary>TLS where the server has it; the certificate is not looked at.</summary>
    Prefer,

    /// <summary>TLS or no connection; the certificate is not looked at.</summary>
    Require,

    /// <summary>The certificate must come from an authority that this machine trusts.</summary>
    VerifyCa,

    /// <summary>That, and it must be made out to the host's name.</summary>
    VerifyFull,
}

/// <summary>All that is needed to open a connection: a profile with its password in clear. Lives as long as one request.</summary>
internal sealed record ConnectionTarget(DatabaseType Type, string Host, int Port, string Database, string Username, string Password, SslMode SslMode)
{
    // A record prints its properties, and the password is one of them.
    public override string ToString() => $"{Type} {Host}:{Port}";
}

internal static class SslModeNames
{
    /// <summary>As the API writes it.</summary>
    public static string Name(this SslMode mode) => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(mode.ToString());
}
