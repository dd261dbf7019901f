using System.Globalization;
using McpPlatform.AuthService.Data;
using McpPlatform.AuthService.Tokens;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.AuthService.Admin;

/// <summary>The token server's keys, from the console.</summary>
internal sealed class KeyAdministration(AuthDbContext db, KeyRotation rotation, KeySchedule schedule, KeyProtector protector, TimeProvider time)
{
    /// <summary>A line for each key: what it is for, what it does at the moment, and when that changes. No secret is in it.</summary>
    public async Task<string> ListAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var keys = await db.SigningKeys.AsNoTracking().OrderBy(key => key.Use).ThenByDescending(key => key.SignsFrom).ThenByDescending(key => key.Id).ToListAsync(cancellationToken);
        var readable = keys.Where(key => protector.Unprotect(key) is not null).ToList();
        string[][] lines =
        [
            ["KEY", "FOR", "STATE", "SIGNS FROM", "ENDS", "ENCRYPTED WITH"],
            .. keys.Select(key => (string[])
            [
                key.Id, key.Use.ToString().ToLowerInvariant(), State(key, keys, readable, now), Text(key.SignsFrom), Text(schedule.DeletedAt(key, readable)), key.ProtectionKeyId,
            ]),
        ];
        var widths = Enumerable.Range(0, lines[0].Length).Select(column => lines.Max(line => line[column].Length)).ToArray();
        return string.Join(Environment.NewLine, lines.Select(line => string.Join("  ", line.Select((text, column) => text.PadRight(widths[column]))).TrimEnd()));
    }

    /// <summary>Publishes new keys of each kind, which sign when every service has fetched them.</summary>
    public async Task<string> RotateAsync(CancellationToken cancellationToken)
    {
        var next = await rotation.RotateAsync(AccountAdministration.Actor, cancellationToken);
        return string.Join(Environment.NewLine, next.Select(key => $"The {key.Use.ToString().ToLowerInvariant()} key {key.Id} is published and signs from {Text(key.SignsFrom)}."));
    }

    /// <summary>Ends a key that somebody else may have.</summary>
    /// <exception cref="AdminException">There is no such key.</exception>
    public async Task<string> RemoveAsync(string id, CancellationToken cancellationToken) =>
        await rotation.RemoveAsync(id, AccountAdministration.Actor, cancellationToken)
            ? $"The key {id} is removed; within two seconds what it signed is refused everywhere."
            : throw new AdminException($"There is no key '{id}': 'admin list-keys' names them.");

    private static string State(SigningKey key, List<SigningKey> keys, List<SigningKey> readable, DateTimeOffset now) =>
        !readable.Contains(key) ? "unreadable"
        : key.SignsFrom > now ? "published"
        : KeySchedule.Signing(keys, key.Use, now) == key ? "signs"
        : "verifies";

    private static string Text(DateTimeOffset? time) => time?.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture) ?? "-";
}
