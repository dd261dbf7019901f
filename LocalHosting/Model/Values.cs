namespace McpPlatform.LocalHosting;

/// <summary>A value that may be known only once the application runs (a port, a password).</summary>
public interface IValueProvider
{
    /// <summary>Waits until the value is known, and returns it.</summary>
    ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default);
}

/// <summary>Something that the manifest refers to with a placeholder.</summary>
public interface IManifestExpressionProvider
{
    /// <summary>The placeholder, such as <c>{postgres.bindings.tcp.host}</c>.</summary>
    string ValueExpression { get; }
}

/// <summary>A mistake in the model, or a machine on which it cannot run. The message is one sentence for the person who started it.</summary>
public sealed class DistributedApplicationException : Exception
{
    /// <summary>Creates the exception.</summary>
    public DistributedApplicationException(string message) : base(message) { }

    /// <summary>Creates the exception with what caused it.</summary>
    public DistributedApplicationException(string message, Exception? inner) : base(message, inner) { }
}

/// <summary>Run the model or publish its manifest.</summary>
public enum DistributedApplicationOperation
{
    /// <summary>Start everything here.</summary>
    Run,

    /// <summary>Write what a deployment tool needs.</summary>
    Publish,
}

/// <summary>What the application was started for.</summary>
public sealed class DistributedApplicationExecutionContext(DistributedApplicationOperation operation)
{
    /// <summary>Run or publish.</summary>
    public DistributedApplicationOperation Operation { get; } = operation;

    /// <summary>Everything is started on this machine.</summary>
    public bool IsRunMode => Operation == DistributedApplicationOperation.Run;

    /// <summary>Only the manifest is written.</summary>
    public bool IsPublishMode => Operation == DistributedApplicationOperation.Publish;
}
