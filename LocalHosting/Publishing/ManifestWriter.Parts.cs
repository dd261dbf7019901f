namespace McpPlatform.LocalHosting.Publishing;

/// <summary>What several kinds of resources have: connection string, arguments, environment, bindings.</summary>
internal sealed partial class ManifestWriter
{
    private void WriteConnectionString(IResource resource)
    {
        if (resource is IResourceWithConnectionString { ConnectionStringExpression: var expression })
        {
            json.WriteString("connectionString", expression.ValueExpression);
            _references.Add(expression);
        }
    }

    private void WriteArguments(IResource resource)
    {
        var arguments = resource.Annotations.OfType<CommandLineArgsAnnotation>().SelectMany(annotation => annotation.Args);
        List<object> all = [.. resource is RedisResource redis ? RedisCommand(redis) : [], .. arguments];
        if (all.Count > 0)
        {
            json.WriteStartArray("args");
            foreach (var argument in all)
            {
                json.WriteStringValue(Expression(argument));
            }

            json.WriteEndArray();
        }
    }

    private void WriteEnvironment(IResource resource)
    {
        var variables = EnvironmentExtensions.EnvironmentOf(resource, builder.ExecutionContext);
        if (variables.Count > 0)
        {
            json.WriteStartObject("env");
            foreach (var (name, value) in variables)
            {
                json.WriteString(name, Expression(value));
            }

            json.WriteEndObject();
        }
    }

    private void WriteBindings(IResource resource)
    {
        var bindings = _ports.Resolve(resource);
        if (bindings.Count > 0)
        {
            json.WriteStartObject("bindings");
            foreach (var (endpoint, port, targetPort) in bindings)
            {
                json.WriteStartObject(endpoint.Name);
                json.WriteString("scheme", endpoint.UriScheme);
                json.WriteString("protocol", endpoint.Protocol.ToString().ToLowerInvariant());
                json.WriteString("transport", endpoint.Transport);
                WriteUnlessNull("port", port);
                WriteUnlessNull("targetPort", targetPort);
                if (endpoint.IsExternal)
                {
                    json.WriteBoolean("external", true);
                }

                json.WriteEndObject();
            }

            json.WriteEndObject();
        }
    }

    private void WriteUnlessNull(string name, int? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(name, number);
        }
    }

    private string Expression(object value)
    {
        _references.Add(value);
        return value is IManifestExpressionProvider provider ? provider.ValueExpression : (string)value;
    }

    private string Relative(string path) => Path.GetRelativePath(manifestDirectory, path).Replace('\\', '/');

    /// <summary>The password is left to the container's shell: the manifest names the variable, never the value.</summary>
    private static IEnumerable<object> RedisCommand(RedisResource redis)
    {
        var save = redis.Last<PersistenceAnnotation>() is { } persistence
            ? FormattableString.Invariant($" --save {persistence.Interval.TotalSeconds} {persistence.KeysChangedThreshold}")
            : "";
        return ["-c", $"redis-server --requirepass $REDIS_PASSWORD{save}"];
    }
}
