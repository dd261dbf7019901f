using System.Buffers.Text;
using System.Text;

namespace McpPlatform.ServiceDefaults.Http;

/// <summary>A part of a list.</summary>
/// <typeparam name="T">What is listed.</typeparam>
/// <param name="Items">At most as many as were asked for.</param>
/// <param name="NextCursor">What to ask for next; null at the end.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? NextCursor);

/// <summary>The position in a list, opaque to the caller.</summary>
public static class Cursor
{
    /// <summary>The most that a list returns at once, and what it returns when nothing is asked for.</summary>
    public const int MaxLimit = 500, DefaultLimit = 50;

    /// <summary>Cuts a list that was read with one item more than asked for, which tells whether there is more.</summary>
    /// <typeparam name="T">What is listed.</typeparam>
    /// <param name="items">At most <paramref name="limit"/> + 1 items, in the list's order.</param>
    /// <param name="limit">How many were asked for.</param>
    /// <param name="key">The position of an item in the list's order, as text.</param>
    /// <returns>The page, with a cursor that stands after its last item.</returns>
    public static Page<T> ToPage<T>(IReadOnlyList<T> items, int limit, Func<T, string> key) =>
        items.Count <= limit ? new(items, null) : new([.. items.Take(limit)], Encode(key(items[limit - 1])));

    /// <summary>Makes a position opaque.</summary>
    /// <param name="position">The key of the last item of a page.</param>
    /// <returns>Base64url text.</returns>
    public static string Encode(string position) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(position));

    /// <summary>Reads a position back.</summary>
    /// <param name="cursor">What the caller sent; null for the beginning.</param>
    /// <param name="position">The key after which the page begins; null for the beginning.</param>
    /// <returns>False when the text is none of ours.</returns>
    public static bool TryDecode(string? cursor, out string? position)
    {
        position = null;
        if (string.IsNullOrEmpty(cursor))
        {
            return true;
        }

        if (cursor.Length > 2048 || !Base64Url.IsValid(cursor))
        {
            return false;
        }

        // What we never wrote could not even be asked of the database.
        var text = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(cursor));
        position = text.Any(char.IsControl) ? null : text;
        return position is not null;
    }
}
