namespace McpPlatform.LocalHosting.Publishing;

/// <summary>What the written values refer to and what the manifest must therefore contain too.</summary>
internal sealed class ManifestReferences
{
    private readonly Dictionary<string, IResource> _resources = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<ParameterResource> _encoded = [];
    private readonly List<string> _conditions = [];

    public IReadOnlyList<string> Conditions => _conditions;

    public void Add(object? value)
    {
        switch (value)
        {
            case IResource resource:
                _resources.TryAdd(resource.Name, resource);
                break;
            case EndpointReference endpoint:
                Add(endpoint.Resource);
                break;
            case EndpointReferenceExpression part:
                Add(part.Endpoint);
                break;
            case TlsSuffix condition:
                Add(condition.Endpoint);
                break;
            case ReferenceExpression expression:
                AddParts(expression.Parts);
                break;
        }
    }

    /// <summary>The resources that were referred to but are not part of the model.</summary>
    public IReadOnlyList<IResource> Outside(IEnumerable<IResource> model)
    {
        var inside = model.Select(resource => resource.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return [.. _resources.Values.Where(resource => !inside.Contains(resource.Name))];
    }

    /// <summary>Whether the parameter was used in its encoded form and that form has not been taken before.</summary>
    public bool TakeEncoded(ParameterResource parameter) => _encoded.Remove(parameter);

    public IReadOnlyList<ParameterResource> TakeRemainingEncoded()
    {
        List<ParameterResource> remaining = [.. _encoded];
        _encoded.Clear();
        return remaining;
    }

    private void AddParts(IReadOnlyList<ReferencePart> parts)
    {
        foreach (var part in parts)
        {
            if (part is { Format: "uri", Provider: ParameterResource parameter })
            {
                _encoded.Add(parameter);
            }

            if (part.Provider is TlsSuffix condition && !_conditions.Contains(condition.ManifestName, StringComparer.Ordinal))
            {
                _conditions.Add(condition.ManifestName);
            }

            Add(part.Provider);
        }
    }
}
