using McpPlatform.AuthService.Accounts;
using McpPlatform.AuthService.ApiKeys;
using McpPlatform.AuthService.Authorization;
using McpPlatform.AuthService.Bootstrap;
using McpPlatform.AuthService.Revocations;
using McpPlatform.AuthService.SecondFactor;
using McpPlatform.AuthService.Sessions;
using McpPlatform.AuthService.Tokens;
using McpPlatform.ServiceDefaults.Data;
using Microsoft.AspNetCore.DataProtection.EntityFrameworkCore;
using Microsoft.AspNetCore.Identity.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;
using OpenIddict.EntityFrameworkCore.Models;

namespace McpPlatform.AuthService.Data;

/// <summary>Identity's accounts, OpenIddict's clients, sessions (its authorizations) and tokens, and the signing keys.</summary>
internal sealed class AuthDbContext(DbContextOptions<AuthDbContext> options) : IdentityUserContext<Account, Guid>(options), IDataProtectionKeyContext
{
    public const string Schema = "auth";

    public DbSet<SigningKey> SigningKeys => Set<SigningKey>();

    /// <summary>Sessions, and the consents that stand in the same table.</summary>
    public DbSet<Session> Sessions => Set<Session>();

    public DbSet<IssuedToken> IssuedTokens => Set<IssuedToken>();

    public DbSet<Revocation> Revocations => Set<Revocation>();

    public DbSet<TotpEnrollment> TotpEnrollments => Set<TotpEnrollment>();

    public DbSet<RecoveryCode> RecoveryCodes => Set<RecoveryCode>();

    public DbSet<ApiKey> ApiKeys => Set<ApiKey>();

    public DbSet<BootstrapWindow> BootstrapWindows => Set<BootstrapWindow>();

    public DbSet<ClientRegistration> ClientRegistrations => Set<ClientRegistration>();

    public DbSet<DataProtectionKey> DataProtectionKeys => Set<DataProtectionKey>();

    protected override void OnModelCreating(ModelBuilder builder)
    {
        base.OnModelCreating(builder);
        builder.HasDefaultSchema(Schema);
        builder.UseOpenIddict<OAuthClient, Session, OpenIddictEntityFrameworkCoreScope<Guid>, IssuedToken, Guid>();
        builder.ApplyConfigurationsFromAssembly(typeof(AuthDbContext).Assembly);
        builder.AddOutboxAndInbox();

        // Those that have expired are looked for each hour.
        builder.Entity<IssuedToken>().HasIndex(token => token.ExpirationDate);

        // A client's id can be an address.
        builder.Model.GetEntityTypes().Single(entity => entity.GetTableName() == "OpenIddictApplications")
            .FindProperty("ClientId")!.SetMaxLength(ClientRegistrationConfiguration.MaxClientIdLength);
        builder.Entity<DataProtectionKey>().ToTable("data_protection_keys");

        // The libraries name their tables themselves, so the naming convention leaves them alone.
        foreach (var entity in builder.Model.GetEntityTypes())
        {
            var name = entity.GetTableName()!;
            entity.SetTableName(name switch
            {
                "AspNetUserClaims" => "user_claims",
                "AspNetUserLogins" => "user_logins",
                "AspNetUserTokens" => "user_tokens",
                "AspNetUserPasskeys" => "user_passkeys",
                _ => name.Replace("OpenIddict", "openiddict_", StringComparison.Ordinal).ToLowerInvariant(),
            });
        }
    }
}
