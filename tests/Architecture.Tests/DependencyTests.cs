using System.Reflection;
using McpPlatform.Contracts.Identity;
using McpPlatform.ServiceDefaults;

namespace McpPlatform.Architecture.Tests;

/// <summary>What may know what.</summary>
public sealed class DependencyTests
{
    public static TheoryData<string> Services() => [.. Repository.Services];

    [Fact]
    public void Contracts_reference_nothing_because_every_process_would_inherit_it() =>
        Assert.All(typeof(Permissions).Assembly.GetReferencedAssemblies(), name => Assert.StartsWith("System.", name.Name, StringComparison.Ordinal));

    [Theory]
    [MemberData(nameof(Services))]
    public void A_service_knows_no_other_service_because_they_meet_in_messages(string service) =>
        Assert.DoesNotContain(Assembly.Load(service).GetReferencedAssemblies(), name => Repository.Services.Contains(name.Name) && name.Name != service);

    [Fact]
    public void Service_defaults_know_no_service_because_they_hold_nothing_of_the_domain() =>
        Assert.DoesNotContain(typeof(PlatformService).Assembly.GetReferencedAssemblies(), name => Repository.Services.Contains(name.Name));

    // BuiltIn holds MCP servers of our own: the SDK's options and tools are what they consist of.
    [Fact]
    public void Only_the_folders_that_speak_mcp_know_its_sdk_because_it_changes_fastest()
    {
        var elsewhere = Repository.Sources([.. Repository.Services, "ServiceDefaults", "Contracts"])
            .Where(file => File.ReadAllText(file).Contains("using ModelContextProtocol", StringComparison.Ordinal))
            .Select(Repository.Relative)
            .Where(file => !((string[])["McpService/Protocol/", "McpService/Relay/", "McpService/Upstream/", "McpService/BuiltIn/"]).Any(folder => file.StartsWith(folder, StringComparison.Ordinal)));
        Assert.Empty(elsewhere);
    }

    [Theory]
    [MemberData(nameof(Services))]
    public void A_type_of_a_service_is_internal_unless_it_is_a_request_body(string service)
    {
        var visible = Assembly.Load(service).GetExportedTypes()
            .Where(type => type.Name != "Program" && !type.Name.EndsWith("Request", StringComparison.Ordinal))
            .Where(type => type.Namespace?.Contains("Migrations", StringComparison.Ordinal) != true)
            .Where(type => type.Namespace?.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal) != true)

            // The compiler of .razor files knows no internal; nor does what their parameters are made of.
            .Where(type => type.Namespace?.EndsWith(".Pages", StringComparison.Ordinal) != true)
            .Select(type => type.FullName);
        Assert.Empty(visible);
    }

    [Theory]
    [MemberData(nameof(Services))]
    public void A_request_body_is_public_because_validation_skips_internal_types_silently(string service) =>
        Assert.All(
            Assembly.Load(service).GetTypes().Where(type => type.Name.EndsWith("Request", StringComparison.Ordinal) && type.GetMethod("<Clone>$") is not null),
            type => Assert.True(type.IsPublic, $"{type.FullName} must be a public sealed record."));
}
