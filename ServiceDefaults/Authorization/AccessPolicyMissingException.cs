namespace McpPlatform.ServiceDefaults.Authorization;

/// <summary>There is no access policy to decide on yet. Answered with 503: not knowing is no reason to allow.</summary>
public sealed class AccessPolicyMissingException() : Exception("The access policy has not arrived yet.");
