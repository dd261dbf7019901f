namespace McpPlatform.LocalHosting.Publishing;

/// <summary>Writes the manifest that Aspire 13.5 writes for the same model.</summary>
internal static class ManifestPublisher
{
    public static Task WriteAsync(DistributedApplicationBuilder builder, CancellationToken cancellationToken) =>
        throw new DistributedApplicationException($"The manifest of {builder.ApplicationName} cannot be written yet.");
}
