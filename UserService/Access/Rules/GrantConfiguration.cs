using System.Text.Json;
using McpPlatform.Contracts.Access;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace McpPlatform.UserService.Access.Rules;

internal sealed class GrantConfiguration : IEntityTypeConfiguration<Grant>
{
    /// <summary>Of all subjects together: all of them travel in the policy.</summary>
    public const int MaxRules = 2_000;

    public void Configure(EntityTypeBuilder<Grant> builder)
    {
        builder.ToTable("grants");
        builder.Property(grant => grant.Id).ValueGeneratedNever();
        builder.Property(grant => grant.SubjectType).HasMaxLength(8).HasConversion(type => NameOf(type), name => Enum.Parse<RuleSubject>(name, ignoreCase: true));
        builder.Property(grant => grant.Subject).HasMaxLength(Slugs.MaxLength).UseCollation("C");
        builder.Property(grant => grant.Effect).HasMaxLength(8).HasConversion(effect => NameOf(effect), name => Enum.Parse<RuleEffect>(name, ignoreCase: true));
        builder.Property(grant => grant.Resource).HasMaxLength(AccessResource.MaxLength).UseCollation("C");
        builder.Property(grant => grant.Permissions).HasColumnType("text[]");
        builder.HasIndex(grant => new { grant.SubjectType, grant.Subject });
    }

    private static string NameOf<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());
}
