using System.Text.Json;

namespace McpPlatform.LocalHosting.Publishing;

/// <summary>Writes the manifest that Aspire 13.5 writes for the same model. Nothing is started and no value of a parameter is read.</summary>
internal static class ManifestPublisher
{
    public static async Task WriteAsync(DistributedApplicationBuilder builder, CancellationToken cancellationToken)
    {
        var path = PathOf(builder.ManifestPath);
        using var manifest = new MemoryStream();
        await using (var json = new Utf8JsonWriter(manifest, new JsonWriterOptions { Indented = true }))
        {
            new ManifestWriter(json, builder, Path.GetDirectoryName(path)!).Write();
        }

        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await File.WriteAllBytesAsync(path, manifest.ToArray(), cancellationToken);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DistributedApplicationException(
                $"The manifest cannot be written to {path} ({error.Message.TrimEnd('.')}): choose another --output-path.", error);
        }

        if (builder.Options.Console)
        {
            Report.Line($"Published manifest to: {path}");
        }
    }

    /// <summary>A path that does not end in <c>.json</c> is a folder, as in Aspire.</summary>
    private static string PathOf(string? outputPath)
    {
        if (string.IsNullOrWhiteSpace(outputPath))
        {
            throw new DistributedApplicationException("The manifest needs a place: add --output-path and a file or a folder.");
        }

        var path = Path.GetFullPath(outputPath);
        return path.EndsWith(".json", StringComparison.OrdinalIgnoreCase) ? path : Path.Combine(path, "aspire-manifest.json");
    }
}
