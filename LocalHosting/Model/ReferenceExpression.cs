using System.Runtime.CompilerServices;
using System.Text;

namespace McpPlatform.LocalHosting;

/// <summary>Text with values in it that are known later: resolved when run, placeholders in the manifest.</summary>
public sealed class ReferenceExpression : IValueProvider, IManifestExpressionProvider
{
    private ReferenceExpression(IReadOnlyList<ReferencePart> parts) => Parts = parts;

    /// <summary>Nothing.</summary>
    public static readonly ReferenceExpression Empty = new([]);

    internal IReadOnlyList<ReferencePart> Parts { get; }

    /// <inheritdoc />
    public string ValueExpression => string.Concat(Parts.Select(part => part.ValueExpression));

    /// <summary>Creates an expression from an interpolated string.</summary>
    public static ReferenceExpression Create(in ExpressionInterpolatedStringHandler handler) => new(handler.Parts);

    internal static ReferenceExpression Join(string separator, IEnumerable<IManifestExpressionProvider> values)
    {
        var parts = new List<ReferencePart>();
        foreach (var value in values)
        {
            if (parts.Count > 0)
            {
                parts.Add(new ReferencePart(separator, null, null));
            }

            parts.Add(new ReferencePart(null, value, null));
        }

        return new ReferenceExpression(parts);
    }

    /// <inheritdoc />
    public async ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default)
    {
        var text = new StringBuilder();
        foreach (var part in Parts)
        {
            var value = part.Provider is IValueProvider provider ? await provider.GetValueAsync(cancellationToken) : part.Literal;
            text.Append(part.Format == "uri" ? Uri.EscapeDataString(value ?? "") : value);
        }

        return text.ToString();
    }

    /// <summary>Collects the pieces of <c>$"…"</c>.</summary>
    [InterpolatedStringHandler]
    public readonly struct ExpressionInterpolatedStringHandler(int literalLength, int formattedCount)
    {
        internal List<ReferencePart> Parts { get; } = new(literalLength > 0 ? formattedCount * 2 : formattedCount);

        /// <summary>Adds text.</summary>
        public void AppendLiteral(string value) => Parts.Add(new ReferencePart(value, null, null));

        /// <summary>Adds text that is known now.</summary>
        public void AppendFormatted(string? value, string? format = null) =>
            Parts.Add(new ReferencePart(format == "uri" ? Uri.EscapeDataString(value ?? "") : value, null, null));

        /// <summary>Adds a value that is known later.</summary>
        public void AppendFormatted<T>(T valueProvider, string? format = null)
            where T : IValueProvider, IManifestExpressionProvider => Parts.Add(new ReferencePart(null, valueProvider, format));

        /// <summary>Adds the value of a resource.</summary>
        public void AppendFormatted<T>(IResourceBuilder<T> builder, string? format = null)
            where T : IResource, IValueProvider, IManifestExpressionProvider => Parts.Add(new ReferencePart(null, builder.Resource, format));
    }
}

/// <summary>A literal, or a value provider with an optional format (<c>uri</c> escapes it for an URI).</summary>
internal sealed record ReferencePart(string? Literal, IManifestExpressionProvider? Provider, string? Format)
{
    /// <summary>A parameter formatted as URI is a resource of its own in the manifest: <c>{name-uri-encoded.value}</c>.</summary>
    public string? ValueExpression => (Provider, Format) switch
    {
        (null, _) => Literal,
        (ParameterResource parameter, "uri") => $"{{{parameter.Name}-uri-encoded.value}}",
        _ => Provider.ValueExpression,
    };
}
