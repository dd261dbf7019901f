namespace McpPlatform.Architecture.Tests;

/// <summary>Rules about the tree that keep it readable.</summary>
public sealed class SourceTests
{
    private static readonly string[] Everything = [.. Repository.Services, "ServiceDefaults", "Contracts", "LocalHosting", "AppHost"];

    [Fact]
    public void No_folder_is_a_dumping_ground()
    {
        string[] forbidden = ["Common", "Shared", "Core", "Utils", "Utilities", "Helpers", "Extensions", "Misc"];
        var found = Directory.EnumerateDirectories(Repository.Root, "*", SearchOption.AllDirectories)
            .Where(folder => !folder.Contains("/artifacts/", StringComparison.Ordinal) && !folder.Contains("/node_modules", StringComparison.Ordinal) && !folder.Contains("/.", StringComparison.Ordinal))
            .Where(folder => forbidden.Contains(Path.GetFileName(folder), StringComparer.Ordinal))
            .Select(Repository.Relative);
        Assert.Empty(found);
    }

    [Fact]
    public void A_program_is_read_at_one_glance() =>
        Assert.All(Repository.Services, service => Assert.InRange(File.ReadAllLines(Path.Combine(Repository.Root, service, "Program.cs")).Length, 1, 40));

    [Fact]
    public void The_resource_graph_fits_on_three_screens() =>
        Assert.InRange(File.ReadAllLines(Path.Combine(Repository.Root, "AppHost", "Program.cs")).Length, 1, 119);

    // 1,500 for what every service calls, and 500 for what ADR 13 and 14 put here: secrets at rest, the guard of outbound addresses, the access policy's copy.
    [Fact]
    public void Service_defaults_stay_within_their_budget()
    {
        var lines = Repository.Sources("ServiceDefaults").SelectMany(File.ReadLines).Count(line => line.Trim() is { Length: > 1 } text && !text.StartsWith("//", StringComparison.Ordinal));
        Assert.InRange(lines, 1, 2000);
    }

    [Fact]
    public void No_file_is_so_long_that_nobody_reads_it() =>
        Assert.Empty(Repository.Sources(Everything).Where(file => File.ReadLines(file).Count() > 300).Select(Repository.Relative));

    [Fact]
    public void Application_configuration_is_read_through_options() =>
        Assert.Empty(Repository.Sources([.. Repository.Services])
            .Where(file => !file.EndsWith("Setup.cs", StringComparison.Ordinal) && File.ReadAllText(file).Contains("configuration[\"", StringComparison.OrdinalIgnoreCase))
            .Select(Repository.Relative));

    /// <summary>Where connections are made, and why that is safe: a new entry is a decision.</summary>
    private static readonly Dictionary<string, string> Connecting = new(StringComparer.Ordinal)
    {
        ["ServiceDefaults/Outbound/OutboundExtensions.cs"] = "is the guard",
        ["ServiceDefaults/Outbound/OutboundGuard.cs"] = "is the guard",
        ["ServiceDefaults/Data/DataExtensions.cs"] = "the service's own database",
        ["ServiceDefaults/Authentication/AuthenticationExtensions.cs"] = "AuthService, by its name in the platform",
        ["Gateway/Routing/PlatformServices.cs"] = "services, by their names in the platform",
        ["UserService/Accounts/AccountsSetup.cs"] = "AuthService, by its name in the platform",
        ["UserService/Queries/Engines/PostgresEngine.cs"] = "is given an address that the guard has decided on",
        ["UserService/Queries/Engines/MySqlEngine.cs"] = "is given an address that the guard has decided on",
        ["UserService/Queries/Engines/SqlServerEngine.cs"] = "is given an address that the guard has decided on",
        ["AuthService/Authorization/ClientDocuments.cs"] = "goes through the guard",
        ["McpService/BuiltIn/BuiltInSetup.cs"] = "goes through the guard",
        ["McpService/Upstream/UpstreamSetup.cs"] = "goes through the guard",
        ["McpService/Credentials/OAuth/OAuthHttp.cs"] = "goes through the guard",
        ["McpService/Credentials/OAuth/OAuthSetup.cs"] = "AuthService, by its name in the platform",
        ["McpService/Protocol/SessionHomes.cs"] = "another replica, at the address that it wrote down itself",
        ["McpService/Upstream/UpstreamHttp.cs"] = "uses the handlers of UpstreamSetup",
        ["McpService/Upstream/SseTransport.cs"] = "uses the handlers of UpstreamSetup",
    };

    [Fact]
    public void Connections_to_addresses_that_users_give_go_through_the_outbound_guard()
    {
        var connects = new System.Text.RegularExpressions.Regex(
            @"\bAddHttpClient[<(]|new (HttpClient|HttpMessageInvoker|\w*HttpClientHandler|SocketsHttpHandler|ClientWebSocket|TcpClient|Socket|SmtpClient|Ping|NpgsqlConnection|NpgsqlDataSourceBuilder|MySqlConnection|MySqlDataSource\w*|SqlConnection)\b|\bDns\.Get|NpgsqlDataSource\.Create",
            System.Text.RegularExpressions.RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(5));

        var found = Repository.Sources([.. Repository.Services, "ServiceDefaults"]).Where(file => connects.IsMatch(File.ReadAllText(file))).Select(Repository.Relative).ToList();

        Assert.Empty(found.Except(Connecting.Keys));
        Assert.Empty(Connecting.Keys.Except(found));
        Assert.Contains("UseOutboundGuard", File.ReadAllText(Path.Combine(Repository.Root, "McpService", "Upstream", "UpstreamSetup.cs")), StringComparison.Ordinal);
    }
}
