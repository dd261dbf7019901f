using System.ComponentModel;
using System.Globalization;
using System.Security.Cryptography;
using McpPlatform.AnalyticsService.Data;
using McpPlatform.AnalyticsService.Events;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Http;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;

namespace McpPlatform.AnalyticsService.Audit;

internal static class AuditEndpoints
{
    private const int DefaultDays = 31;

    /// <summary>Examines the trail. That somebody did is in it.</summary>
    public static async Task<Results<Ok<AuditReport>, ValidationProblem>> VerifyAsync(
        AnalyticsDbContext db, AuditVerifier verifier, ActivityLog log, IOptions<RetentionOptions> retention, TimeProvider time, CancellationToken cancellationToken,
        [Description("The first day (UTC), such as 2026-11-01; 30 days before the last when nothing is said. Days that are not kept any more are left out.")] DateOnly? from = null,
        [Description("The last day (UTC); today when nothing is said.")] DateOnly? to = null)
    {
        var today = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        var last = to ?? today;
        var (kept, ahead) = (today.AddDays(-retention.Value.ActivityDays), today.AddDays(Partitions.DaysAhead));
        if (last < kept || last > ahead)
        {
            return ProblemExtensions.Invalid("to", string.Create(CultureInfo.InvariantCulture, $"to must be from {kept:yyyy-MM-dd}, the first day that is kept, to {ahead:yyyy-MM-dd}."));
        }

        var first = from ?? last.AddDays(Math.Max(-DefaultDays + 1, kept.DayNumber - last.DayNumber));
        if (first > last)
        {
            return ProblemExtensions.Invalid("from", "from must not be later than to, which is today when nothing is said.");
        }

        var report = await verifier.VerifyAsync(first < kept ? kept : first, last, trusted: null, cancellationToken);
        db.AddToOutbox(log.Create("audit.verify", report.Ok ? ActivityOutcomes.Succeeded : ActivityOutcomes.Failed, "audit", "activities") with
        {
            Details = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["from"] = $"{report.From:O}", ["to"] = $"{report.To:O}", ["problem"] = report.Problem?.Kind ?? "none",
            },
        });
        await db.SaveChangesAsync(cancellationToken);
        return TypedResults.Ok(report);
    }

    /// <summary>The public keys of the checkpoints, as a JSON Web Key Set (RFC 7517).</summary>
    public static async Task<Ok<AuditKeySet>> KeysAsync(AnalyticsDbContext db, CancellationToken cancellationToken)
    {
        var stored = await db.AuditKeys.AsNoTracking().OrderBy(key => key.CreatedAt).ToListAsync(cancellationToken);
        return TypedResults.Ok(new AuditKeySet([.. stored.Select(AuditJwk.Of)]));
    }

    /// <summary>The checkpoints, newest first.</summary>
    public static async Task<Results<Ok<Page<CheckpointSummary>>, ValidationProblem>> CheckpointsAsync(
        AnalyticsDbContext db, CancellationToken cancellationToken,
        [Description("How many at most, from 1 to 500; 50 when nothing is said.")] int? limit = null,
        [Description("The next_cursor of the page before.")] string? cursor = null)
    {
        if (limit is < 1 or > Cursor.MaxLimit)
        {
            return ProblemExtensions.Invalid("limit", "limit must be from 1 to 500.");
        }

        var before = long.MaxValue;
        if (!Cursor.TryDecode(cursor, out var position) || (position is not null && !long.TryParse(position, NumberStyles.None, CultureInfo.InvariantCulture, out before)))
        {
            return ProblemExtensions.Invalid("cursor", "cursor must be the next_cursor of the page before.");
        }

        var most = limit ?? Cursor.DefaultLimit;
        var found = await db.AuditCheckpoints.AsNoTracking().Where(one => one.Number < before).OrderByDescending(one => one.Number).Take(most + 1).ToListAsync(cancellationToken);
        return TypedResults.Ok(Cursor.ToPage([.. found.Select(AuditVerifier.Summarize)], most, one => one.Number.ToString(CultureInfo.InvariantCulture)));
    }
}

/// <summary>Public keys.</summary>
internal sealed record AuditKeySet(IReadOnlyList<AuditJwk> Keys);

/// <summary>A public key of the curve P-256 (RFC 7518, section 6.2).</summary>
internal sealed record AuditJwk(string Kty, string Crv, string Alg, string Use, string Kid, string X, string Y)
{
    public static AuditJwk Of(AuditKey stored)
    {
        using var key = ECDsa.Create();
        key.ImportSubjectPublicKeyInfo(stored.PublicKey, out _);
        var point = key.ExportParameters(includePrivateParameters: false).Q;
        return new("EC", "P-256", "ES256", "sig", stored.KeyId, Base64UrlEncoder.Encode(point.X), Base64UrlEncoder.Encode(point.Y));
    }

    public ECDsa ToKey() => ECDsa.Create(new ECParameters
    {
        Curve = ECCurve.NamedCurves.nistP256, Q = new ECPoint { X = Base64UrlEncoder.DecodeBytes(X), Y = Base64UrlEncoder.DecodeBytes(Y) },
    });
}
