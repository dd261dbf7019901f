using McpPlatform.McpService.Servers;
using McpPlatform.McpService.Tools;
using McpPlatform.ServiceDefaults.Authorization;
using McpPlatform.ServiceDefaults.Data;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.McpService.Data;

/// <summary>The registry of MCP servers, the catalogue of their tools, outbox and inbox.</summary>
internal sealed class McpDbContext(DbContextOptions<McpDbContext> options) : DbContext(options)
{
    public const string Schema = "mcp";

    public DbSet<Server> Servers => Set<Server>();

    public DbSet<Tool> Tools => Set<Tool>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.HasDefaultSchema(Schema);
        modelBuilder.ApplyConfigurationsFromAssembly(typeof(McpDbContext).Assembly);
        modelBuilder.AddOutboxAndInbox();
        modelBuilder.AddAccessPolicy();
    }
}
