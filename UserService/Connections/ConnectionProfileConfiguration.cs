using System.Text.Json;
using McpPlatform.UserService.Access;
using McpPlatform.UserService.Queries.Engines;
using McpPlatform.UserService.Users;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace McpPlatform.UserService.Connections;

internal sealed class ConnectionProfileConfiguration : IEntityTypeConfiguration<ConnectionProfile>
{
    public const int MaxNameLength = 64, MaxHostLength = 253, MaxTextLength = 128, MaxPasswordLength = 1024, MaxSharedRoles = 20;

    public void Configure(EntityTypeBuilder<ConnectionProfile> builder)
    {
        builder.ToTable("database_connections");
        builder.Property(profile => profile.Id).ValueGeneratedNever();
        builder.HasOne<User>().WithMany().HasForeignKey(profile => profile.OwnerId).OnDelete(DeleteBehavior.Cascade);
        builder.Property(profile => profile.OwnerUsername).HasMaxLength(UserConfiguration.MaxUsernameLength);
        builder.Property(profile => profile.PasswordKey).HasMaxLength(64).UseCollation("C");
        builder.HasIndex(profile => profile.PasswordKey);
        builder.Property<uint>("Version").IsRowVersion().HasColumnName("xmin").HasColumnType("xid");
        builder.Ignore(profile => profile.SharedWithRoles);
        builder.Ignore(profile => profile.Resource);
        builder.Ignore(profile => profile.Settings);
        builder.Property(profile => profile.Name).HasMaxLength(MaxNameLength).UseCollation("C");
        builder.HasIndex(profile => new { profile.OwnerId, profile.Name }).IsUnique();
        builder.Property(profile => profile.DatabaseType).HasConversion(type => Names.Of(type), name => Names.Parse<DatabaseType>(name)).HasMaxLength(16);
        builder.Property(profile => profile.Host).HasMaxLength(MaxHostLength);
        builder.Property(profile => profile.Database).HasMaxLength(MaxTextLength);
        builder.Property(profile => profile.Username).HasMaxLength(MaxTextLength);
        builder.Property(profile => profile.SslMode).HasConversion(mode => Names.Of(mode), name => Names.Parse<SslMode>(name)).HasMaxLength(16);
        builder.HasMany(profile => profile.Shares).WithOne().HasForeignKey(share => share.ConnectionId).OnDelete(DeleteBehavior.Cascade);
        builder.Navigation(profile => profile.Shares).UsePropertyAccessMode(PropertyAccessMode.Field);
    }
}

internal sealed class ConnectionShareConfiguration : IEntityTypeConfiguration<ConnectionShare>
{
    public void Configure(EntityTypeBuilder<ConnectionShare> builder)
    {
        builder.ToTable("database_connection_roles");
        builder.HasKey(share => new { share.ConnectionId, share.RoleName });
        builder.Property(share => share.RoleName).HasMaxLength(RoleConfiguration.MaxNameLength).UseCollation("C");
        builder.HasOne<Role>().WithMany().HasForeignKey(share => share.RoleName).OnDelete(DeleteBehavior.Cascade);
    }
}

/// <summary>Enumerations as the API and the database write them.</summary>
internal static class Names
{
    public static string Of<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());

    public static T Parse<T>(string name)
        where T : struct, Enum => Enum.Parse<T>(name.Replace("_", string.Empty, StringComparison.Ordinal), ignoreCase: true);
}
