using System.Diagnostics;

namespace McpPlatform.McpService.Tests.Stdio;

/// <summary>The templates of the tests.</summary>
internal static class StdioChild
{
    public const string Template = "child";

    /// <summary>What an operator would have written.</summary>
    public static Dictionary<string, string?> Settings { get; } = new(StringComparer.Ordinal)
    {
        ["Stdio:Templates:child:Description"] = "A child of the tests.",
        ["Stdio:Templates:child:Command"] = Node(),
        ["Stdio:Templates:child:Arguments:0"] = Path.Combine(AppContext.BaseDirectory, "Stdio", "child.mjs"),
        ["Stdio:Templates:child:Arguments:1"] = "{mode}",
        ["Stdio:Templates:child:Arguments:2"] = "{text}",
        ["Stdio:Templates:child:Parameters:mode:Values:0"] = "legacy",
        ["Stdio:Templates:child:Parameters:mode:Values:1"] = "modern",
        ["Stdio:Templates:child:Parameters:mode:Values:2"] = "crash",
        ["Stdio:Templates:child:Parameters:mode:Values:3"] = "stubborn",
        ["Stdio:Templates:child:Parameters:text:Pattern"] = "[^a]{1,200}",
        ["Stdio:Templates:child:Parameters:text:Default"] = "none",
        ["Stdio:Templates:child:Parameters:word:Default"] = "nothing",
        ["Stdio:Templates:child:Environment:CHILD_WORD"] = "{word}",
        ["Stdio:Templates:child:MemoryMegabytes"] = "512",
        ["Stdio:MaxProcessesPerServer"] = "4",
        ["Stdio:StopTimeout"] = "00:00:01",
    };

    public static bool IsAlive(int process)
    {
        try
        {
            using var found = Process.GetProcessById(process);
            return !found.HasExited && File.ReadAllText($"/proc/{process}/stat").Split(") ")[1][0] != 'Z';
        }
        catch (Exception exception) when (exception is ArgumentException or IOException or InvalidOperationException)
        {
            return false;
        }
    }

    private static string Node() => Environment.GetEnvironmentVariable("PATH")!.Split(':').Select(folder => Path.Combine(folder, "node")).FirstOrDefault(File.Exists)
        ?? throw new InvalidOperationException("Node.js is not installed: ./test.sh installs it.");
}
