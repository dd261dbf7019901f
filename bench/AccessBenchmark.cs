using System.Diagnostics;
using System.Text.Json;
using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Identity;

namespace McpPlatform.Bench;

/// <summary>What a decision costs under the largest policy that the API lets anybody make: 500 roles, 500 teams, 2,000 rules.</summary>
internal static class AccessBenchmark
{
    private const int Roles = 500, Teams = 500, Rules = 2000, Decisions = 200_000;

    public static void Run()
    {
        var policy = Policy();
        var compiled = new CompiledPolicy(policy);
        Measure("compile the policy", 50, () => new CompiledPolicy(policy));
        Measure($"write it as JSON ({JsonSerializer.SerializeToUtf8Bytes(policy).Length / 1024} KiB)", 50, () => JsonSerializer.SerializeToUtf8Bytes(policy));
        foreach (var (what, caller) in new[]
        {
            ("4 roles and 2 teams, 8 + 4 rules", Caller(roles: 4, teams: 2)),
            ("all 2,000 rules concern the caller", Caller(Roles, Teams)),
        })
        {
            var tools = Enumerable.Range(0, 500).Select(index => AccessResource.Tool($"server-{index % 50}", $"tool-{index}")).ToArray();
            var index = 0;
            Measure($"{what}: one decision", Decisions / 100, () => compiled.Decide(caller, Permissions.McpToolsCall, tools[index++ % tools.Length]));
            var access = compiled.For(caller);
            Measure($"{what}: one item of a list", Decisions / 10, () => access.Decide(Permissions.McpToolsCall, tools[index++ % tools.Length]));
        }
    }

    private static Caller Caller(int roles, int teams) => new()
    {
        UserId = Guid.CreateVersion7(),
        Roles = [.. Enumerable.Range(0, roles).Select(index => $"role-{index}")],
        Teams = [.. Enumerable.Range(0, teams).Select(index => $"team-{index}")],
        Permissions = new HashSet<string>(Permissions.Catalogue.Keys, StringComparer.Ordinal),
    };

    // Half of the rules are for roles, half for teams; none matches, so that each decision looks at all that concern the caller.
    private static AccessPolicy Policy() => new()
    {
        Version = 1,
        Roles = [.. Enumerable.Range(0, Roles).Select(index => new PolicyRole($"role-{index}", [.. Permissions.Catalogue.Keys]))],
        Rules =
        [
            .. Enumerable.Range(0, Rules).Select(index => new AccessRule
            {
                Id = Guid.CreateVersion7(),
                SubjectType = index % 2 == 0 ? RuleSubject.Role : RuleSubject.Team,
                Subject = index % 2 == 0 ? $"role-{index / 2 % Roles}" : $"team-{index / 2 % Teams}",
                Effect = index / 2 / Roles == 0 ? RuleEffect.Deny : RuleEffect.Allow,
                Resource = $"tool:server-*/nothing-{index}-*",
            }),
        ],
        Owners = [.. Enumerable.Range(0, Teams).Select(index => new ResourceOwner($"server:owned-{index}", $"team-{index}"))],
    };

    private static void Measure(string what, int times, Func<object> work)
    {
        for (var warmUp = 0; warmUp < Math.Min(times, 2000); warmUp++)
        {
            work();
        }

        var (allocated, watch) = (GC.GetAllocatedBytesForCurrentThread(), Stopwatch.StartNew());
        for (var run = 0; run < times; run++)
        {
            work();
        }

        var (elapsed, bytes) = (watch.Elapsed, GC.GetAllocatedBytesForCurrentThread() - allocated);
        Console.Out.WriteLine($"{what,-62} {elapsed.TotalMicroseconds / times,10:0.00} µs {bytes / times,10} bytes");
    }
}
