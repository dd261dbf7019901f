using System.Collections.Immutable;

namespace McpPlatform.LocalHosting.Dcp;

/// <summary>Makes snapshots of the model, and of what DCP says about its processes.</summary>
internal static class InstanceSnapshots
{
    private static readonly string[] SecretParts = ["PASSWORD", "SECRET", "TOKEN", "API_KEY", "APIKEY", "ENCRYPTION_KEY", "DATABASE_URL"];

    public static ResourceSnapshot Of(IResource resource, string name, DateTimeOffset now) => new()
    {
        Name = name,
        ResourceName = resource.Name,
        ResourceType = resource switch
        {
            ProjectResource => "Project",
            ParameterResource => "Parameter",
            PostgresDatabaseResource => "PostgresDatabase",
            PostgresServerResource => "PostgresServer",
            RedisResource => "Redis",
            RabbitMQServerResource => "RabbitMQServer",
            _ => "Executable",
        },
        CreatedAt = now,
        HasProcess = resource is ProjectResource or ExecutableResource or ContainerResource,
        Relationships = [.. Relationships(resource).Distinct()],
        Properties = resource switch
        {
            ProjectResource when resource.Last<ProjectAnnotation>() is { } project => [new ResourceDetail("project.path", [project.ProjectPath])],
            IResourceWithParent child => [new ResourceDetail("resource.parentName", [child.Parent.Name])],
            _ => [],
        },
        HealthReports = resource switch
        {
            ContainerResource or PostgresDatabaseResource => [new ResourceHealth($"{resource.Name}_check", null, "Not checked yet", null)],
            _ => [.. resource.Annotations.OfType<HttpHealthCheckAnnotation>().Select(check => new ResourceHealth(KeyOf(resource, check), null, "Not checked yet", null))],
        },
    };

    public static string KeyOf(IResource resource, HttpHealthCheckAnnotation check) => $"{resource.Name}_{check.EndpointName}_{check.Path}_{check.StatusCode}_check";

    public static ResourceSnapshot With(ResourceSnapshot snapshot, Instance instance, ExecutableStatus status)
    {
        var state = status.State switch
        {
            "Starting" or "Running" or "Stopping" or "Finished" or "FailedToStart" => status.State,
            "Terminated" => KnownResourceStates.Exited,
            _ => snapshot.State,
        };
        var ended = KnownResourceStates.IsTerminal(state);
        var failed = state == KnownResourceStates.FailedToStart || (ended && status.ExitCode is not (null or 0) && !instance.StopRequested);
        return snapshot with
        {
            State = instance.StopRequested && ended ? KnownResourceStates.Exited : state,
            StateStyle = failed ? "error" : state == KnownResourceStates.Running ? "success" : "info",
            StartedAt = status.StartupTimestamp ?? snapshot.StartedAt,
            StoppedAt = ended ? status.FinishTimestamp : null,
            ExitCode = ended && !instance.StopRequested ? status.ExitCode : null,
            Environment = Environment(snapshot, instance, status),
            Properties = Properties(snapshot, instance, status, ended),
            HealthReports = ended ? [.. snapshot.HealthReports.Select(report => report with { Healthy = null, Description = "Not running" })] : snapshot.HealthReports,
        };
    }

    private static ImmutableArray<ResourceVariable> Environment(ResourceSnapshot snapshot, Instance instance, ExecutableStatus status)
    {
        if (status.EffectiveEnv is not { Count: > 0 } variables)
        {
            return snapshot.Environment;
        }

        var ours = instance.Spec!.Env.Select(variable => variable.Name).ToHashSet(StringComparer.Ordinal);
        return [.. variables.Select(variable => new ResourceVariable(
            variable.Name, variable.Value, ours.Contains(variable.Name), instance.Secrets.Contains(variable.Name) || LooksSecret(variable.Name)))];
    }

    private static ImmutableArray<ResourceDetail> Properties(ResourceSnapshot snapshot, Instance instance, ExecutableStatus status, bool ended)
    {
        var spec = instance.Spec!;
        var properties = snapshot.Properties.ToDictionary(property => property.Name, StringComparer.Ordinal);
        void Set(string name, params string[] value) => properties[name] = new ResourceDetail(name, [.. value]);

        Set("executable.path", spec.ExecutablePath);
        Set("executable.workDir", spec.WorkingDirectory);
        Set("executable.args", [.. status.EffectiveArgs ?? spec.Args]);
        if (status.Pid is { } pid && !ended)
        {
            Set("executable.pid", $"{pid}");
        }
        else
        {
            properties.Remove("executable.pid");
        }

        if (ended && status.ExitCode is { } code)
        {
            Set("resource.exitCode", $"{code}");
        }
        else
        {
            properties.Remove("resource.exitCode");
        }

        var next = properties.Values.ToImmutableArray();
        return next.Length == snapshot.Properties.Length && next.Zip(snapshot.Properties).All(pair =>
            pair.First.Name == pair.Second.Name && pair.First.Value.SequenceEqual(pair.Second.Value)) ? snapshot.Properties : next;
    }

    // What is inherited from the AppHost's own environment has no annotation that says so.
    private static bool LooksSecret(string name) =>
        SecretParts.Any(part => name.Contains(part, StringComparison.OrdinalIgnoreCase));

    private static IEnumerable<ResourceRelationship> Relationships(IResource resource)
    {
        foreach (var annotation in resource.Annotations)
        {
            if (annotation is ReferenceAnnotation reference)
            {
                yield return new ResourceRelationship(reference.Resource.Name, "Reference");
            }
            else if (annotation is WaitAnnotation wait)
            {
                yield return new ResourceRelationship(wait.Resource.Name, "WaitFor");
            }
        }

        if (resource is IResourceWithParent child)
        {
            yield return new ResourceRelationship(child.Parent.Name, "Parent");
        }
    }
}
