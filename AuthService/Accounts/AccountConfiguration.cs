using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace McpPlatform.AuthService.Accounts;

internal sealed class AccountConfiguration : IEntityTypeConfiguration<Account>
{
    public void Configure(EntityTypeBuilder<Account> builder)
    {
        builder.ToTable("users");
        builder.Property(account => account.UserName).HasMaxLength(Usernames.MaxLength).IsRequired();
        builder.Property(account => account.NormalizedUserName).HasMaxLength(Usernames.MaxLength).IsRequired();
        builder.Property(account => account.Email).HasMaxLength(254);
        builder.Property(account => account.PasswordHash).HasMaxLength(512);
        builder.HasIndex(account => account.NormalizedUserName).IsUnique().HasDatabaseName(Usernames.UniqueIndex);
        builder.HasIndex(account => account.NormalizedEmail).HasDatabaseName("ix_users_normalized_email");
        builder.Property(account => account.Roles).HasColumnType("text[]");
        builder.Property(account => account.Permissions).HasColumnType("text[]");
        builder.Property(account => account.Teams).HasColumnType("text[]").HasDefaultValueSql("'{}'");
        builder.Property(account => account.IsActive).HasDefaultValue(true).HasSentinel(true);
    }
}
