using System.Text.Json;
using McpPlatform.McpService.Servers;
using McpPlatform.ServiceDefaults.Secrets;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace McpPlatform.McpService.Credentials;

/// <summary>HTTP headers that an MCP server is shown: the server's own, or one user's. They can be written and used, and are never shown again.</summary>
internal sealed class UpstreamCredential
{
    private UpstreamCredential()
    {
    }

    public Guid Id { get; private init; }

    public Guid ServerId { get; private init; }

    /// <summary>Whose; null for everybody's.</summary>
    public Guid? UserId { get; private init; }

    public byte[] ProtectedHeaders { get; private set; } = [];

    /// <summary>The name of the key that they are encrypted under.</summary>
    public string HeadersKey { get; private set; } = string.Empty;

    public string[] HeaderNames { get; private set; } = [];

    public DateTimeOffset UpdatedAt { get; private set; }

    private string Context => $"upstream_credentials|{Id}|{ServerId}";

    public static UpstreamCredential Create(Guid server, Guid? user, DateTimeOffset now) => new() { Id = Guid.CreateVersion7(now), ServerId = server, UserId = user };

    public void Set(SecretProtector protector, IReadOnlyDictionary<string, string> headers, DateTimeOffset now)
    {
        HeaderNames = [.. headers.Keys.Order(StringComparer.OrdinalIgnoreCase)];
        UpdatedAt = now;
        Protect(protector, JsonSerializer.SerializeToUtf8Bytes(headers));
    }

    /// <exception cref="SecretUnreadableException">They cannot be decrypted.</exception>
    public Dictionary<string, string> Headers(SecretProtector protector) => JsonSerializer.Deserialize<Dictionary<string, string>>(protector.Unprotect(ProtectedHeaders, Context))!;

    /// <summary>Encrypts them anew, under the key that is active now.</summary>
    /// <exception cref="SecretUnreadableException">They cannot be decrypted.</exception>
    public void Rewrap(SecretProtector protector) => Protect(protector, protector.Unprotect(ProtectedHeaders, Context));

    private void Protect(SecretProtector protector, byte[] headers) => (ProtectedHeaders, HeadersKey) = (protector.Protect(headers, Context), protector.ActiveKey);
}

internal sealed class UpstreamCredentialConfiguration : IEntityTypeConfiguration<UpstreamCredential>
{
    public void Configure(EntityTypeBuilder<UpstreamCredential> builder)
    {
        builder.ToTable("upstream_credentials");
        builder.HasKey(row => row.Id);
        builder.Property(row => row.Id).ValueGeneratedNever();
        builder.Property(row => row.HeadersKey).HasMaxLength(128);
        builder.HasIndex(row => new { row.ServerId, row.UserId }).IsUnique().AreNullsDistinct(false);
        builder.HasOne<Server>().WithMany().HasForeignKey(row => row.ServerId).OnDelete(DeleteBehavior.Cascade);
    }
}

/// <summary>Whose credentials a server is shown.</summary>
internal static class CredentialOwners
{
    /// <summary>The server's own, for everybody; what a user has stored is shown instead of it.</summary>
    public const string Server = "server";

    /// <summary>Each user's own: who has stored none cannot use the server.</summary>
    public const string User = "user";

    public const string Sentence = "The credential_owner must be 'server' (one credential for everybody) or 'user' (each user stores one).";

    public static bool IsValid(string owner) => owner is Server or User;
}
