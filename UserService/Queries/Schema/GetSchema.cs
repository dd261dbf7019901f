using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text.Json;
using McpPlatform.Contracts.Identity;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Authorization;
using McpPlatform.ServiceDefaults.Http;
using McpPlatform.ServiceDefaults.Problems;
using McpPlatform.ServiceDefaults.Secrets;
using McpPlatform.UserService.Connections;
using McpPlatform.UserService.Data;
using Microsoft.Extensions.Options;

namespace McpPlatform.UserService.Queries.Schema;

/// <summary>What there is in a database.</summary>
/// <param name="Schemas">By name; a schema goes on on the next page when its tables do.</param>
/// <param name="NextCursor">For the next page; null on the last.</param>
internal sealed record SchemaResponse(IReadOnlyList<SchemaDescription> Schemas, string? NextCursor);

/// <summary>A schema; in MySQL a database.</summary>
/// <param name="Name">As the database writes it.</param>
/// <param name="Tables">By name.</param>
internal sealed record SchemaDescription(string Name, IReadOnlyList<TableDescription> Tables);

internal static class GetSchema
{
    private const int DefaultLimit = 100, MaxName = 128;

    /// <summary>The tables and views that the profile's user may read, with their columns, keys, indexes and comments.</summary>
    /// <param name="schema">Of the schema with exactly this name; in MySQL a database.</param>
    /// <param name="table">Tables and views with exactly this name.</param>
    /// <param name="search">Tables and views with this in their name, in any case.</param>
    /// <param name="limit">The most tables, 1 to 500; 100 when left out. A page also ends where it has 20,000 columns.</param>
    /// <param name="cursor"><c>next_cursor</c> of the page before.</param>
    public static async Task<IResult> HandleAsync(
        Guid id, HttpContext http, UsersDbContext db, AccessDecider decider, CurrentUser caller, SecretProtector protector, SchemaReader reader, QueryLimit places,
        QueryAudit audit, IOptions<QueryOptions> options, CancellationToken cancellationToken,
        [MaxLength(MaxName, ErrorMessage = "schema may have at most 128 characters.")] string? schema = null,
        [MaxLength(MaxName, ErrorMessage = "table may have at most 128 characters.")] string? table = null,
        [MaxLength(MaxName, ErrorMessage = "search may have at most 128 characters.")] string? search = null,
        [Range(1, Cursor.MaxLimit, ErrorMessage = "limit must be from 1 to 500.")] int limit = DefaultLimit,
        string? cursor = null)
    {
        foreach (var (name, value) in new[] { ("schema", schema), ("table", table), ("search", search) })
        {
            if (value?.Contains('\0', StringComparison.Ordinal) == true)
            {
                return ProblemExtensions.Invalid(name, $"{name} may not hold a NUL character.");
            }
        }

        if (!TryRead(cursor, out var after))
        {
            return ProblemExtensions.Invalid("cursor", "cursor must be the next_cursor of the page before.");
        }

        if (await ConnectionAccess.FindUsableAsync(db, decider, id, Permissions.DbQuery, cancellationToken) is not { } profile)
        {
            await audit.DeniedAsync(QueryAudit.SchemaAction, id);
            return ConnectionProblems.NotFound();
        }

        var record = audit.Begin(QueryAudit.SchemaAction, profile);
        using var place = places.Take(caller.Id, out var ownFault);
        if (place is null)
        {
            return await QueryProblems.BusyAsync(http, record, ownFault, options.Value);
        }

        try
        {
            var order = new SchemaOrder(Given(schema), Given(table), Given(search), after, limit);
            var (tables, page) = await reader.ReadAsync(profile.ToTarget(protector), order, TimeSpan.FromSeconds(options.Value.DefaultSeconds), cancellationToken);
            await record.SucceededAsync(("tables", Math.Min(page, tables.Count).ToString(CultureInfo.InvariantCulture)));
            return TypedResults.Ok(Page(tables, page));
        }
        catch (Exception exception) when (QueryProblems.Of(exception) is { } problem)
        {
            await record.FailedAsync(exception, problem);
            return problem.ToResult();
        }
        catch (Exception exception) when (cancellationToken.IsCancellationRequested)
        {
            await record.FailedAsync(exception, new(StatusCodes.Status499ClientClosedRequest, "The client left."));
            throw;
        }
    }

    private static SchemaResponse Page(IReadOnlyList<TableDescription> tables, int limit)
    {
        var page = Cursor.ToPage(tables, limit, table => JsonSerializer.Serialize(new[] { table.Schema, table.Name }));
        return new([.. page.Items.GroupBy(table => table.Schema, StringComparer.Ordinal).Select(group => new SchemaDescription(group.Key, [.. group]))], page.NextCursor);
    }

    private static bool TryRead(string? cursor, out (string Schema, string Table)? after)
    {
        after = null;
        try
        {
            if (!Cursor.TryDecode(cursor, out var position))
            {
                return false;
            }

            after = position is null ? null : JsonSerializer.Deserialize<string[]>(position) is [{ } schema, { } table] ? (schema, table) : throw new JsonException();
            return after is not { } key || !(key.Schema + key.Table).Contains('\0', StringComparison.Ordinal);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static string? Given(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
