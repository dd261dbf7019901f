using McpPlatform.ServiceDefaults.Http;

namespace McpPlatform.McpService.Access;

/// <summary>A page of what the caller may use. What is hidden takes no place in it, and no cursor stands on it: a cursor can be read.</summary>
internal static class VisiblePage
{
    private const int MinBatch = 200;

    /// <summary>Reads on, batch by batch, until the page is full or the list has ended.</summary>
    /// <param name="limit">How many items were asked for.</param>
    /// <param name="after">The position after which to begin; null for the beginning.</param>
    /// <param name="read">Reads at most so many items after a position, in the list's order.</param>
    /// <param name="key">The position of an item.</param>
    /// <param name="isVisible">Whether the caller may use it.</param>
    public static async Task<Page<T>> ReadAsync<T>(
        int limit, string? after, Func<string?, int, Task<List<T>>> read, Func<T, string> key, Func<T, bool> isVisible)
    {
        List<T> visible = [];
        var size = Math.Max(limit + 1, MinBatch);
        List<T> batch;
        do
        {
            batch = await read(after, size);
            visible.AddRange(batch.Where(isVisible).Take(limit + 1 - visible.Count));
            after = batch.Count > 0 ? key(batch[^1]) : after;
        }
        while (visible.Count <= limit && batch.Count == size);

        return Cursor.ToPage(visible, limit, key);
    }
}
