using System.Text.Json;
using McpPlatform.AnalyticsService.Data;
using McpPlatform.AnalyticsService.Privacy;
using McpPlatform.AnalyticsService.Rollups;
using Npgsql;
using NpgsqlTypes;

namespace McpPlatform.AnalyticsService.Events;

/// <summary>A table that events are stored in, partitioned by day.</summary>
internal abstract class EventTable(string name, Func<RetentionOptions, int> retentionDays)
{
    public string Name { get; } = name;

    public string QualifiedName { get; } = $"{AnalyticsDbContext.Schema}.{name}";

    /// <summary>How many whole days are kept beside today.</summary>
    public int RetentionDays(RetentionOptions options) => retentionDays(options);

    /// <summary>From when on there are rows, and figures of them.</summary>
    public KeptFrom KeptFrom(RetentionOptions options, DateTimeOffset now)
    {
        var today = Grain.Day.Floor(now);
        return new(
            today.AddDays(-RetentionDays(options)), today.AddDays(-options.MinuteRollupDays), today.AddDays(-options.HourRollupDays), today.AddDays(-options.DayRollupDays));
    }
}

/// <summary>Which property of an event goes into which column.</summary>
/// <param name="name">The column.</param>
/// <param name="type">Its type on the wire.</param>
internal abstract class EventColumn<TEvent>(string name, NpgsqlDbType type)
{
    public string Name => name;

    public NpgsqlDbType Type => type;

    /// <summary>The column's values of a batch.</summary>
    public abstract NpgsqlParameter ArrayOf(IReadOnlyList<TEvent> batch);

    /// <summary>Writes the column of the row that was begun.</summary>
    public abstract Task CopyAsync(NpgsqlBinaryImporter copy, TEvent single, CancellationToken cancellationToken);
}

/// <param name="value">The value, made fit to be stored; null for NULL.</param>
internal sealed class EventColumn<TEvent, TValue>(string name, NpgsqlDbType type, Func<TEvent, TValue> value) : EventColumn<TEvent>(name, type)
{
    public override NpgsqlParameter ArrayOf(IReadOnlyList<TEvent> batch)
    {
        var values = new TValue[batch.Count];
        for (var index = 0; index < values.Length; index++)
        {
            values[index] = value(batch[index]);
        }

        return new NpgsqlParameter<TValue[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | Type };
    }

    public override Task CopyAsync(NpgsqlBinaryImporter copy, TEvent single, CancellationToken cancellationToken) =>
        value(single) is { } found ? copy.WriteAsync(found, Type, cancellationToken) : copy.WriteNullAsync(cancellationToken);
}

/// <summary>
/// Says how an event becomes a row. Values that PostgreSQL would refuse are made acceptable on the way (<see cref="Storable"/>): one broken event
/// must not cost the others that travel with it.
/// </summary>
internal sealed class EventTable<TEvent> : EventTable
{
    private readonly List<EventColumn<TEvent>> columns = [];
    private readonly Func<TEvent, Guid> eventId;
    private readonly Func<TEvent, DateTimeOffset> occurredAt;
    private string? insert, copy;
    private Func<TEvent, PersonalData, TEvent>? protect;

    public EventTable(string name, Func<RetentionOptions, int> retentionDays, Func<TEvent, Guid> eventId, Func<TEvent, DateTimeOffset> occurredAt)
        : base(name, retentionDays)
    {
        (this.eventId, this.occurredAt) = (eventId, occurredAt);
        Add("event_id", NpgsqlDbType.Uuid, x => eventId(x));
        Add("occurred_at", NpgsqlDbType.TimestampTz, x => OccurredAt(x));
    }

    public IReadOnlyList<EventColumn<TEvent>> Columns => columns;

    /// <summary>Whether its rows get a place in the audit chain.</summary>
    public bool IsChained { get; private set; }

    /// <summary>Adds the rows of the columns' arrays, its parameters, unless they are there.</summary>
    public string Insert => insert ??= $"INSERT INTO {QualifiedName} ({Names}) SELECT * FROM unnest({string.Join(", ", columns.Select((_, index) => $"${index + 1}"))}) ON CONFLICT DO NOTHING";

    /// <summary>Adds rows, and fails where one is there.</summary>
    public string Copy => copy ??= $"COPY {QualifiedName} ({Names}) FROM STDIN (FORMAT BINARY)";

    private string Names => string.Join(", ", columns.Select(column => column.Name));

    public Guid IdOf(TEvent telemetryEvent) => eventId(telemetryEvent);

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

    /// <summary>The event as it is stored, with as much about people as the operator wants.</summary>
    public TEvent Protect(TEvent single, PersonalData personal) => protect is null || personal.IsFull ? single : protect(single, personal);

    /// <summary>Events of this table tell about people.</summary>
    public EventTable<TEvent> Protected(Func<TEvent, PersonalData, TEvent> how)
    {
        protect = how;
        return this;
    }

    /// <summary>Its rows are the audit trail.</summary>
    public EventTable<TEvent> Chained()
    {
        IsChained = true;
        return this;
    }

    private EventTable<TEvent> Add<TValue>(string column, NpgsqlDbType type, Func<TEvent, TValue> value)
    {
        columns.Add(new EventColumn<TEvent, TValue>(column, type, value));
        return this;
    }
}
