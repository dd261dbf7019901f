namespace McpPlatform.LocalHosting.Publishing;

/// <summary>Decides the ports of the bindings as Aspire does: what can be left to the deployment tool is left out.</summary>
internal sealed class PortAllocator
{
    private readonly HashSet<int> _used = [];
    private int _next = 8000;

    public IReadOnlyList<Binding> Resolve(IResource resource)
    {
        var defaulted = new HashSet<string>(StringComparer.Ordinal);
        var bindings = new List<Binding>();
        foreach (var endpoint in resource.Endpoints())
        {
            // The first http and https endpoint of a project gets its target port from the deployment tool.
            var isDefault = resource is ProjectResource && endpoint.UriScheme is "http" or "https" && defaulted.Add(endpoint.UriScheme);
            var targetPort = (endpoint.TargetPort, resource, endpoint.Port, isDefault) switch
            {
                ({ } target, _, _, _) => target,
                (_, ContainerResource, { } port, _) => port,
                (_, _, _, true) => (int?)null,
                _ => Allocate(),
            };
            int? exposed = (endpoint.UriScheme, endpoint.Port, targetPort) switch
            {
                (_, { } port, { }) => port,
                (_, null, { } target) => target,
                ("http" or "https", null, null) => null,
                _ => Allocate(),
            };
            Use(exposed);
            Use(targetPort);
            bindings.Add(new Binding(endpoint, exposed == targetPort ? null : exposed, targetPort));
        }

        return bindings;
    }

    private int Allocate()
    {
        while (_used.Contains(_next))
        {
            _next++;
        }

        return _next;
    }

    private void Use(int? port)
    {
        if (port is { } used)
        {
            _used.Add(used);
        }
    }
}

/// <summary>An endpoint in the manifest; a port that equals the target port is not written.</summary>
internal sealed record Binding(EndpointAnnotation Endpoint, int? Port, int? TargetPort);
