using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Identity;

namespace McpPlatform.Contracts.Tests.Access;

/// <summary>Each step of the decision, by example, in the order in which they are taken.</summary>
public sealed class DecisionTests
{
    private const string Read = Permissions.McpServersRead, Call = Permissions.McpToolsCall, Query = Permissions.DbQuery;
    private static readonly Guid Ann = Guid.CreateVersion7(), Bob = Guid.CreateVersion7();
    private static readonly AccessResource Server = AccessResource.Server("github"), Tool = AccessResource.Tool("github", "delete_repo");
    private static readonly AccessResource BobsDatabase = AccessResource.Connection("bob", "sales", Bob, ["analyst"]);

    private static readonly Caller Caller = new()
    {
        UserId = Ann, Roles = ["developer"], Teams = ["blue"], Permissions = new HashSet<string>(StringComparer.Ordinal) { Read, Call, Query },
    };

    private static readonly AccessPolicy Policy = AccessPolicy.Empty with
    {
        Version = 1, Roles = [new PolicyRole("developer", [Read, Call, Query]), new PolicyRole("reader", [Read]), new PolicyRole("analyst", [])],
    };

    [Fact]
    public void A_permission_that_the_token_lacks_is_refused_whatever_the_policy_says()
    {
        var policy = With(Allow(RuleSubject.User, Ann.ToString(), "server:*")) with { Owners = [new ResourceOwner("server:github", "blue")] };
        AssertRefused(DecisionReason.PermissionNotHeld, Decide(policy, Permissions.McpServersManage, Server));
        AssertRefused(DecisionReason.PermissionNotHeld, Decide(policy, Permissions.McpServersManage, null));
    }

    [Fact]
    public void A_permission_that_concerns_no_resource_is_decided_by_the_token() =>
        Assert.Equal((true, DecisionReason.AllowedByPermission, "developer"), Summary(Decide(Policy, Read, null)));

    [Fact]
    public void A_role_gives_what_nobody_owns_and_no_rule_narrows() =>
        Assert.Equal((true, DecisionReason.AllowedByRole, "developer"), Summary(Decide(Policy, Call, Tool)));

    [Fact]
    public void An_empty_policy_allows_nothing() => AssertRefused(DecisionReason.NothingAllows, Decide(AccessPolicy.Empty, Call, Tool));

    [Fact]
    public void A_token_from_before_a_change_gives_no_more_than_its_roles_still_do() =>
        AssertRefused(DecisionReason.NothingAllows, Decide(Policy, Call, Tool, Caller with { Roles = ["reader"] }));

    [Theory]
    [InlineData("tool:github/delete_repo", true, true)]
    [InlineData("tool:github/*", true, true)]
    [InlineData("tool:*delete*", true, true)]
    [InlineData("tool:github/read_repo", true, false)]
    [InlineData("server:github", true, true)]
    [InlineData("server:gitlab", false, false)]
    [InlineData("bundle:github", false, false)]
    [InlineData("not a pattern", false, false)]
    public void A_limit_of_the_token_reaches_from_a_server_to_its_tools_and_back(string limit, bool server, bool tool)
    {
        var limited = Caller with { Limits = [limit] };
        Assert.Equal((server, tool), (Decide(Policy, Call, Server, limited).Allowed, Decide(Policy, Call, Tool, limited).Allowed));
        Assert.All(((AccessResource[])[Server, Tool]).Select(item => Decide(Policy, Call, item, limited)).Where(decision => !decision.Allowed), decision => AssertRefused(DecisionReason.OutsideTokenLimits, decision));
    }

    [Theory]
    [InlineData(RuleSubject.Role, "developer")]
    [InlineData(RuleSubject.Team, "blue")]
    [InlineData(RuleSubject.User, null)]
    public void A_deny_rule_wins_over_owning_and_over_allow_rules(RuleSubject type, string? subject)
    {
        var deny = Deny(type, subject ?? Ann.ToString(), "tool:github/delete_*");
        var policy = With(deny, Allow(RuleSubject.User, Ann.ToString(), "tool:github/delete_repo")) with { Owners = [new ResourceOwner("server:github", "blue")] };
        var decision = Decide(policy, Call, Tool);
        AssertRefused(DecisionReason.DeniedByRule, decision);
        Assert.Equal(deny, decision.Rule);
        Assert.True(Decide(policy, Call, AccessResource.Tool("github", "read_repo")).Allowed);

        // Somebody else, whom it concerns only if it is the role's.
        var other = Decide(policy with { Owners = [] }, Call, Tool, Caller with { UserId = Bob, Teams = [] });
        Assert.Equal(type != RuleSubject.Role, other.Allowed);
    }

