using System.ComponentModel.DataAnnotations;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using McpPlatform.ServiceDefaults.Outbound;
using McpPlatform.ServiceDefaults.Problems;
using McpPlatform.UserService.Queries.Engines;
using Microsoft.AspNetCore.Http.HttpResults;

namespace McpPlatform.UserService.Connections;

/// <summary>What may stand in a profile. Every value later becomes a property of the driver and never text in a connection string; these rules come first.</summary>
internal static partial class ConnectionRules
{
    public const string Types = "database_type must be postgresql, mysql or sqlserver.",
        SslModes = "ssl_mode must be disable, prefer, require, verify_ca or verify_full.",
        Port = "port must be from 1 to 65535.",
        Name = "name must have 1 to 64 characters without control characters, '/', '*' and space at its ends.",
        Host = "host must be one host name (letters, digits, '.', '-', '_') or one IP address, without a port, a path or options; the port has a field of its own.",
        Database = "database must have 1 to 128 characters, none of them a control character.",
        Username = "username must have 1 to 128 characters, none of them a control character.",
        Password = "password may have at most 1024 characters, none of them a control character.",
        Roles = "shared_with_roles may name at most 20 roles.";

    private static readonly TimeSpan LookupPatience = TimeSpan.FromSeconds(3);

    /// <summary>The host as it is kept: lower case, and IPv6 without brackets; null when it is none.</summary>
    public static string? CanonicalHost(string host)
    {
        if (HostName().IsMatch(host))
        {
            return host.ToLowerInvariant();
        }

        var address = host.Length > 2 && host[0] == '[' && host[^1] == ']' ? host[1..^1] : host;
        return address.Length <= 45 && Ipv6().IsMatch(address) && IPAddress.TryParse(address, out var parsed) && parsed.AddressFamily == AddressFamily.InterNetworkV6
            ? address.ToLowerInvariant() : null;
    }

    public static int DefaultPort(DatabaseType type) => type switch
    {
        DatabaseType.Postgresql => 5432,
        DatabaseType.Mysql => 3306,
        _ => 1433,
    };

    /// <summary>
    /// An early word to whoever writes a profile that could never connect. The boundary is elsewhere: the address is decided on again at every connection.
    /// A name that is not known yet may be known later.
    /// </summary>
    public static async Task<ValidationProblem?> RefuseAddressAsync(this OutboundGuard guard, ConnectionSettings settings, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(LookupPatience);
        try
        {
            await guard.ResolveAsync(settings.Host, settings.Port, patience.Token);
            return null;
        }
        catch (OutboundRefusedException exception)
        {
            return ProblemExtensions.Invalid("host", exception.Message);
        }
        catch (Exception exception) when (exception is SocketException or ArgumentException
            || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return null;
        }
    }

    [GeneratedRegex(@"^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9.])?\z")]
    private static partial Regex HostName();

    [GeneratedRegex(@"^[0-9A-Fa-f:.]+\z")]
    private static partial Regex Ipv6();
}

/// <summary>Text that can be stored and shown: no control characters, no half of a surrogate pair. Null passes.</summary>
[AttributeUsage(AttributeTargets.Parameter | AttributeTargets.Property)]
internal class TextAttribute(int min, int max) : ValidationAttribute
{
    public override bool IsValid(object? value) => value is null || (value is string text && text.Length >= min && text.Length <= max && IsText(text));

    protected virtual bool IsText(string text) => text.EnumerateRunes().All(rune => !System.Text.Rune.IsControl(rune) && rune != System.Text.Rune.ReplacementChar);
}

/// <summary>The name of a profile: it stands in rules, where <c>/</c> and <c>*</c> mean something.</summary>
internal sealed class ConnectionNameAttribute() : TextAttribute(1, ConnectionProfileConfiguration.MaxNameLength)
{
    protected override bool IsText(string text) => base.IsText(text) && text.Trim().Length == text.Length && text.IndexOfAny(['/', '*']) < 0;
}

/// <summary>A host that <see cref="ConnectionRules.CanonicalHost"/> knows. Null passes.</summary>
[AttributeUsage(AttributeTargets.Parameter | AttributeTargets.Property)]
internal sealed class HostAttribute : ValidationAttribute
{
    public override bool IsValid(object? value) => value is null || (value is string host && ConnectionRules.CanonicalHost(host) is not null);
}

/// <summary>One of these words. Null passes.</summary>
[AttributeUsage(AttributeTargets.Parameter | AttributeTargets.Property)]
internal sealed class OneOfAttribute(params string[] words) : ValidationAttribute
{
    public override bool IsValid(object? value) => value is null || (value is string word && words.Contains(word, StringComparer.Ordinal));
}
