using McpPlatform.McpService.Approvals;
using McpPlatform.McpService.Bundles;
using McpPlatform.McpService.Catalogue;
using McpPlatform.McpService.Credentials;
using McpPlatform.McpService.Credentials.OAuth;
using McpPlatform.McpService.Servers;
using McpPlatform.McpService.Tools;
using McpPlatform.ServiceDefaults.Authorization;
using McpPlatform.ServiceDefaults.Data;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.McpService.Data;

/// <summary>The registry of MCP servers, the catalogue of their tools, bundles, outbox and inbox.</summary>
internal sealed class McpDbContext(DbContextOptions<McpDbContext> options) : DbContext(options)
{
    public const string Schema = "mcp";

    public DbSet<Server> Servers => Set<Server>();

    public DbSet<Tool> Tools => Set<Tool>();

    public DbSet<UpstreamCredential> Credentials => Set<UpstreamCredential>();

    public DbSet<UpstreamToken> UpstreamTokens => Set<UpstreamToken>();

    public DbSet<UpstreamClient> UpstreamClients => Set<UpstreamClient>();

    public DbSet<Approval> Approvals => Set<Approval>();

    public DbSet<Bundle> Bundles => Set<Bundle>();

    public DbSet<RegistryVersion> RegistryVersions => Set<RegistryVersion>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.HasDefaultSchema(Schema);
        modelBuilder.ApplyConfigurationsFromAssembly(typeof(McpDbContext).Assembly);
        modelBuilder.Entity<RegistryVersion>().ToTable("registry_version").HasData(new { Id = 1, Version = 0L });
        modelBuilder.AddOutboxAndInbox();
        modelBuilder.AddAccessPolicy();
    }
}
