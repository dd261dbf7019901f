using System.Collections.Frozen;

namespace McpPlatform.McpService.Definitions;

/// <summary>How strictly a server is held to the definitions that were approved.</summary>
internal static class DefinitionLock
{
    /// <summary>Whatever it lists is taken.</summary>
    public const string Off = "off";

    /// <summary>New tools are taken unless the lint finds something grave in them; a change waits for a person.</summary>
    public const string Changes = "changes";

    /// <summary>New tools wait for a person, too.</summary>
    public const string Strict = "strict";

    public const string Sentence = "The definition_lock must be 'off' (everything is taken), 'changes' (changes of a tool wait for approval) or 'strict' (new tools wait, too).";

    public static FrozenSet<string> All { get; } = FrozenSet.Create(StringComparer.Ordinal, Off, Changes, Strict);
}

/// <summary>Where a tool's definition stands.</summary>
internal static class DefinitionStates
{
    /// <summary>The tool is listed and can be called.</summary>
    public const string Approved = "approved";

    /// <summary>Neither, until somebody decides.</summary>
    public const string Quarantined = "quarantined";

    /// <summary>Neither, until the server lists something else.</summary>
    public const string Rejected = "rejected";

    public static FrozenSet<string> All { get; } = FrozenSet.Create(StringComparer.Ordinal, Approved, Quarantined, Rejected);
}
