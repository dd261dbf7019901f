using McpPlatform.AnalyticsService.Privacy;
using Microsoft.Extensions.Options;

namespace McpPlatform.AnalyticsService.Tests.Privacy;

public sealed class PersonalDataTests
{
    [Theory]
    [InlineData("full", "203.0.113.77", "203.0.113.77")]
    [InlineData("truncated", "203.0.113.77", "203.0.113.0")]
    [InlineData("truncated", "::ffff:203.0.113.77", "203.0.113.0")]
    [InlineData("truncated", "2001:db8:1234:5678:9abc::1", "2001:db8:1234::")]
    [InlineData("truncated", "not an address", null)]
    [InlineData("truncated", null, null)]
    [InlineData("none", "203.0.113.77", null)]
    public void Addresses_are_kept_as_far_as_is_wanted(string setting, string? address, string? expected) =>
        Assert.Equal(expected, new PersonalData(Options.Create(new PrivacyOptions { IpAddresses = setting })).Address(address));

    [Theory]
    [InlineData("full", "curl/8.5.0", "curl/8.5.0")]
    [InlineData("family", "curl/8.5.0", "curl")]
    [InlineData("family", "python-httpx/0.27 (linux; alice's laptop)", "python-httpx")]
    [InlineData("family", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36", "Chrome")]
    [InlineData("family", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 Edg/120.0.0.0", "Edge")]
    [InlineData("family", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox")]
    [InlineData("family", "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_0) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/605.1.15", "Safari")]
    [InlineData("family", "Mozilla/5.0 (compatible; somebot)", "Mozilla")]
    [InlineData("family", " ", null)]
    [InlineData("none", "curl/8.5.0", null)]
    public void User_agents_are_kept_as_far_as_is_wanted(string setting, string agent, string? expected) =>
        Assert.Equal(expected, new PersonalData(Options.Create(new PrivacyOptions { UserAgents = setting })).UserAgent(agent));

    [Fact]
    public void Other_settings_are_named()
    {
        var result = new PrivacyOptionsValidator().Validate(null, new PrivacyOptions { IpAddresses = "some", UserAgents = "few" });

        Assert.Equal(["Privacy__IpAddresses is some, but must be full, truncated or none.", "Privacy__UserAgents is few, but must be full, family or none."], result.Failures);
    }
}