    [Fact]
    public void A_server_that_is_denied_takes_its_tools_with_it_and_a_denied_tool_leaves_its_server()
    {
        AssertRefused(DecisionReason.DeniedByRule, Decide(With(Deny(RuleSubject.Team, "blue", "server:git*")), Call, Tool));
        Assert.True(Decide(With(Deny(RuleSubject.Team, "blue", "tool:github/*")), Read, Server).Allowed);
    }

    [Fact]
    public void A_deny_rule_that_cannot_be_read_denies_all_and_an_allow_rule_that_cannot_be_read_nothing()
    {
        AssertRefused(DecisionReason.DeniedByRule, Decide(With(Deny(RuleSubject.User, Ann.ToString(), "oops")), Call, Tool));
        Assert.Equal((true, DecisionReason.AllowedByRole, "developer"), Summary(Decide(With(Allow(RuleSubject.Role, "developer", "oops")), Call, Tool)));
    }

    [Fact]
    public void A_rule_with_permissions_concerns_these_only()
    {
        var policy = With(Deny(RuleSubject.User, Ann.ToString(), "server:github") with { Permissions = [Call] });
        Assert.True(Decide(policy, Read, Server).Allowed);
        AssertRefused(DecisionReason.DeniedByRule, Decide(policy, Call, Tool));
    }

    [Fact]
    public void What_a_team_owns_is_for_its_members_and_hidden_from_others()
    {
        var owned = Policy with { Owners = [new ResourceOwner("server:github", "blue")] };
        var decision = Decide(owned, Call, Tool);
        Assert.Equal((true, DecisionReason.Owner, "blue"), (decision.Allowed, decision.Reason, decision.Team));
        AssertRefused(DecisionReason.NothingAllows, Decide(owned, Call, Tool, Caller with { Teams = ["green"] }));
        AssertRefused(DecisionReason.NothingAllows, Decide(owned, Read, Server, Caller with { Teams = ["green"] }));
    }

    [Theory]
    [InlineData(RuleSubject.User)]
    [InlineData(RuleSubject.Team)]
    [InlineData(RuleSubject.Role)]
    public void A_rule_opens_what_another_team_owns_and_the_server_of_a_tool_that_it_opens(RuleSubject type)
    {
        var subject = type switch { RuleSubject.User => Ann.ToString(), RuleSubject.Team => "blue", _ => "developer" };
        var policy = With(Allow(type, subject, "tool:github/delete_repo")) with { Owners = [new ResourceOwner("server:github", "green")] };
        Assert.Equal(DecisionReason.AllowedByRule, Decide(policy, Call, Tool).Reason);
        Assert.Equal(DecisionReason.AllowedByRule, Decide(policy, Call, Server).Reason);
        AssertRefused(DecisionReason.NothingAllows, Decide(policy, Call, AccessResource.Tool("github", "other")));
    }

    [Fact]
    public void An_allow_rule_of_a_role_narrows_that_role_and_a_second_role_is_not_narrowed()
    {
        var policy = With(Allow(RuleSubject.Role, "developer", "tool:gitlab/*"));
        AssertRefused(DecisionReason.NothingAllows, Decide(policy, Call, Tool));
        Assert.Equal((true, DecisionReason.AllowedByRule, "developer"), Summary(Decide(policy, Call, AccessResource.Tool("gitlab", "x"))));
        var both = policy with { Roles = [.. policy.Roles, new PolicyRole("operator", [Call])] };
        Assert.Equal((true, DecisionReason.AllowedByRole, "operator"), Summary(Decide(both, Call, Tool, Caller with { Roles = ["developer", "operator"] })));
    }

    [Fact]
    public void A_role_that_is_narrowed_to_servers_is_narrowed_to_their_tools()
    {
        var policy = With(Allow(RuleSubject.Role, "developer", "server:gitlab"));
        AssertRefused(DecisionReason.NothingAllows, Decide(policy, Call, Tool));
        Assert.True(Decide(policy, Call, AccessResource.Tool("gitlab", "x")).Allowed);
        Assert.True(Decide(policy, Query, AccessResource.Connection("ann", "mine", Ann, [])).Allowed);
    }

    [Fact]
    public void An_allow_rule_of_a_role_gives_no_permission_that_the_role_does_not() =>
        AssertRefused(DecisionReason.NothingAllows, Decide(With(Allow(RuleSubject.Role, "reader", "tool:*")), Call, Tool, Caller with { Roles = ["reader"] }));

