using McpPlatform.AuthService.Data;
using McpPlatform.AuthService.Sessions;
using Microsoft.EntityFrameworkCore;
using OpenIddict.Abstractions;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace McpPlatform.AuthService.Authorization;

/// <summary>
/// What users allowed clients: one permanent authorization of OpenIddict for each user and client, beside the authorization that each session is. The
/// resources stand among the scopes with OpenIddict's prefix for them, so that one question answers both.
/// </summary>
internal sealed class Consents(AuthDbContext db, IOpenIddictAuthorizationManager authorizations)
{
    /// <summary>Whether the user allowed all of it before.</summary>
    public async Task<bool> CoverAsync(Guid user, string client, OAuthGrant grant, CancellationToken cancellationToken)
    {
        await foreach (var _ in authorizations.FindAsync(
            user.ToString(), client, Statuses.Valid, AuthorizationTypes.Permanent, [.. Entries(grant)], cancellationToken))
        {
            return true;
        }

        return false;
    }

    /// <summary>Adds to what the user allowed, in the caller's transaction.</summary>
    public async Task RecordAsync(Guid user, string client, OAuthGrant grant, CancellationToken cancellationToken)
    {
        // Read to the end before anything is written: a connection does one thing at a time.
        var before = await authorizations.FindAsync(user.ToString(), client, Statuses.Valid, AuthorizationTypes.Permanent, scopes: null, cancellationToken)
            .FirstOrDefaultAsync(cancellationToken);
        if (before is not null)
        {
            var descriptor = new OpenIddictAuthorizationDescriptor();
            await authorizations.PopulateAsync(descriptor, before, cancellationToken);
            descriptor.Scopes.UnionWith(Entries(grant));
            await authorizations.UpdateAsync(before, descriptor, cancellationToken);
            return;
        }

        var record = new OpenIddictAuthorizationDescriptor
        {
            ApplicationId = client, Subject = user.ToString(), Type = AuthorizationTypes.Permanent, Status = Statuses.Valid,
        };
        record.Scopes.UnionWith(Entries(grant));
        await authorizations.CreateAsync(record, cancellationToken);
    }

    /// <summary>Forgets what a user allowed the client of a session, in the caller's transaction. Other sessions of that client go on.</summary>
    public Task WithdrawAsync(Guid user, Guid session, CancellationToken cancellationToken)
    {
        var subject = user.ToString();
        return db.Sessions
            .Where(one => one.Subject == subject && one.Type == AuthorizationTypes.Permanent && one.Status == Statuses.Valid
                && db.Sessions.Any(ended => ended.Id == session && ended.Kind == SessionKind.OAuth && ended.Application!.Id == one.Application!.Id))
            .ExecuteUpdateAsync(set => set.SetProperty(one => one.Status, Statuses.Revoked), cancellationToken);
    }

    private static IEnumerable<string> Entries(OAuthGrant grant) =>
        grant.Scopes.Concat(grant.Resources.Select(resource => OpenIddictConstants.Permissions.Prefixes.Resource + resource));
}
