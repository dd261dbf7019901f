namespace McpPlatform.LocalHosting;

/// <summary>Adds parameters.</summary>
public static class ParameterExtensions
{
    /// <summary>A parameter that must be configured.</summary>
    public static IResourceBuilder<ParameterResource> AddParameter(this IDistributedApplicationBuilder builder, string name, bool secret = false) =>
        builder.AddResource(new ParameterResource(name, _ => Configured(builder, name) ?? throw Missing(name), secret));

    /// <summary>A parameter with a value, which the manifest may offer as default.</summary>
    public static IResourceBuilder<ParameterResource> AddParameter(
        this IDistributedApplicationBuilder builder, string name, string value, bool publishValueAsDefault = false, bool secret = false)
    {
        if (publishValueAsDefault && secret)
        {
            throw new DistributedApplicationException($"The parameter '{name}' cannot be secret and published in the manifest.");
        }

        return builder.AddResource(new ParameterResource(name, _ => value, secret)
        {
            Default = publishValueAsDefault ? new ConstantParameterDefault(value) : null,
        });
    }

    /// <summary>
    /// A parameter whose default is generated. With <paramref name="persist"/> it stays the same from one run to the next; without, each run
    /// generates its own.
    /// </summary>
    public static IResourceBuilder<ParameterResource> AddParameter(
        this IDistributedApplicationBuilder builder, string name, ParameterDefault value, bool secret = false, bool persist = false) =>
        builder.AddResource(CreateGenerated(builder, name, value, secret, persist));

    /// <summary>Says what the parameter is for.</summary>
    public static IResourceBuilder<ParameterResource> WithDescription(
        this IResourceBuilder<ParameterResource> builder, string description, bool enableMarkdown = false)
    {
        builder.Resource.Description = description;
        return builder;
    }

    /// <summary>The password of a server for which none is given: secret and kept.</summary>
    internal static ParameterResource CreateDefaultPassword(IDistributedApplicationBuilder builder, string name, bool special = true) =>
        CreateGenerated(builder, name, new GenerateParameterDefault { MinLength = 22, Special = special }, secret: true, persist: true);

    private static ParameterResource CreateGenerated(
        IDistributedApplicationBuilder builder, string name, ParameterDefault value, bool secret, bool persist) =>
        new(name, _ => Configured(builder, name) ?? ((DistributedApplicationBuilder)builder).Secrets.Value.GetOrAdd(name, value, persist), secret)
        {
            Default = value,
        };

    private static string? Configured(IDistributedApplicationBuilder builder, string name) =>
        builder.Configuration[$"Parameters:{name}"] is { Length: > 0 } value ? value : null;

    private static DistributedApplicationException Missing(string name) =>
        new($"The parameter '{name}' has no value: set the environment variable Parameters__{name.Replace('-', '_')} or Parameters:{name} in the configuration.");
}
