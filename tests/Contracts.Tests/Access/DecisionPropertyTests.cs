using McpPlatform.Contracts.Access;

namespace McpPlatform.Contracts.Tests.Access;

/// <summary>What holds for every policy, over some thousands made by chance. A failure names its seed: the same seed makes the same case.</summary>
public sealed class DecisionPropertyTests
{
    private const int Policies = 1500;

    [Fact]
    public void The_engine_decides_as_the_rules_say_and_names_what_decided() => ForEach((policy, caller, random) =>
    {
        var access = new CompiledPolicy(policy).For(caller);
        foreach (var (permission, resource) in Questions())
        {
            var decision = access.Decide(permission, resource);
            Assert.True(Oracle.Allows(policy, caller, permission, resource) == decision.Allowed, $"{permission} on {resource} is {decision}");
            AssertExplained(policy, caller, resource, decision);
        }
    });

    [Fact]
    public void A_decision_does_not_depend_on_the_order_of_anything() => ForEach((policy, caller, random) =>
    {
        var turned = policy with { Roles = random.Shuffle(policy.Roles), Rules = random.Shuffle(policy.Rules), Owners = random.Shuffle(policy.Owners) };
        var caller2 = caller with { Roles = random.Shuffle(caller.Roles), Teams = random.Shuffle(caller.Teams), Limits = random.Shuffle(caller.Limits) };
        Assert.Equal(Decisions(policy, caller), Decisions(turned, caller2));
    });

    [Fact]
    public void A_deny_rule_wins_over_everything() => ForEach((policy, caller, random) =>
    {
        var deny = random.Rule() with { SubjectType = RuleSubject.User, Subject = caller.UserId.ToString(), Effect = RuleEffect.Deny, Permissions = null };
        var access = new CompiledPolicy(policy with { Rules = [.. policy.Rules, deny] }).For(caller);
        Assert.All(
            Questions().Where(question => !Oracle.IsPattern(deny.Resource) || Oracle.Covers(deny.Resource, question.Resource)),
            question => Assert.False(access.Decide(question.Permission, question.Resource).Allowed));
    });

    [Fact]
    public void Removing_a_deny_rule_never_takes_access_and_adding_one_never_gives_it() => ForEach((policy, caller, random) =>
    {
        var deny = random.Rule() with { Effect = RuleEffect.Deny };
        Assert.Subset(Allowed(policy, caller), Allowed(policy with { Rules = [.. policy.Rules, deny] }, caller));
    });

    [Fact]
    public void Adding_an_allow_rule_of_a_user_or_a_team_never_takes_access() => ForEach((policy, caller, random) =>
    {
        var allow = random.Rule() with { SubjectType = RuleSubject.Team, Subject = random.One(["t1", "t2", "t3"]), Effect = RuleEffect.Allow };
        Assert.Subset(Allowed(policy with { Rules = [.. policy.Rules, allow] }, caller), Allowed(policy, caller));
    });

    [Fact]
    public void Adding_an_allow_rule_of_a_role_takes_only_what_this_role_alone_gave_beyond_the_rule() => ForEach((policy, caller, random) =>
    {
        var allow = random.Rule() with { SubjectType = RuleSubject.Role, Subject = random.One(["r1", "r2", "r3", "r4"]), Effect = RuleEffect.Allow };
        var with = Allowed(policy with { Rules = [.. policy.Rules, allow] }, caller);
        var withoutRole = Allowed(policy, caller with { Roles = [.. caller.Roles.Where(role => role != allow.Subject)] });
        foreach (var (permission, resource) in Allowed(policy, caller).Except(with))
        {
            Assert.Contains(allow.Subject, caller.Roles);
            Assert.DoesNotContain((permission, resource), withoutRole);
            Assert.False(Oracle.Covers(allow.Resource, resource) && resource.Kind != ResourceKind.Tool);
            Assert.True(allow.Permissions is null || allow.Permissions.Contains(permission));
        }
    });