    [Fact]
    public void A_connection_is_its_owners_and_of_the_roles_that_it_is_shared_with()
    {
        Assert.Equal(DecisionReason.Owner, Decide(Policy, Query, BobsDatabase, Caller with { UserId = Bob }).Reason);
        AssertRefused(DecisionReason.NothingAllows, Decide(Policy, Query, BobsDatabase));
        Assert.Equal((true, DecisionReason.SharedWithRole, "analyst"), Summary(Decide(Policy, Query, BobsDatabase, Caller with { Roles = ["developer", "analyst"] })));
        Assert.Equal(DecisionReason.Owner, Decide(Policy with { Owners = [new ResourceOwner("connection:bob/sales", "blue")] }, Query, BobsDatabase).Reason);
    }

    [Theory]
    [InlineData("tool:*", "github/delete", true)]
    [InlineData("tool:github/*", "github/a/b", true)]
    [InlineData("tool:git*", "github/x", true)]
    [InlineData("tool:*delete", "github/bulk/delete", true)]
    [InlineData("tool:*-prod/read", "db-prod/read", true)]
    [InlineData("tool:*-prod/read", "db/x-prod/read", false)]
    [InlineData("tool:GitHub/*", "github/x", false)]
    [InlineData("tool:github/x", "github/x/y", false)]
    [InlineData("tool:git?ub/x", "github/x", false)]
    [InlineData("tool:[a-z]*/x", "github/x", false)]
    [InlineData("server:github", "github/x", false)]
    public void A_star_is_any_run_of_characters_and_all_else_is_itself(string pattern, string tool, bool matches)
    {
        Assert.True(ResourcePattern.TryParse(pattern, out var parsed));
        Assert.Equal(matches, parsed.Matches(new AccessResource(ResourceKind.Tool, tool)));
    }

    [Fact]
    public void A_pattern_that_is_made_to_be_slow_is_not()
    {
        var stars = string.Concat(Enumerable.Repeat("*a", 5000));
        Assert.False(ResourcePattern.TryParse("tool:" + stars, out _));
        var watch = System.Diagnostics.Stopwatch.StartNew();
        Assert.False(new ResourcePattern(ResourceKind.Bundle, stars + "b").Matches(AccessResource.Bundle(new string('a', 20_000))));
        Assert.False(new ResourcePattern(ResourceKind.Bundle, "*" + new string('a', 5000) + "b").Matches(AccessResource.Bundle(new string('a', 10_000))));
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(1));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("github")]
    [InlineData("server:")]
    [InlineData(":github")]
    [InlineData("Server:github")]
    [InlineData("planet:mars")]
    [InlineData("server:a\0b")]
    [InlineData("server:a\u202eb\n")]
    public void What_is_no_resource_is_not_read(string? text) => Assert.False(AccessResource.TryParse(text, out _));

    [Fact]
    public void Half_a_character_is_no_text()
    {
        // Not as inline data: the runner would mend it.
        Assert.False(AccessResource.TryParse("server:\ud800", out _));
        Assert.False(AccessResource.TryParse("server:\udc00\ud800", out _));
    }

    [Fact]
    public void A_resource_is_read_back_as_it_was_written()
    {
        foreach (var resource in (AccessResource[])[Server, Tool, AccessResource.Bundle("b:c"), new(ResourceKind.Connection, "ann/my 😀 db")])
        {
            Assert.True(AccessResource.TryParse(resource.ToString(), out var read));
            Assert.Equal(resource, read);
        }

        Assert.True(AccessResource.TryParse("server:" + new string('a', AccessResource.MaxLength - 7), out _));
        Assert.False(AccessResource.TryParse("server:" + new string('a', AccessResource.MaxLength - 6), out _));
    }

    private static AccessDecision Decide(AccessPolicy policy, string permission, AccessResource? resource, Caller? caller = null) =>
        new CompiledPolicy(policy).Decide(caller ?? Caller, permission, resource);

    private static AccessPolicy With(params AccessRule[] rules) => Policy with { Rules = rules };

    private static AccessRule Allow(RuleSubject type, string subject, string resource) =>
        new() { Id = Guid.CreateVersion7(), SubjectType = type, Subject = subject, Effect = RuleEffect.Allow, Resource = resource };

    private static AccessRule Deny(RuleSubject type, string subject, string resource) => Allow(type, subject, resource) with { Effect = RuleEffect.Deny };

    private static (bool Allowed, DecisionReason Reason, string? Role) Summary(AccessDecision decision) => (decision.Allowed, decision.Reason, decision.Role);

    private static void AssertRefused(DecisionReason reason, AccessDecision decision)
    {
        Assert.False(decision.Allowed);
        Assert.Equal(reason, decision.Reason);
        Assert.NotEmpty(decision.Explanation);
    }
}
