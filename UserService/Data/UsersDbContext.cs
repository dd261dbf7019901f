using McpPlatform.ServiceDefaults.Authorization;
using McpPlatform.ServiceDefaults.Data;
using McpPlatform.UserService.Access;
using McpPlatform.UserService.Access.Rules;
using McpPlatform.UserService.Access.Teams;
using McpPlatform.UserService.Connections;
using McpPlatform.UserService.Users;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Data;

internal sealed class UsersDbContext(DbContextOptions<UsersDbContext> options) : DbContext(options)
{
    public const string Schema = "users";

    public DbSet<User> Users => Set<User>();

    public DbSet<UnfinishedUser> UnfinishedUsers => Set<UnfinishedUser>();

    public DbSet<UserRole> UserRoles => Set<UserRole>();

    public DbSet<Role> Roles => Set<Role>();

    public DbSet<RolePermission> RolePermissions => Set<RolePermission>();

    public DbSet<Permission> Permissions => Set<Permission>();

    public DbSet<ConnectionProfile> Connections => Set<ConnectionProfile>();

    public DbSet<Team> Teams => Set<Team>();

    public DbSet<TeamRole> TeamRoles => Set<TeamRole>();

    public DbSet<TeamResource> TeamResources => Set<TeamResource>();

    public DbSet<TeamMember> TeamMembers => Set<TeamMember>();

    public DbSet<Grant> Grants => Set<Grant>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.HasDefaultSchema(Schema);
        modelBuilder.ApplyConfigurationsFromAssembly(typeof(UsersDbContext).Assembly);
        modelBuilder.AddOutboxAndInbox();
        modelBuilder.AddAccessPolicy();
    }
}
