using System.Diagnostics;
using McpPlatform.Contracts.Messages;
using Npgsql;

namespace McpPlatform.ServiceDefaults.Messaging;

/// <summary>Publishes facts that are a change of their own, without a context of EF Core: what is written with every call must cost little.</summary>
public sealed class OutboxWriter
{
    private readonly NpgsqlDataSource source;
    private readonly OutboxSignal signal;
    private readonly string insert;

    internal OutboxWriter(NpgsqlDataSource source, OutboxSignal signal, OutboxTable table)
    {
        (this.source, this.signal) = (source, signal);
        insert = $"INSERT INTO {table.Name} (id, type, body, trace_parent, created_at) SELECT * FROM unnest($1::uuid[], $2::text[], $3::jsonb[], $4::text[], $5::timestamptz[])";
    }

    /// <summary>Writes facts, all or none, in this order.</summary>
    /// <param name="facts">What happened, each with what caused it.</param>
    /// <param name="cancellationToken">Breaks it off.</param>
    /// <returns>When they are committed: from then on they are published, whatever happens.</returns>
    /// <exception cref="NpgsqlException">They were not written.</exception>
    public async Task AddAsync(IEnumerable<(IFact Fact, Activity? Cause)> facts, CancellationToken cancellationToken)
    {
        var rows = facts.Select(one => OutboxMessage.Of(one.Fact, one.Cause)).ToArray();
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var command = new NpgsqlCommand(insert, connection);
        Add(rows, row => row.Id);
        Add(rows, row => row.Type);
        Add(rows, row => row.Body);
        Add(rows, row => row.TraceParent);
        Add(rows, row => row.CreatedAt.UtcDateTime);

        // Once for each connection of the pool.
        await command.PrepareAsync(cancellationToken);
        await command.ExecuteNonQueryAsync(cancellationToken);
        signal.Set();

        void Add<T>(OutboxMessage[] from, Func<OutboxMessage, T> column) => command.Parameters.Add(new NpgsqlParameter<T[]> { TypedValue = Array.ConvertAll(from, row => column(row)) });
    }
}

/// <summary>Where a service's outbox is.</summary>
/// <param name="name">Schema and table; read when it is first needed.</param>
internal sealed class OutboxTable(Lazy<string> name)
{
    public string Name => name.Value;
}