    [Fact]
    public void Limits_of_a_token_only_narrow() => ForEach((policy, caller, random) =>
    {
        var limited = caller with { Limits = [random.Pattern(), random.Pattern()] };
        Assert.Subset(Allowed(policy, caller with { Limits = [] }), Allowed(policy, limited));
        Assert.All(Allowed(policy, limited), item => Assert.Contains(limited.Limits, limit => Oracle.Covers(limit, item.Resource) || Oracle.ReachesInto(limit, item.Resource)));
    });

    [Fact]
    public void Fewer_permissions_in_the_token_never_give_more() => ForEach((policy, caller, random) =>
        Assert.Subset(Allowed(policy, caller), Allowed(policy, caller with { Permissions = random.Some(caller.Permissions).ToHashSet(StringComparer.Ordinal) })));

    [Fact]
    public void Who_may_use_a_tool_may_use_its_server_so_that_the_tool_can_be_listed() => ForEach((policy, caller, random) =>
    {
        var allowed = Allowed(policy, caller);
        Assert.All(
            allowed.Where(item => item.Resource.Kind == ResourceKind.Tool),
            item => Assert.Contains((item.Permission, AccessResource.Server(item.Resource.Name.Split('/')[0])), allowed));
    });

    [Fact]
    public void A_policy_is_the_same_after_a_journey_as_JSON() => ForEach((policy, caller, random) =>
    {
        var text = System.Text.Json.JsonSerializer.Serialize(policy);
        Assert.Equal(Decisions(policy, caller), Decisions(System.Text.Json.JsonSerializer.Deserialize<AccessPolicy>(text)!, caller));
    });

    private static void ForEach(Action<AccessPolicy, Caller, ByChance> check)
    {
        for (var seed = 1; seed <= Policies; seed++)
        {
            var random = new ByChance(seed);
            var policy = random.Policy();
            var caller = random.Caller(policy);
            try
            {
                check(policy, caller, random);
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                throw new Xunit.Sdk.XunitException($"Seed {seed}: {exception.Message}\n{System.Text.Json.JsonSerializer.Serialize(policy)}\n{System.Text.Json.JsonSerializer.Serialize(caller)}", exception);
            }
        }
    }

    private static IEnumerable<(string Permission, AccessResource Resource)> Questions() =>
        ByChance.Permissions.SelectMany(_ => ByChance.Resources, (permission, resource) => (permission, resource));

    private static List<AccessDecision> Decisions(AccessPolicy policy, Caller caller)
    {
        var access = new CompiledPolicy(policy).For(caller);
        return [.. Questions().Select(question => access.Decide(question.Permission, question.Resource))
            .Select(decision => decision with { Rule = decision.Rule is { } rule ? rule with { Permissions = null } : null })];
    }

    private static HashSet<(string Permission, AccessResource Resource)> Allowed(AccessPolicy policy, Caller caller)
    {
        var access = new CompiledPolicy(policy).For(caller);
        return [.. Questions().Where(question => access.Decide(question.Permission, question.Resource).Allowed)];
    }

    private static void AssertExplained(AccessPolicy policy, Caller caller, AccessResource resource, AccessDecision decision)
    {
        Assert.NotEmpty(decision.Explanation);
        Assert.Equal(decision.Reason is DecisionReason.DeniedByRule or DecisionReason.AllowedByRule, decision.Rule is not null);
        if (decision.Rule is { } rule)
        {
            Assert.Contains(rule, policy.Rules);
            Assert.Equal(decision.Allowed ? RuleEffect.Allow : RuleEffect.Deny, rule.Effect);
            Assert.Contains(rule.Id.ToString(), decision.Explanation, StringComparison.Ordinal);
            Assert.Contains(rule.Subject, (IEnumerable<string>)[caller.UserId.ToString(), .. caller.Roles, .. caller.Teams]);
            Assert.True(Oracle.Covers(rule.Resource, resource) || Oracle.ReachesInto(rule.Resource, resource) || !Oracle.IsPattern(rule.Resource));
        }

        Assert.True(decision.Role is null || caller.Roles.Contains(decision.Role));
        Assert.True(decision.Team is null || caller.Teams.Contains(decision.Team));
    }
}
