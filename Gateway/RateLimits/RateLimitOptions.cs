using System.ComponentModel.DataAnnotations;

namespace McpPlatform.Gateway.RateLimits;

/// <summary>
/// How often one caller may call, in requests per minute; as many may come at once after a pause. All replicas of the Gateway count together, in Redis; while
/// Redis is away each counts for itself.
/// </summary>
internal sealed class RateLimitOptions
{
    /// <summary>The section of the configuration.</summary>
    public const string Section = "RateLimits";

    private const int Most = 60_000_000;

    /// <summary>For one user, whatever the address or the session.</summary>
    [Range(1, Most, ErrorMessage = "RateLimits__PerUserPerMinute must be between 1 and 60000000.")]
    public int PerUserPerMinute { get; set; } = 600;

    /// <summary>For one address, as long as nobody is logged in.</summary>
    [Range(1, Most, ErrorMessage = "RateLimits__PerAddressPerMinute must be between 1 and 60000000.")]
    public int PerAddressPerMinute { get; set; } = 600;

    /// <summary>For one address on the routes that take passwords; an office may be behind one address. AuthService refuses after 30 failures a minute.</summary>
    [Range(1, Most, ErrorMessage = "RateLimits__LoginsPerAddressPerMinute must be between 1 and 60000000.")]
    public int LoginsPerAddressPerMinute { get; set; } = 300;
}
