using McpPlatform.AuthService.Accounts;
using McpPlatform.AuthService.Bootstrap;
using McpPlatform.AuthService.Tokens;
using McpPlatform.ServiceDefaults.Data;
using Microsoft.AspNetCore.Identity.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.AuthService.Data;

/// <summary>Identity's accounts, OpenIddict's clients, sessions (its authorizations) and tokens, and the signing keys.</summary>
internal sealed class AuthDbContext(DbContextOptions<AuthDbContext> options) : IdentityUserContext<Account, Guid>(options)
{
    public const string Schema = "auth";

    public DbSet<SigningKey> SigningKeys => Set<SigningKey>();

    public DbSet<BootstrapWindow> BootstrapWindows => Set<BootstrapWindow>();

    protected override void OnModelCreating(ModelBuilder builder)
    {
        base.OnModelCreating(builder);
        builder.HasDefaultSchema(Schema);
        builder.UseOpenIddict<Guid>();
        builder.ApplyConfigurationsFromAssembly(typeof(AuthDbContext).Assembly);
        builder.AddOutboxAndInbox();

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
