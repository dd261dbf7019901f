using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace McpPlatform.AuthService.Tokens;

/// <summary>A key of the token server, encrypted.</summary>
internal sealed class SigningKey
{
    /// <summary>The <c>kid</c> of the tokens that it signs.</summary>
    public required string Id { get; init; }

    public required SigningKeyUse Use { get; init; }

    /// <summary>The secret, encrypted by <see cref="KeyProtector"/>.</summary>
    public byte[] ProtectedKey { get; set; } = [];

    /// <summary>Which of the operator's keys it is encrypted with.</summary>
    public string ProtectionKeyId { get; set; } = string.Empty;

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>From when it signs; until then it is only published, so that services know it before they see it.</summary>
    public required DateTimeOffset SignsFrom { get; init; }
}

internal enum SigningKeyUse
{
    /// <summary>ES256, for access tokens; public half in the JWKS.</summary>
    Access,

    /// <summary>HMAC, for refresh tokens and codes, which nobody else reads: they survive the rotation of the others.</summary>
    Internal,

    /// <summary>Encrypts refresh tokens and codes.</summary>
    Encryption,
}

internal sealed class SigningKeyConfiguration : IEntityTypeConfiguration<SigningKey>
{
    public void Configure(EntityTypeBuilder<SigningKey> builder)
    {
        builder.ToTable("signing_keys");
        builder.Property(key => key.Id).HasMaxLength(64);
        builder.Property(key => key.Use).HasConversion<string>().HasMaxLength(16);
        builder.Property(key => key.ProtectionKeyId).HasMaxLength(64);
    }
}
