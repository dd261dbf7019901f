using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace McpPlatform.AuthService.Authorization;

/// <summary>How a client that introduced itself got in. Clients that the platform made have no such row.</summary>
internal sealed class ClientRegistration
{
    /// <summary>OpenIddict's client with this id is the client itself.</summary>
    public required string ClientId { get; init; }

    public required ClientOrigin Origin { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When a user last let it in; null as long as nobody has.</summary>
    public DateTimeOffset? UsedAt { get; set; }

    /// <summary>For a metadata document: until when it need not be fetched again.</summary>
    public DateTimeOffset? FreshUntil { get; set; }
}

internal enum ClientOrigin
{
    /// <summary>It registered itself (RFC 7591): nothing that it says of itself was checked.</summary>
    Registered,

    /// <summary>Its id is the address of a document, so it speaks for that host.</summary>
    MetadataDocument,
}

internal sealed class ClientRegistrationConfiguration : IEntityTypeConfiguration<ClientRegistration>
{
    /// <summary>Of a client's id, which can be an address.</summary>
    public const int MaxClientIdLength = 500;

    public void Configure(EntityTypeBuilder<ClientRegistration> builder)
    {
        builder.ToTable("client_registrations");
        builder.HasKey(client => client.ClientId);
        builder.Property(client => client.ClientId).HasMaxLength(MaxClientIdLength);
        builder.Property(client => client.Origin).HasConversion<string>().HasMaxLength(32);
        builder.HasIndex(client => client.CreatedAt).HasFilter("used_at IS NULL");
    }
}
