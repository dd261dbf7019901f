using McpPlatform.UserService.Access;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace McpPlatform.UserService.Users;

internal sealed class UserConfiguration : IEntityTypeConfiguration<User>
{
    public const int MaxUsernameLength = 64;
    public const int MaxEmailLength = 254;

    /// <summary>What any text that is stored must be: PostgreSQL takes no NUL, and a log or a console no other control character.</summary>
    public const string PlainText = @"^\P{Cc}*$";

    public void Configure(EntityTypeBuilder<User> builder)
    {
        builder.ToTable("users");
        builder.Property(user => user.Id).ValueGeneratedNever();

        // Lists are read in the order of the names and continued after one: an order that no upgrade of the system's locales changes.
        builder.Property(user => user.Username).HasMaxLength(MaxUsernameLength).UseCollation("C");
        builder.HasIndex(user => user.Username).IsUnique();
        builder.Property(user => user.Email).HasMaxLength(MaxEmailLength);
        builder.Property(user => user.Preferences).HasColumnType("jsonb");
        builder.HasIndex(user => user.DeletedAt).HasFilter("deleted_at IS NOT NULL AND anonymised_at IS NULL");
        builder.HasIndex(user => user.IsAdmin).HasFilter("is_admin");
        builder.Property(user => user.Version).IsRowVersion().HasColumnName("xmin").HasColumnType("xid");
        builder.Ignore(user => user.RoleNames);
        builder.HasMany(user => user.Roles).WithOne().HasForeignKey(role => role.UserId).OnDelete(DeleteBehavior.Cascade);
        builder.Navigation(user => user.Roles).UsePropertyAccessMode(PropertyAccessMode.Field);
    }
}

internal sealed class UserRoleConfiguration : IEntityTypeConfiguration<UserRole>
{
    public void Configure(EntityTypeBuilder<UserRole> builder)
    {
        builder.ToTable("user_roles");
        builder.HasKey(role => new { role.UserId, role.RoleName });
        builder.Property(role => role.RoleName).HasMaxLength(RoleConfiguration.MaxNameLength).UseCollation("C");
        builder.HasOne<Role>().WithMany().HasForeignKey(role => role.RoleName).OnDelete(DeleteBehavior.Restrict);
    }
}
