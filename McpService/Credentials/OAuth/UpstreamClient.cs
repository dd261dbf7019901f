using System.Text.Json;
using McpPlatform.McpService.Servers;
using McpPlatform.ServiceDefaults.Secrets;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace McpPlatform.McpService.Credentials.OAuth;

/// <summary>The platform's client at the authorization server of an MCP server: one that a manager entered, or one that the platform registered (RFC 7591).</summary>
internal sealed class UpstreamClient
{
    private UpstreamClient()
    {
    }

    public Guid ServerId { get; private init; }

    /// <summary>Where it was registered; empty for one that a manager entered.</summary>
    public string Issuer { get; private init; } = string.Empty;

    public byte[] ProtectedClient { get; private set; } = [];

    public string ClientKey { get; private set; } = string.Empty;

    private string Context => $"upstream_clients|{ServerId}|{Issuer}";

    public static UpstreamClient Create(SecretProtector protector, Guid server, string issuer, OAuthClient client)
    {
        var row = new UpstreamClient { ServerId = server, Issuer = issuer };
        row.Protect(protector, JsonSerializer.SerializeToUtf8Bytes(client));
        return row;
    }

    /// <exception cref="SecretUnreadableException">It cannot be decrypted.</exception>
    public OAuthClient Client(SecretProtector protector) => JsonSerializer.Deserialize<OAuthClient>(protector.Unprotect(ProtectedClient, Context))!;

    /// <summary>Encrypts it anew, under the key that is active now.</summary>
    public void Rewrap(SecretProtector protector) => Protect(protector, protector.Unprotect(ProtectedClient, Context));

    private void Protect(SecretProtector protector, byte[] client) => (ProtectedClient, ClientKey) = (protector.Protect(client, Context), protector.ActiveKey);
}

internal sealed class UpstreamClientConfiguration : IEntityTypeConfiguration<UpstreamClient>
{
    public void Configure(EntityTypeBuilder<UpstreamClient> builder)
    {
        builder.ToTable("upstream_clients");
        builder.HasKey(row => new { row.ServerId, row.Issuer });
        builder.Property(row => row.Issuer).HasMaxLength(ServerUrls.MaxLength);
        builder.Property(row => row.ClientKey).HasMaxLength(128);
        builder.HasOne<Server>().WithMany().HasForeignKey(row => row.ServerId).OnDelete(DeleteBehavior.Cascade);
    }
}
