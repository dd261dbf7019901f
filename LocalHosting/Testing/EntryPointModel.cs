using System.Reflection;

namespace McpPlatform.LocalHosting.Testing;

/// <summary>Runs an AppHost's Program up to the end of its model, with other options than its own.</summary>
internal sealed class EntryPointModel(LocalOptions options, Assembly appHost)
{
    private static readonly AsyncLocal<EntryPointModel?> Running = new();
    private DistributedApplicationBuilder? _builder;

    public static EntryPointModel? Current => Running.Value;

    public bool IsComplete { get; private set; }

    public IDistributedApplicationBuilder CreateBuilder(string[] args) => _builder = new DistributedApplicationBuilder(args, options, appHost);

    /// <summary>Called by Build in the entry point: the model is complete, and the entry point has nothing left to do.</summary>
    public void Complete()
    {
        IsComplete = true;
        throw new OperationCanceledException("The model is complete.");
    }

    public DistributedApplicationBuilder Read(string[] args)
    {
        var entryPoint = appHost.EntryPoint
            ?? throw new DistributedApplicationException($"{appHost.GetName().Name} has no entry point, so it is no AppHost.");
        Running.Value = this;
        try
        {
            entryPoint.Invoke(null, entryPoint.GetParameters().Length == 0 ? null : [args]);
        }
        catch (TargetInvocationException) when (IsComplete)
        {
            return _builder!;
        }
        catch (TargetInvocationException error) when (error.InnerException is DistributedApplicationException inner)
        {
            throw new DistributedApplicationException(inner.Message, inner);
        }
        finally
        {
            Running.Value = null;
        }

        throw new DistributedApplicationException($"The Program of {appHost.GetName().Name} ended without building an application.");
    }
}
