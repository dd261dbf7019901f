using System.Globalization;
using System.Net.Mail;
using System.Text.RegularExpressions;
using CsvHelper;
using CsvHelper.Configuration;
using McpPlatform.AuthService.Accounts;
using McpPlatform.AuthService.Data;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Messaging;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.AuthService.Admin;

/// <summary>What became of a file's lines.</summary>
internal sealed record ImportResult(int Imported, int Existing, int Failed, bool IsDryRun)
{
    public override string ToString() =>
        $"{Imported} {(IsDryRun ? "would be imported" : "imported")}, {Existing} existed already, {Failed} wrong.";
}

/// <summary>Accounts of another system, with their bcrypt hashes. Each line is a transaction of its own: what is wrong in one costs the others nothing.</summary>
internal sealed partial class ImportAccounts(IServiceScopeFactory scopes, ActivityLog activities, TimeProvider time)
{
    private static readonly string[] Columns = ["username", "email", "password_hash", "roles", "is_active"];

    /// <summary>Reads a file line by line.</summary>
    /// <exception cref="AdminException">The header is not the expected one.</exception>
    public async Task<ImportResult> RunAsync(TextReader file, bool dryRun, Action<string> report, CancellationToken cancellationToken)
    {
        using var csv = new CsvReader(file, new CsvConfiguration(CultureInfo.InvariantCulture) { TrimOptions = TrimOptions.Trim, BadDataFound = null, MissingFieldFound = null });
        if (!await csv.ReadAsync() || !csv.ReadHeader() || csv.HeaderRecord is not { } header || !header.Contains("username") || !header.Contains("password_hash") || header.Except(Columns).Any())
        {
            throw new AdminException($"The first line must name the columns: {string.Join(',', Columns)}, of which username and password_hash are required.");
        }

        var result = new ImportResult(0, 0, 0, dryRun);
        while (await csv.ReadAsync())
        {
            var line = new Line(csv.GetField("username") ?? "", Optional(csv, "email"), csv.GetField("password_hash") ?? "", Optional(csv, "roles"), Optional(csv, "is_active"));
            var wrong = Check(line, out var username, out var roles);
            if (wrong is null && await ApplyAsync(line, username, roles, dryRun, cancellationToken) is var applied)
            {
                result = applied ? result with { Imported = result.Imported + 1 } : result with { Existing = result.Existing + 1 };
                continue;
            }

            report($"line {csv.Parser.RawRow}: {wrong}");
            result = result with { Failed = result.Failed + 1 };
        }

        return result;
    }

    private static string? Optional(CsvReader csv, string column) => csv.TryGetField<string>(column, out var value) && value is { Length: > 0 } ? value : null;

    private static string? Check(Line line, out string username, out string[] roles)
    {
        roles = [.. (line.Roles ?? BuiltInRoles.User).Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Distinct(StringComparer.Ordinal)];
        return !Usernames.TryCanonicalize(line.Username, out username) ? $"username: {Usernames.Rule}"
            : line.Email is { } email && (email.Length > 254 || !MailAddress.TryCreate(email, out var address) || address.Address != email) ? "email must be an address, or empty."
            : !Bcrypt().IsMatch(line.PasswordHash) ? "password_hash must be bcrypt: $2a$, $2b$ or $2y$, with a cost from 04 to 15."
            : line.IsActive is not (null or "true" or "false") ? "is_active must be true or false, or empty for true."
            : roles.Length > 50 || roles.Any(role => !RoleName().IsMatch(role)) ? "roles must be at most 50 names of roles, separated by ';'."
            : null;
    }

    // A name that exists is left as it is: so a file can be read again after its wrong lines were mended.
    private async Task<bool> ApplyAsync(Line line, string username, string[] roles, bool dryRun, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<AuthDbContext>();
        if (await db.Users.AnyAsync(account => account.NormalizedUserName == username, cancellationToken))
        {
            return false;
        }

        var now = time.GetUtcNow();
        string[] permissions = [.. roles.SelectMany(role => BuiltInRoles.Permissions.GetValueOrDefault(role, [])).Distinct().Order(StringComparer.Ordinal)];
        var account = Account.Create(Guid.CreateVersion7(now), username, line.Email, roles, permissions, now);
        account.PasswordHash = line.PasswordHash;
        account.IsActive = line.IsActive != "false";
        db.Users.Add(account);
        db.AddToOutbox(new UserCreated
        {
            EventId = Guid.CreateVersion7(), OccurredAt = now, UserId = account.Id, Username = username, Email = account.Email, Roles = roles, IsActive = account.IsActive,
        });
        db.AddToOutbox(activities.Create("auth.import", ActivityOutcomes.Succeeded, "account", username, newValues: new { roles, account.IsActive }) with { Username = "console" });
        if (!dryRun)
        {
            await db.SaveChangesAsync(cancellationToken);
        }

        return true;
    }

    [GeneratedRegex(@"^\$2[aby]\$(0[4-9]|1[0-5])\$[./A-Za-z0-9]{53}$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Bcrypt();

    [GeneratedRegex("^[a-z0-9][a-z0-9._-]{0,63}$", RegexOptions.None, 1000)]
    private static partial Regex RoleName();

    private sealed record Line(string Username, string? Email, string PasswordHash, string? Roles, string? IsActive);
}
