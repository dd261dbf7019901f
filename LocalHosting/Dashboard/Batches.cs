using System.Runtime.CompilerServices;

namespace McpPlatform.LocalHosting.Dashboard;

/// <summary>Puts what is there already into one message: a page draws thousands of lines at once, but not one after the other.</summary>
internal static class Batches
{
    public const int Limit = 1000;

    public static async IAsyncEnumerable<List<T>> InBatches<T>(
        this IAsyncEnumerable<T> source, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var items = source.GetAsyncEnumerator(stop.Token);
        var next = items.MoveNextAsync().AsTask();
        try
        {
            var batch = new List<T>();
            while (true)
            {
                if (batch.Count == Limit || (batch.Count > 0 && !next.IsCompletedSuccessfully))
                {
                    yield return batch;
                    batch = [];
                }

                if (!await next)
                {
                    break;
                }

                batch.Add(items.Current);
                next = items.MoveNextAsync().AsTask();
            }

            if (batch.Count > 0)
            {
                yield return batch;
            }
        }
        finally
        {
            // An enumerator must not be disposed of while it moves.
            await stop.CancelAsync();
            await next.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            await items.DisposeAsync();
        }
    }
}
