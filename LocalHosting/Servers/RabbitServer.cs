using System.Security.Cryptography;
using McpPlatform.LocalHosting.Dcp;
using RabbitMQ.Client;

namespace McpPlatform.LocalHosting.Servers;

internal sealed class RabbitServer(RabbitMQServerResource rabbit, DataDirectory data, Ports ports, Action<string> note) : LocalServer(data, note)
{
    private readonly int _epmdPort = ports.For($"{rabbit.Name}-epmd"), _distributionPort = ports.For($"{rabbit.Name}-dist");
    private string _program = "", _epmd = "";
    private IConnection? _connection;

    /// <summary>
    /// Erlang's port mapper. Nodes start one as a daemon that outlives them and that all users share; this one is private, on loopback, and
    /// ends with the application.
    /// </summary>
    public override IReadOnlyList<ExecutableSpec> Companions =>
        [new ExecutableSpec(_epmd, Data.Path, ["-port", $"{_epmdPort}", "-address", "127.0.0.1"], [])];

    public override void Find()
    {
        // The script itself: the one on Debian's PATH changes to the user "rabbitmq" and to its folders.
        _program = ServerPrograms.Find("rabbitmq-server", "RabbitMQ", ["/usr/lib/rabbitmq/bin/rabbitmq-server", "/opt/homebrew/sbin/rabbitmq-server", "/usr/local/sbin/rabbitmq-server"]);
        _epmd = ServerPrograms.Find("epmd", "Erlang", ["/usr/bin/epmd", "/opt/homebrew/bin/epmd", "/opt/homebrew/opt/erlang/lib/erlang/bin/epmd"]);
    }

    public override async Task<ExecutableSpec> PrepareAsync(CancellationToken cancellationToken)
    {
        var folder = Data.Of(rabbit.Name);
        CreatePrivate(folder);
        foreach (var sub in new[] { "home", "log", "config" })
        {
            CreatePrivate(Path.Combine(folder, sub));
        }

        await WriteConfigurationAsync(folder, cancellationToken);
        return new ExecutableSpec(_program, folder, [],
        [
            // The name is part of the path of the data, so it must not change.
            new("RABBITMQ_NODENAME", $"{rabbit.Name}@localhost"),
            new("RABBITMQ_MNESIA_BASE", Path.Combine(folder, "mnesia")),
            new("RABBITMQ_LOG_BASE", Path.Combine(folder, "log")),
            new("RABBITMQ_LOGS", "-"),
            new("RABBITMQ_CONFIG_FILE", Path.Combine(folder, "rabbitmq")),
            new("RABBITMQ_ADVANCED_CONFIG_FILE", Path.Combine(folder, "advanced")),
            new("RABBITMQ_CONF_ENV_FILE", "/dev/null"),
            new("RABBITMQ_GENERATED_CONFIG_DIR", Path.Combine(folder, "config")),
            new("RABBITMQ_ENABLED_PLUGINS_FILE", Path.Combine(folder, "enabled_plugins")),
            new("RABBITMQ_PID_FILE", Path.Combine(folder, "pid")),
            new("RABBITMQ_DIST_PORT", $"{_distributionPort}"),
            new("ERL_EPMD_PORT", $"{_epmdPort}"),
            new("ERL_EPMD_ADDRESS", "127.0.0.1"),
            new("ERL_ZFLAGS", "-start_epmd false"),
            
            // The message stores are closed within milliseconds; the management plugin would take five seconds more, for nothing that is kept.
            new("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-kernel inet_dist_use_interface {127,0,0,1} -shutdown_time 1500"),
            new("HOME", Path.Combine(folder, "home")),

            // Lets the script become the node instead of staying as its parent, so that signals reach the node.
            new("detached", "true"),
        ]);
    }

    public override async Task CheckAsync(CancellationToken cancellationToken)
    {
        // One connection, kept: the broker's log is not filled with a new one every few seconds.
        if (_connection is not { IsOpen: true })
        {
            var address = await rabbit.ConnectionStringExpression.GetValueAsync(cancellationToken);
            _connection?.Dispose();
            _connection = null;
            var factory = new ConnectionFactory { Uri = new Uri(address!), AutomaticRecoveryEnabled = false, ClientProvidedName = "health check" };
            _connection = await factory.CreateConnectionAsync(cancellationToken);
        }
    }

    protected override async ValueTask CloseAsync()
    {
        if (_connection is { } connection)
        {
            _connection = null;
            await connection.DisposeAsync();
        }
    }

    private async Task WriteConfigurationAsync(string folder, CancellationToken cancellationToken)
    {
        var port = (await rabbit.PrimaryEndpoint.Annotation.WhenAllocatedAsync(cancellationToken)).Port;
        var management = rabbit.HasManagement
            ? (await new EndpointReference(rabbit, "management").Annotation.WhenAllocatedAsync(cancellationToken)).Port
            : 0;
        await File.WriteAllTextAsync(Path.Combine(folder, "rabbitmq.conf"), $"""
            listeners.tcp.1 = 127.0.0.1:{port}
            default_user = {await rabbit.UserNameReference.GetValueAsync(cancellationToken)}
            default_pass = {rabbit.PasswordParameter.GetValue()}
            log.console = true
            log.console.level = {(Data.IsThrowAway ? "warning" : "info")}
            log.file = false
            disk_free_limit.absolute = 50MB
            {(rabbit.HasManagement ? $"management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {management}" : "")}
            """, cancellationToken);
        await File.WriteAllTextAsync(Path.Combine(folder, "enabled_plugins"), rabbit.HasManagement ? "[rabbitmq_management]." : "[].", cancellationToken);
        var cookie = Path.Combine(folder, "home", ".erlang.cookie");
        if (!File.Exists(cookie))
        {
            new ServerUser(name: null).WritePrivate(cookie, RandomNumberGenerator.GetHexString(32));
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(cookie, UnixFileMode.UserRead);
            }
        }
    }
}
