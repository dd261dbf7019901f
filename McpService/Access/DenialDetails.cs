using System.Text.Json;
using McpPlatform.Contracts.Access;

namespace McpPlatform.McpService.Access;

/// <summary>What a record says of a decision against the caller: the reason, and the rule that made it.</summary>
internal static class DenialDetails
{
    public static void Describe(this AccessDecision decision, Dictionary<string, string> details)
    {
        details["reason"] = JsonNamingPolicy.SnakeCaseLower.ConvertName(decision.Reason.ToString());
        if (decision.Rule is { } rule)
        {
            details["rule"] = rule.Id.ToString();
        }
    }
}
