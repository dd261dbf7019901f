using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using McpPlatform.ServiceDefaults.Data;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace McpPlatform.ServiceDefaults.Messaging;

/// <summary>
/// Messages that the broker did not take, each a file that is there whole or not at all. They outlive the process: whichever replica of the service looks first sends them, and
/// if two do, their events are stored once, by their ids. A folder for each broker: what was meant for one is never sent to another.
/// </summary>
internal sealed partial class TelemetrySpool<TBatch>
    where TBatch : class
{
    private readonly ILogger<TelemetrySpool<TBatch>> logger;
    private readonly string folder;
    private readonly long limit;
    private bool complained;

    public TelemetrySpool(
        IOptions<TelemetryOptions> options, ServiceIdentity identity, IConfiguration configuration, IMeterFactory meters, ILogger<TelemetrySpool<TBatch>> logger)
    {
        this.logger = logger;
        var broker = new Uri(DatabaseUrl.Required(configuration, "rabbitmq"));
        var place = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{broker.Host}:{broker.Port}{broker.AbsolutePath}")))[..12];
        folder = Path.Combine(options.Value.SpoolPath, $"{identity.Name}-{place}", typeof(TBatch).Name);
        limit = options.Value.SpoolLimitMb * 1024L * 1024;
        meters.Create("McpPlatform.Telemetry").CreateObservableGauge(
            "mcpplatform.telemetry.spool.size", () => new Measurement<long>(Size(), new KeyValuePair<string, object?>("event", typeof(TBatch).Name)), "By", "Telemetry on disk that waits for the broker.");
    }

    /// <summary>Keeps a message.</summary>
    /// <returns>False when there is no room, or no disk.</returns>
    public async Task<bool> TryAddAsync(TBatch batch)
    {
        try
        {
            var body = JsonSerializer.SerializeToUtf8Bytes(batch);
            if (Size() + body.Length > limit)
            {
                return false;
            }

            Create(folder);
            var (path, mode) = (Path.Combine(folder, Guid.CreateVersion7() + ".json"), new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write });
            if (!OperatingSystem.IsWindows())
            {
                mode.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            await using (var file = new FileStream(path + ".part", mode))
            {
                await file.WriteAsync(body);
                file.Flush(flushToDisk: true);
            }

            File.Move(path + ".part", path);
            complained = false;
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            if (!complained)
            {
                LogNotKept(folder, exception);
            }

            complained = true;
            return false;
        }
    }

    /// <summary>The message that has waited longest; null when there is none, or another replica is faster.</summary>
    public async Task<(string Path, TBatch Batch)?> FindOldestAsync()
    {
        try
        {
            while (Files().Order(StringComparer.Ordinal).FirstOrDefault() is { } path)
            {
                if (await ReadAsync(path) is { } batch)
                {
                    return (path, batch);
                }

                // Kept beside, for one who wants to know.
                File.Move(path, path + ".unreadable", overwrite: true);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Another replica has sent it, or the disk is away.
        }

        return null;
    }

    /// <summary>The broker has it now.</summary>
    /// <returns>False when the file cannot be deleted: its events are sent again, and stored once.</returns>
    public bool TryRemove(string path)
    {
        try
        {
            File.Delete(path);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            LogNotRemoved(path, exception);
            return false;
        }
    }

    private async Task<TBatch?> ReadAsync(string path)
    {
        try
        {
            await using var file = File.OpenRead(path);
            return await JsonSerializer.DeserializeAsync<TBatch>(file);
        }
        catch (JsonException exception)
        {
            LogUnreadable(path, exception);
            return null;
        }
    }

    private IEnumerable<string> Files() => Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*.json") : [];

    private long Size() => Directory.Exists(folder) ? new DirectoryInfo(folder).EnumerateFiles().Sum(file => file.Exists ? file.Length : 0) : 0;

    // It tells who did what: nobody else on this machine may read it.
    private static void Create(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    [LoggerMessage(24, LogLevel.Warning, "Telemetry cannot be kept in {Folder} while the broker is away: it waits in memory, and the oldest is dropped")]
    private partial void LogNotKept(string folder, Exception exception);

    [LoggerMessage(27, LogLevel.Error, "{Path} was sent and cannot be deleted: it is sent again")]
    private partial void LogNotRemoved(string path, Exception exception);

    [LoggerMessage(25, LogLevel.Error, "{Path} is no telemetry that can be read: it was put aside")]
    private partial void LogUnreadable(string path, Exception exception);
}
