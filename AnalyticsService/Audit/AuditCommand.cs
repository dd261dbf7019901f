using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using McpPlatform.AnalyticsService.Events;
using McpPlatform.ServiceDefaults.Http;
using Microsoft.Extensions.Options;

namespace McpPlatform.AnalyticsService.Audit;

/// <summary>
/// <c>admin audit verify [--from DAY] [--to DAY] [--keys FILE]</c>: examines the trail in the database, without a running service and without writing. With keys that were noted elsewhere
/// (the answer of <c>audit/keys</c>) it proves the trail against who can write to the database and knows the platform's secret.
/// </summary>
internal static class AuditCommand
{
    private static readonly JsonSerializerOptions Indented = new(HttpExtensions.Json) { WriteIndented = true };

    private const string Usage = "Usage: admin audit verify [--from 2026-11-01] [--to 2026-11-30] [--keys keys.json]";

    /// <returns>0 when nothing is wrong, 1 when something is, 2 when the command is none.</returns>
    public static async Task<int> RunAsync(IServiceProvider services, string[] arguments)
    {
        if (arguments is not ["audit", "verify", .. var options] || Parse(options) is not var (from, to, file))
        {
            await Console.Error.WriteLineAsync(Usage);
            return 2;
        }

        Dictionary<string, ECDsa>? trusted = null;
        if (file is not null)
        {
            try
            {
                var keys = JsonSerializer.Deserialize<AuditKeySet>(await File.ReadAllTextAsync(file), HttpExtensions.Json);
                trusted = keys!.Keys.ToDictionary(key => key.Kid, key => key.ToKey(), StringComparer.Ordinal);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException or NullReferenceException or CryptographicException or FormatException)
            {
                await Console.Error.WriteLineAsync($"{file} is no set of keys that can be read: it must be what GET /api/analytics/audit/keys answers.");
                return 2;
            }
        }

        await using var scope = services.CreateAsyncScope();
        var today = DateOnly.FromDateTime(scope.ServiceProvider.GetRequiredService<TimeProvider>().GetUtcNow().UtcDateTime);
        var kept = today.AddDays(-scope.ServiceProvider.GetRequiredService<IOptions<RetentionOptions>>().Value.ActivityDays);
        var report = await scope.ServiceProvider.GetRequiredService<AuditVerifier>().VerifyAsync(
            from is { } first && first > kept ? first : kept, to ?? today.AddDays(Partitions.DaysAhead), trusted, CancellationToken.None);
        await Console.Out.WriteLineAsync(JsonSerializer.Serialize(report, Indented));
        return report.Ok ? 0 : 1;
    }

    private static (DateOnly? From, DateOnly? To, string? Keys)? Parse(string[] options)
    {
        (DateOnly? From, DateOnly? To, string? Keys) parsed = default;
        for (var index = 0; index < options.Length; index += 2)
        {
            var value = options.ElementAtOrDefault(index + 1);
            DateOnly? day = DateOnly.TryParseExact(value, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date) ? date : null;
            switch (options[index])
            {
                case "--from" when day is not null:
                    parsed.From = day;
                    break;
                case "--to" when day is not null:
                    parsed.To = day;
                    break;
                case "--keys" when value is not null:
                    parsed.Keys = value;
                    break;
                default:
                    return null;
            }
        }

        return parsed;
    }
}
