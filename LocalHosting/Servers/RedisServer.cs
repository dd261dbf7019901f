using System.Net.Sockets;
using System.Text;
using McpPlatform.LocalHosting.Dcp;

namespace McpPlatform.LocalHosting.Servers;

internal sealed class RedisServer(RedisResource redis, DataDirectory data, Action<string> note) : LocalServer(data, note)
{
    private string _program = "";

    public override void Find() => _program = ServerPrograms.Find("redis-server", "Redis", ["/usr/bin/redis-server", "/opt/homebrew/bin/redis-server"]);

    public override async Task<ExecutableSpec> PrepareAsync(CancellationToken cancellationToken)
    {
        var folder = Data.Of(redis.Name);
        CreatePrivate(folder);
        var at = await redis.PrimaryEndpoint.Annotation.WhenAllocatedAsync(cancellationToken);
        var save = redis.Last<PersistenceAnnotation>() is { } keep && !Data.IsThrowAway
            ? $"{(int)keep.Interval.TotalSeconds} {keep.KeysChangedThreshold}"
            : "\"\"";

        // In a file, because every user of the machine can read a command line.
        var config = Path.Combine(folder, "redis.conf");
        await File.WriteAllTextAsync(config, $"""
            bind 127.0.0.1
            port {at.Port}
            protected-mode yes
            requirepass {redis.PasswordParameter.GetValue()}
            dir {folder}
            save {save}
            daemonize no
            """, cancellationToken);
        return new ExecutableSpec(_program, folder, [config], []);
    }

    public override async Task CheckAsync(CancellationToken cancellationToken)
    {
        using var client = new TcpClient();
        var at = redis.PrimaryEndpoint.Annotation.AllocatedEndpoint!;
        await client.ConnectAsync(at.Address, at.Port, cancellationToken);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.UTF8.GetBytes($"AUTH {redis.PasswordParameter.GetValue()}\r\nPING\r\n"), cancellationToken);
        using var reader = new StreamReader(stream);
        var (login, ping) = (await reader.ReadLineAsync(cancellationToken), await reader.ReadLineAsync(cancellationToken));
        if ((login, ping) is not ("+OK", "+PONG"))
        {
            throw new InvalidOperationException($"Redis answered {login ?? ping}.");
        }
    }
}
