using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace McpPlatform.UserService.Access;

internal sealed class RoleConfiguration : IEntityTypeConfiguration<Role>
{
    public const int MaxNameLength = 64;
    public const int MaxDescriptionLength = 256;

    public void Configure(EntityTypeBuilder<Role> builder)
    {
        builder.ToTable("roles");
        builder.HasKey(role => role.Name);
        builder.Property(role => role.Name).HasMaxLength(MaxNameLength).UseCollation("C");
        builder.Property(role => role.Description).HasMaxLength(MaxDescriptionLength);
        builder.HasMany(role => role.Permissions).WithOne().HasForeignKey(permission => permission.RoleName).OnDelete(DeleteBehavior.Cascade);
    }
}

internal sealed class RolePermissionConfiguration : IEntityTypeConfiguration<RolePermission>
{
    public void Configure(EntityTypeBuilder<RolePermission> builder)
    {
        builder.ToTable("role_permissions");
        builder.HasKey(permission => new { permission.RoleName, permission.PermissionName });
        builder.Property(permission => permission.RoleName).HasMaxLength(RoleConfiguration.MaxNameLength).UseCollation("C");
        builder.Property(permission => permission.PermissionName).HasMaxLength(RoleConfiguration.MaxNameLength).UseCollation("C");
        builder.HasOne<Permission>().WithMany().HasForeignKey(permission => permission.PermissionName).OnDelete(DeleteBehavior.Cascade);
    }
}

internal sealed class PermissionConfiguration : IEntityTypeConfiguration<Permission>
{
    public void Configure(EntityTypeBuilder<Permission> builder)
    {
        builder.ToTable("permissions");
        builder.HasKey(permission => permission.Name);
        builder.Property(permission => permission.Name).HasMaxLength(RoleConfiguration.MaxNameLength).UseCollation("C");
        builder.Property(permission => permission.Description).HasMaxLength(RoleConfiguration.MaxDescriptionLength);
    }
}
