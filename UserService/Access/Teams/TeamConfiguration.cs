using McpPlatform.Contracts.Access;
using McpPlatform.UserService.Users;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace McpPlatform.UserService.Access.Teams;

internal sealed class TeamConfiguration : IEntityTypeConfiguration<Team>
{
    /// <summary>As all of them travel in the policy.</summary>
    public const int MaxTeams = 500, MaxOwned = 2_000, MaxOwnedByOne = 200, MaxRoles = 50, MaxMembers = 5_000;

    public void Configure(EntityTypeBuilder<Team> builder)
    {
        builder.ToTable("teams");
        builder.HasKey(team => team.Name);
        builder.Property(team => team.Name).HasMaxLength(Slugs.MaxLength).UseCollation("C");
        builder.Property(team => team.Description).HasMaxLength(RoleConfiguration.MaxDescriptionLength);
        builder.HasMany(team => team.Roles).WithOne().HasForeignKey(role => role.TeamName).OnDelete(DeleteBehavior.Cascade);
        builder.HasMany(team => team.Owns).WithOne().HasForeignKey(owned => owned.TeamName).OnDelete(DeleteBehavior.Cascade);
        builder.Navigation(team => team.Roles).UsePropertyAccessMode(PropertyAccessMode.Field);
        builder.Navigation(team => team.Owns).UsePropertyAccessMode(PropertyAccessMode.Field);
    }
}

internal sealed class TeamRoleConfiguration : IEntityTypeConfiguration<TeamRole>
{
    public void Configure(EntityTypeBuilder<TeamRole> builder)
    {
        builder.ToTable("team_roles");
        builder.HasKey(role => new { role.TeamName, role.RoleName });
        builder.Property(role => role.TeamName).HasMaxLength(Slugs.MaxLength).UseCollation("C");
        builder.Property(role => role.RoleName).HasMaxLength(RoleConfiguration.MaxNameLength).UseCollation("C");
        builder.HasOne<Role>().WithMany().HasForeignKey(role => role.RoleName).OnDelete(DeleteBehavior.Restrict);
    }
}

internal sealed class TeamResourceConfiguration : IEntityTypeConfiguration<TeamResource>
{
    public void Configure(EntityTypeBuilder<TeamResource> builder)
    {
        builder.ToTable("team_resources");
        builder.HasKey(owned => new { owned.TeamName, owned.Resource });
        builder.Property(owned => owned.TeamName).HasMaxLength(Slugs.MaxLength).UseCollation("C");
        builder.Property(owned => owned.Resource).HasMaxLength(AccessResource.MaxLength).UseCollation("C");
    }
}

internal sealed class TeamMemberConfiguration : IEntityTypeConfiguration<TeamMember>
{
    public void Configure(EntityTypeBuilder<TeamMember> builder)
    {
        builder.ToTable("team_members");
        builder.HasKey(member => new { member.TeamName, member.UserId });
        builder.Property(member => member.TeamName).HasMaxLength(Slugs.MaxLength).UseCollation("C");
        builder.HasOne<Team>().WithMany().HasForeignKey(member => member.TeamName).OnDelete(DeleteBehavior.Cascade);
        builder.HasOne<User>().WithMany().HasForeignKey(member => member.UserId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(member => member.UserId);
    }
}
