using System.Collections.Immutable;

namespace McpPlatform.LocalHosting.Dcp;

/// <summary>One process of a resource, and what is needed to start it again.</summary>
internal sealed class Instance(IResource resource, string name)
{
    public IResource Resource { get; } = resource;

    public string Name { get; } = name;

    /// <summary>The command; null before its dependencies were ready.</summary>
    public ExecutableSpec? Spec { get; set; }

    /// <summary>Names of secret variables, masked in the dashboard.</summary>
    public ImmutableHashSet<string> Secrets { get; set; } = [];

    /// <summary>Whether a person stopped it, so that its end is no failure.</summary>
    public bool StopRequested { get; set; }

    /// <summary>The variables that the process sees, from DCP.</summary>
    public IReadOnlyList<DcpVariable> EffectiveEnv { get; set; } = [];
}
