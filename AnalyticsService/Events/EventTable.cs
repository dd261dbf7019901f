using System.Text.Json;
using McpPlatform.AnalyticsService.Data;
using NpgsqlTypes;

namespace McpPlatform.AnalyticsService.Events;

/// <summary>A table that events are stored in, partitioned by day.</summary>
internal abstract class EventTable(string name, Func<RetentionOptions, int> retentionDays)
{
    public string Name { get; } = name;

    public string QualifiedName { get; } = $"{AnalyticsDbContext.Schema}.{name}";

    /// <summary>How many whole days are kept beside today.</summary>
    public int RetentionDays(RetentionOptions options) => retentionDays(options);
}

/// <summary>Which property of an event goes into which column.</summary>
/// <param name="Name">The column.</param>
/// <param name="Type">Its type on the wire.</param>
/// <param name="Value">Its value, made fit to be stored; null for NULL.</param>
internal sealed record EventColumn<TEvent>(string Name, NpgsqlDbType Type, Func<TEvent, object?> Value);

/// <summary>
/// Says how an event becomes a row. Values that PostgreSQL would refuse are made acceptable on the way (<see cref="Storable"/>): one broken event
/// must not cost the others that travel with it.
/// </summary>
internal sealed class EventTable<TEvent> : EventTable
{
    private readonly List<EventColumn<TEvent>> columns = [];
    private readonly Func<TEvent, DateTimeOffset> occurredAt;

    public EventTable(string name, Func<RetentionOptions, int> retentionDays, Func<TEvent, Guid> eventId, Func<TEvent, DateTimeOffset> occurredAt)
        : base(name, retentionDays)
    {
        this.occurredAt = occurredAt;
        Add("event_id", NpgsqlDbType.Uuid, x => eventId(x));
        Add("occurred_at", NpgsqlDbType.TimestampTz, x => OccurredAt(x));
    }

    public IReadOnlyList<EventColumn<TEvent>> Columns => columns;

    public DateTimeOffset OccurredAt(TEvent telemetryEvent) => occurredAt(telemetryEvent).ToUniversalTime();

    public DateOnly DayOf(TEvent telemetryEvent) => DateOnly.FromDateTime(OccurredAt(telemetryEvent).UtcDateTime);

    /// <summary>A text that is never NULL.</summary>
    public EventTable<TEvent> Text(string column, int maxLength, Func<TEvent, string?> value) =>
        Add(column, NpgsqlDbType.Varchar, x => Storable.Text(value(x), maxLength) ?? string.Empty);

    public EventTable<TEvent> OptionalText(string column, int maxLength, Func<TEvent, string?> value) =>
        Add(column, NpgsqlDbType.Varchar, x => Storable.Text(value(x), maxLength));

    public EventTable<TEvent> Integer(string column, Func<TEvent, int?> value) => Add(column, NpgsqlDbType.Integer, x => value(x));

    public EventTable<TEvent> Long(string column, Func<TEvent, long?> value) => Add(column, NpgsqlDbType.Bigint, x => value(x));

    public EventTable<TEvent> Number(string column, Func<TEvent, double?> value) => Add(column, NpgsqlDbType.Double, x => Storable.Number(value(x)));

    public EventTable<TEvent> Uuid(string column, Func<TEvent, Guid?> value) => Add(column, NpgsqlDbType.Uuid, x => value(x));

    public EventTable<TEvent> Json(string column, Func<TEvent, JsonElement?> value) => Add(column, NpgsqlDbType.Jsonb, x => Storable.Json(value(x)));

    private EventTable<TEvent> Add(string column, NpgsqlDbType type, Func<TEvent, object?> value)
    {
        columns.Add(new(column, type, value));
        return this;
    }
}
