using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace McpPlatform.AuthService.Bootstrap;

/// <summary>A one-time secret that a service was started with, and since when.</summary>
internal sealed class BootstrapWindow
{
    /// <summary>SHA-256 of the secret, which is random: nothing to guess from it.</summary>
    public required byte[] SecretHash { get; init; }

    public required DateTimeOffset OpenedAt { get; init; }

    public static byte[] Hash(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));
}

internal sealed class BootstrapWindowConfiguration : IEntityTypeConfiguration<BootstrapWindow>
{
    public void Configure(EntityTypeBuilder<BootstrapWindow> builder)
    {
        builder.ToTable("bootstrap_windows");
        builder.HasKey(window => window.SecretHash);
    }
}
