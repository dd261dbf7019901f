using System.ComponentModel;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using ModelContextProtocol.AspNetCore;
using ModelContextProtocol.Server;

namespace McpPlatform.Bench.ToolsCall;

/// <summary>The MCP server that everybody is put in front of: the C# SDK with one tool, as a process of its own (<c>Bench.dll echo-server</c>).</summary>
internal static class EchoServer
{
    public static async Task RunAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddMcpServer()
            .WithHttpTransport(options => options.SessionMode = HttpServerSessionMode.StatefulForInitializeClients)
            .WithTools<EchoTools>();
        await using var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");

        // Many servers for who registers many; they differ in their addresses.
        app.MapMcp("/mcp/{number?}");
        await app.StartAsync();
        await Console.Out.WriteLineAsync(app.Urls.First() + "/mcp");
        await app.WaitForShutdownAsync();
    }
}

[McpServerToolType]
internal sealed class EchoTools
{
    [McpServerTool(Name = "echo"), Description("Says what it is told.")]
    public static string Echo([Description("What to say.")] string message) => message;
}
