using System.Diagnostics;
using McpPlatform.Contracts.Messages;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace McpPlatform.ServiceDefaults.Messaging;

/// <summary>Publishing in the transaction of a change, and applying a fact once.</summary>
public static class OutboxExtensions
{
    /// <summary>Publishes a fact if, and only if, the changes of this context are committed: call <c>SaveChanges</c> after it.</summary>
    /// <param name="db">The context that also holds the change.</param>
    /// <param name="fact">What happened.</param>
    public static void AddToOutbox(this DbContext db, IFact fact) => db.Add(OutboxMessage.Of(fact, Activity.Current));

    /// <summary>Applies a fact in one transaction with the note that it was applied; a repetition does nothing.</summary>
    /// <param name="db">The consumer's context.</param>
    /// <param name="fact">The fact.</param>
    /// <param name="consumer">The consumer's name: each applies a fact once for itself.</param>
    /// <param name="apply">Changes the context; saved by this method.</param>
    /// <param name="cancellationToken">Stops before the commit.</param>
    /// <returns>False when it had been applied before.</returns>
    public static async Task<bool> ApplyOnceAsync(
        this DbContext db, IFact fact, string consumer, Func<CancellationToken, Task> apply, CancellationToken cancellationToken)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        db.Add(new InboxMessage { MessageId = fact.EventId, Consumer = consumer, ConsumedAt = fact.OccurredAt });
        try
        {
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateException exception) when (exception.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            return false;
        }

        await apply(cancellationToken);
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }
}
