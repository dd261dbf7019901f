using System.Text.Json;

namespace McpPlatform.LocalHosting.Publishing;

/// <summary>
/// The resources in Aspire's order: those of the model, then what they refer to (generated passwords), then encoded parameters, then
/// conditional values.
/// </summary>
internal sealed partial class ManifestWriter(Utf8JsonWriter json, DistributedApplicationBuilder builder, string manifestDirectory)
{
    private readonly ManifestReferences _references = new();
    private readonly PortAllocator _ports = new();

    public void Write()
    {
        json.WriteStartObject();
        json.WriteStartObject("resources");
        foreach (var resource in builder.Resources)
        {
            WriteResource(resource);
        }

        foreach (var resource in _references.Outside(builder.Resources))
        {
            WriteResource(resource);
        }

        foreach (var parameter in _references.TakeRemainingEncoded())
        {
            WriteEncoded(parameter);
        }

        foreach (var name in _references.Conditions)
        {
            // The manifest describes servers without TLS, so the condition is false and its value is empty.
            json.WriteStartObject(name);
            json.WriteString("type", "value.v0");
            json.WriteString("connectionString", "");
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private void WriteResource(IResource resource)
    {
        json.WriteStartObject(resource.Name);
        switch (resource)
        {
            case ContainerResource container:
                WriteContainer(container);
                break;
            case ProjectResource project:
                json.WriteString("type", "project.v0");
                json.WriteString("path", Relative(project.Last<ProjectAnnotation>()!.ProjectPath));
                WriteProcess(project);
                break;
            case ExecutableResource executable:
                json.WriteString("type", "executable.v0");
                json.WriteString("workingDirectory", Relative(executable.WorkingDirectory));
                json.WriteString("command", executable.Command);
                WriteProcess(executable);
                break;
            case ParameterResource parameter:
                WriteParameter(parameter);
                break;
            case IResourceWithConnectionString:
                json.WriteString("type", "value.v0");
                WriteConnectionString(resource);
                break;
            default:
                throw new DistributedApplicationException($"The manifest has no form for '{resource.Name}' ({resource.GetType().Name}).");
        }

        json.WriteEndObject();
        if (resource is ParameterResource encoded && _references.TakeEncoded(encoded))
        {
            WriteEncoded(encoded);
        }
    }

    private void WriteContainer(ContainerResource container)
    {
        json.WriteString("type", "container.v0");
        WriteConnectionString(container);
        var image = container.Last<ContainerImageAnnotation>()!;
        json.WriteString("image", $"{image.Registry}/{image.Image}:{image.Tag}");
        if (container.Entrypoint is { } entrypoint)
        {
            json.WriteString("entrypoint", entrypoint);
        }

        WriteArguments(container);
        var mounts = container.Annotations.OfType<ContainerMountAnnotation>().ToList();
        if (mounts.Count > 0)
        {
            json.WriteStartArray("volumes");
            foreach (var mount in mounts)
            {
                json.WriteStartObject();
                json.WriteString("name", mount.Name ?? VolumeName.Default(builder.ApplicationName, container.Name));
                json.WriteString("target", mount.Target);
                json.WriteBoolean("readOnly", mount.IsReadOnly);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        WriteEnvironment(container);
        WriteBindings(container);
    }

    private void WriteProcess(IResource resource)
    {
        WriteArguments(resource);
        WriteEnvironment(resource);
        WriteBindings(resource);
    }
}
