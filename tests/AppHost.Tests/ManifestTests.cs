using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace McpPlatform.AppHost.Tests;

/// <summary>The manifest of the platform, published by the AppHost as a deployment tool starts it.</summary>
public sealed partial class ManifestTests : IDisposable
{
    private static readonly string Root = FindRoot();

    // As deep in the repository as the expected file, so that the relative paths in both are the same.
    private readonly string _folder = Path.Combine(Root, "artifacts", $"manifest-{Guid.CreateVersion7():N}");

    private string Manifest => Path.Combine(_folder, "manifest.json");

    [Fact]
    public async Task Manifest_is_the_checked_in_one()
    {
        await PublishAsync("--publisher", "manifest", "--output-path", Manifest);

        var expected = await File.ReadAllTextAsync(Path.Combine(Root, "tests", "AppHost.Tests", "expected-manifest.json"), TestContext.Current.CancellationToken);
        Assert.True(
            expected.ReplaceLineEndings().TrimEnd() == (await ReadAsync()).ReplaceLineEndings(),
            "The manifest has changed. Look at the difference, then: dotnet run --project AppHost -- --publisher manifest --output-path tests/AppHost.Tests/expected-manifest.json");
    }

    [Fact]
    public async Task Both_command_lines_write_the_same_bytes()
    {
        await PublishAsync("--publisher", "manifest", "--output-path", Manifest);
        var first = await ReadAsync();
        await PublishAsync("--operation", "publish", "--step", "publish-manifest", $"--output-path={Manifest}");

        Assert.Equal(first, await ReadAsync());
    }

    [Fact]
    public async Task Every_expression_refers_to_something_in_the_manifest()
    {
        await PublishAsync("--publisher", "manifest", "--output-path", _folder);
        var resources = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(_folder, "aspire-manifest.json"), TestContext.Current.CancellationToken))!["resources"]!.AsObject();

        var expressions = resources.SelectMany(resource => Texts(resource.Value!)).SelectMany(text => Expression().Matches(text)).Select(match => match.Value).ToList();

        Assert.NotEmpty(expressions);
        Assert.DoesNotContain(expressions, expression => !Exists(resources, expression.Trim('{', '}').Split('.')));
    }

    [Fact]
    public async Task Values_of_parameters_do_not_get_into_the_manifest()
    {
        await PublishAsync("--publisher", "manifest", "--output-path", Manifest);
        var without = await ReadAsync();
        var parameters = JsonNode.Parse(without)!["resources"]!.AsObject()
            .Where(resource => resource.Value!["type"]!.GetValue<string>() == "parameter.v0" && resource.Value["inputs"]!["value"]!["secret"] is not null)
            .ToDictionary(resource => $"Parameters__{resource.Key}", resource => $"value-of-{resource.Key}", StringComparer.Ordinal);

        Assert.NotEmpty(parameters);
        await PublishAsync(parameters, "--publisher", "manifest", "--output-path", Manifest);

        Assert.Equal(without, await ReadAsync());
    }

    [Fact]
    public async Task Unwritable_path_is_one_sentence_and_exit_code_1()
    {
        Directory.CreateDirectory(_folder);
        var file = Path.Combine(_folder, "file");
        await File.WriteAllTextAsync(file, "", TestContext.Current.CancellationToken);

        var (exitCode, errors) = await RunAsync([], "--publisher", "manifest", "--output-path", Path.Combine(file, "manifest.json"));

        Assert.Equal(1, exitCode);
        Assert.Matches(@"^error: The manifest cannot be written to .+: choose another --output-path\.$", errors.TrimEnd());
    }

    [Theory]
    [InlineData("error: The manifest needs a place: add --output-path and a file or a folder.", "--publisher", "manifest")]
    [InlineData("error: There is no publisher 'docker': the only one is --publisher manifest.", "--publisher", "docker")]
    [InlineData("error: There is no step 'deploy': the only one is --step publish-manifest.", "--operation", "publish", "--step", "deploy")]
    [InlineData("error: There is no operation 'destroy': it is either run or publish.", "--operation", "destroy")]
    public async Task Wrong_arguments_are_one_sentence_and_exit_code_1(string sentence, params string[] args)
    {
        var (exitCode, errors) = await RunAsync([], args);

        Assert.Equal((1, sentence), (exitCode, errors.TrimEnd()));
    }

    public void Dispose()
    {
        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    private Task<string> ReadAsync() => File.ReadAllTextAsync(Manifest, TestContext.Current.CancellationToken);

    private static Task PublishAsync(params string[] args) => PublishAsync([], args);

    private static async Task PublishAsync(Dictionary<string, string> environment, params string[] args)
    {
        var (exitCode, errors) = await RunAsync(environment, args);
        Assert.True(exitCode == 0, errors);
    }

    private static async Task<(int ExitCode, string Errors)> RunAsync(Dictionary<string, string> environment, params string[] args)
    {
        var start = new ProcessStartInfo("dotnet", ["exec", Path.Combine(AppContext.BaseDirectory, "AppHost.dll"), .. args])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        var ct = TestContext.Current.CancellationToken;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(ct);
        var errors = await process.StandardError.ReadToEndAsync(ct);
        await output;
        await process.WaitForExitAsync(ct);
        return (process.ExitCode, errors);
    }

    private static IEnumerable<string> Texts(JsonNode node) => node switch
    {
        JsonObject children => children.Where(child => child.Value is not null).SelectMany(child => Texts(child.Value!)),
        JsonArray items => items.SelectMany(item => Texts(item!)),
        _ when node.GetValueKind() == JsonValueKind.String => [node.GetValue<string>()],
        _ => [],
    };

    private static bool Exists(JsonObject resources, string[] path) => (resources[path[0]], path[1..]) switch
    {
        (null, _) => false,
        (var resource, ["bindings", var name, "host" or "port" or "scheme" or "url" or "targetPort"]) => resource["bindings"]?[name] is not null,
        (var resource, ["inputs", var name]) => resource["inputs"]?[name] is not null,
        (var resource, ["value" or "connectionString"]) => resource[path[1]] is not null,
        _ => false,
    };

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "McpPlatform.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("The tests run outside of the repository.");
        }

        return folder.FullName;
    }

    [GeneratedRegex(@"\{[^{}]+\}", RegexOptions.NonBacktracking)]
    private static partial Regex Expression();
}
