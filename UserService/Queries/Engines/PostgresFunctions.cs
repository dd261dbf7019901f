using McpPlatform.UserService.Queries.Sql;
using Npgsql;
using NpgsqlTypes;

namespace McpPlatform.UserService.Queries.Engines;

/// <summary>
/// Which functions a statement may call. Names are looked up in the server's own catalogue, whatever their schema and number of arguments, so that neither quotes nor a
/// search path nor an overload hides one: a name of which any function may not be called is refused. What PostgreSQL declares VOLATILE does or reads more than its arguments
/// and the tables: files, settings, locks, sessions, statements given as text. Those that are harmless are listed.
/// </summary>
internal static class PostgresFunctions
{
    // Different each time, or a size, or a wait that the timeout ends.
    private const string HarmlessVolatile =
        "random random_normal clock_timestamp timeofday gen_random_uuid uuidv4 uuidv7 gen_random_bytes uuid_generate_v1 uuid_generate_v1mc uuid_generate_v4 " +
        "pg_sleep pg_sleep_for pg_sleep_until pg_relation_size pg_table_size pg_indexes_size pg_total_relation_size pg_database_size pg_tablespace_size " +
        "pg_is_in_recovery pg_blocking_pids pg_partition_tree pg_partition_ancestors pg_xact_status txid_status pg_current_wal_lsn pg_last_wal_receive_lsn pg_last_wal_replay_lsn " +
        "pg_last_xact_replay_timestamp";

    private const string HarmlessInWrites = "nextval currval lastval";

    // Declared STABLE or IMMUTABLE, but they run a statement that is given as text, copy whole databases into one value, or tell the statements of others.
    private const string NeverAllowed =
        "pg_stat_get_activity pg_stat_get_backend_activity " +
        "database_to_xml database_to_xmlschema database_to_xml_and_xmlschema schema_to_xml schema_to_xmlschema schema_to_xml_and_xmlschema " +
        "table_to_xml table_to_xmlschema table_to_xml_and_xmlschema crosstab crosstabn crosstab2 crosstab3 crosstab4 crosstab_hash connectby xpath_table xslt_process";

    // Extensions of C code that computes and reads nothing else.
    private const string Extensions =
        "btree_gin btree_gist citext cube earthdistance fuzzystrmatch hstore intarray isn ltree pg_trgm pgcrypto postgis postgis_topology seg unaccent uuid-ossp vector";

    // $1 names that are called, $2 names after a dot (t.f is f(t) for a row t), $3 operators, $4 harmless volatile ones, $5 never, $6 extensions.
    private const string Query = """
        WITH used AS (
          SELECT p.oid, p.proname::text AS name FROM pg_catalog.pg_proc p
          WHERE (p.proname::text = ANY ($1::text[])
              OR (p.proname::text = ANY ($2::text[]) AND p.pronargs - p.pronargdefaults <= 1 AND p.pronargs >= 1 AND EXISTS (
                SELECT FROM pg_catalog.pg_type t WHERE t.oid = p.proargtypes[0] AND (t.typtype IN ('c', 'p') OR t.typbasetype <> 0))))
            AND NOT 2281 = ANY (p.proargtypes::pg_catalog.oid[])
          UNION ALL
          SELECT o.oprcode::pg_catalog.oid, o.oprname::text FROM pg_catalog.pg_operator o WHERE o.oprname::text = ANY ($3::text[]) AND o.oid >= 16384
        ), parts AS (
          SELECT used.name, used.oid FROM used
          UNION ALL
          SELECT used.name, part FROM used JOIN pg_catalog.pg_aggregate a ON a.aggfnoid = used.oid AND used.oid >= 16384,
            LATERAL (VALUES (a.aggtransfn::pg_catalog.oid), (a.aggfinalfn::pg_catalog.oid), (a.aggmtransfn::pg_catalog.oid), (a.aggmfinalfn::pg_catalog.oid)) AS parts (part)
        )
        SELECT parts.name FROM parts
          JOIN pg_catalog.pg_proc p ON p.oid = parts.oid
          JOIN pg_catalog.pg_language l ON l.oid = p.prolang
          LEFT JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid AND d.deptype = 'e'
          LEFT JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
        WHERE p.proname::text = ANY ($5::text[])
          OR NOT CASE
            WHEN p.oid < 16384 THEN p.provolatile <> 'v' OR p.proname::text = ANY ($4::text[])
            WHEN e.extname::text = ANY ($6::text[]) THEN (p.provolatile <> 'v' OR p.proname::text = ANY ($4::text[])) AND NOT p.prosecdef
            WHEN p.prokind = 'a' THEN true
            ELSE p.provolatile <> 'v' AND NOT p.prosecdef AND l.lanpltrusted
          END
        LIMIT 1
        """;

    public static NpgsqlBatchCommand Check(Statement statement)
    {
        var (calls, members, operators) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal));
        var tokens = statement.Tokens;
        for (var i = 0; i < tokens.Count; i++)
        {
            if (tokens[i].Kind == TokenKind.Symbol && tokens[i].Value is not ("(" or ")" or "," or "." or "[" or "]" or "::"))
            {
                operators.Add(tokens[i].Value);
            }

            if (!tokens[i].IsName)
            {
                continue;
            }

            var names = i + 1 < tokens.Count && tokens[i + 1].IsSymbol("(") ? calls : i > 0 && tokens[i - 1].IsSymbol(".") ? members : null;
            names?.Add(tokens[i].Value);
            names?.Add(tokens[i].Exact);
        }

        return new NpgsqlBatchCommand(Query)
        {
            Parameters =
            {
                Names(calls), Names(members), Names(operators), Names((statement.Writes ? HarmlessVolatile + " " + HarmlessInWrites : HarmlessVolatile).Split(' ')),
                Names(NeverAllowed.Split(' ')), Names(Extensions.Split(' ')),
            },
        };
    }

    public static StatementRefusedException Refusal(string name) =>
        new($"{name} may not be called: functions must be built in or trusted, STABLE or IMMUTABLE, not SECURITY DEFINER, and must not reach files, settings, locks or other sessions.");

    private static NpgsqlParameter Names(IEnumerable<string> names) => new() { Value = names.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text };
}
