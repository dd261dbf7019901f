using OpenTelemetry;
using OpenTelemetry.Logs;

namespace McpPlatform.ServiceDefaults.Telemetry;

/// <summary>The same masking as on standard output for the logs that leave over OTLP.</summary>
internal sealed class RedactingLogProcessor : BaseProcessor<LogRecord>
{
    public override void OnEnd(LogRecord data)
    {
        data.Body = data.Body is null ? null : Redaction.Apply(data.Body);
        data.FormattedMessage = data.FormattedMessage is null ? null : Redaction.Apply(data.FormattedMessage);
        if (data.Attributes is { Count: > 0 } attributes)
        {
            data.Attributes = [.. attributes.Select(Masked)];
        }
    }

    private static KeyValuePair<string, object?> Masked(KeyValuePair<string, object?> field) => field.Value switch
    {
        null => field,
        _ when Redaction.IsSecretName(field.Key) => new(field.Key, Redaction.Mask),
        string text => new(field.Key, Redaction.Apply(text)),
        _ => field,
    };
}
