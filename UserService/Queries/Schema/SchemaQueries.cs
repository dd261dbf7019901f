using McpPlatform.UserService.Queries.Engines;

namespace McpPlatform.UserService.Queries.Schema;

/// <summary>
/// What a kind of database is asked about itself. All three queries have the same columns everywhere, and the same parameters: schema, name, search (a part of a
/// table's name in lower case), after_schema and after_name (the last table of the page before), and most (of tables). Null means all. Texts are cut at 1,000 characters.
/// </summary>
/// <param name="Columns">schema, table, kind, the table's comment, column, type, nullable, default, comment, place in the primary key from 1.</param>
/// <param name="ForeignKeys">schema, table, key, column, the other's schema, table and column.</param>
/// <param name="Indexes">schema, table, index, unique, column or expression.</param>
internal sealed record SchemaQueries(string Columns, string ForeignKeys, string Indexes)
{
    public static SchemaQueries Of(DatabaseType type) => type switch
    {
        DatabaseType.Postgresql => Postgres,
        DatabaseType.Mysql => MySql,
        _ => SqlServer,
    };

    // What its user may read; partitions are parts of their table.
    private const string PostgresTables = """
        WITH tables AS (
          SELECT c.oid, n.nspname AS "schema", c.relname AS name, c.relkind, pg_catalog.left(pg_catalog.obj_description(c.oid, 'pg_class'), 1000) AS comment
          FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
          WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
            AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
            AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_any_column_privilege(c.oid, 'SELECT')
            AND (@schema::text IS NULL OR n.nspname = @schema::text) AND (@name::text IS NULL OR c.relname = @name::text)
            AND (@search::text IS NULL OR pg_catalog.strpos(pg_catalog.lower(c.relname), @search::text) > 0)
            AND (@after_schema::text IS NULL OR (n.nspname, c.relname) > (@after_schema::name, @after_name::name))
          ORDER BY n.nspname, c.relname LIMIT @most)
        """;

    private static readonly SchemaQueries Postgres = new(
        $"""
        {PostgresTables}
        SELECT t."schema", t.name, CASE t.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized_view' WHEN 'f' THEN 'foreign_table' ELSE 'table' END, t.comment,
          a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), NOT a.attnotnull, pg_catalog.left(pg_catalog.pg_get_expr(d.adbin, d.adrelid), 1000), pg_catalog.left(pg_catalog.col_description(t.oid, a.attnum), 1000),
          pg_catalog.array_position(k.conkey, a.attnum)
        FROM tables t LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
          LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = t.oid AND d.adnum = a.attnum LEFT JOIN pg_catalog.pg_constraint k ON k.conrelid = t.oid AND k.contype = 'p'
        ORDER BY t."schema", t.name, a.attnum
        """,
        $"""
        {PostgresTables}
        SELECT t."schema", t.name, k.conname, a.attname, n.nspname, c.relname, b.attname
        FROM tables t JOIN pg_catalog.pg_constraint k ON k.conrelid = t.oid AND k.contype = 'f'
          JOIN pg_catalog.pg_class c ON c.oid = k.confrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
          CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(k.conkey), pg_catalog.unnest(k.confkey)) WITH ORDINALITY AS p (own, other, place)
          JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum = p.own JOIN pg_catalog.pg_attribute b ON b.attrelid = c.oid AND b.attnum = p.other
        ORDER BY t."schema", t.name, k.conname, p.place
        """,
        $"""
        {PostgresTables}
        SELECT t."schema", t.name, c.relname, i.indisunique, pg_catalog.left(pg_catalog.pg_get_indexdef(i.indexrelid, p.place, true), 1000)
        FROM tables t JOIN pg_catalog.pg_index i ON i.indrelid = t.oid AND NOT i.indisprimary JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
          CROSS JOIN LATERAL pg_catalog.generate_series(1, i.indnkeyatts::int) AS p (place)
        ORDER BY t."schema", t.name, c.relname, p.place
        """);

    // The server itself shows only what its user may see. BINARY: names that differ in case alone are two. MariaDB writes NULL where there is no default.
    private const string MySqlTables = """
        WITH tables AS (
          SELECT t.TABLE_SCHEMA AS s, t.TABLE_NAME AS n, t.TABLE_TYPE AS kind, t.TABLE_COMMENT AS comment
          FROM information_schema.TABLES t
          WHERE t.TABLE_SCHEMA NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys') AND t.TABLE_TYPE NOT IN ('SEQUENCE')
            AND (@schema IS NULL OR BINARY t.TABLE_SCHEMA = BINARY @schema) AND (@name IS NULL OR BINARY t.TABLE_NAME = BINARY @name)
            AND (@search IS NULL OR LOCATE(@search, LOWER(t.TABLE_NAME)) > 0)
            AND (@after_schema IS NULL OR BINARY t.TABLE_SCHEMA > BINARY @after_schema OR (BINARY t.TABLE_SCHEMA = BINARY @after_schema AND BINARY t.TABLE_NAME > BINARY @after_name))
          ORDER BY BINARY t.TABLE_SCHEMA, BINARY t.TABLE_NAME LIMIT @most)
        """;

    private static readonly SchemaQueries MySql = new(
        $"""
        {MySqlTables}
        SELECT t.s, t.n, CASE WHEN t.kind LIKE '%VIEW' THEN 'view' ELSE 'table' END, CASE WHEN t.kind LIKE '%VIEW' THEN NULL ELSE NULLIF(LEFT(t.comment, 1000), '') END,
          c.COLUMN_NAME, LEFT(c.COLUMN_TYPE, 1000), c.IS_NULLABLE = 'YES', IF(c.COLUMN_DEFAULT = 'NULL' AND VERSION() LIKE '%MariaDB%', NULL, LEFT(c.COLUMN_DEFAULT, 1000)), NULLIF(LEFT(c.COLUMN_COMMENT, 1000), ''), k.ORDINAL_POSITION
        FROM tables t LEFT JOIN information_schema.COLUMNS c ON c.TABLE_SCHEMA = t.s AND c.TABLE_NAME = t.n
          LEFT JOIN information_schema.KEY_COLUMN_USAGE k ON k.TABLE_SCHEMA = t.s AND k.TABLE_NAME = t.n AND k.COLUMN_NAME = c.COLUMN_NAME AND k.CONSTRAINT_NAME = 'PRIMARY'
        ORDER BY BINARY t.s, BINARY t.n, c.ORDINAL_POSITION
        """,
        $"""
        {MySqlTables}
        SELECT t.s, t.n, k.CONSTRAINT_NAME, k.COLUMN_NAME, k.REFERENCED_TABLE_SCHEMA, k.REFERENCED_TABLE_NAME, k.REFERENCED_COLUMN_NAME
        FROM tables t JOIN information_schema.KEY_COLUMN_USAGE k ON k.TABLE_SCHEMA = t.s AND k.TABLE_NAME = t.n AND k.REFERENCED_TABLE_NAME IS NOT NULL
        ORDER BY BINARY t.s, BINARY t.n, k.CONSTRAINT_NAME, k.ORDINAL_POSITION
        """,
        $"""
        {MySqlTables}
        SELECT t.s, t.n, i.INDEX_NAME, i.NON_UNIQUE = 0, COALESCE(i.COLUMN_NAME, '(expression)')
        FROM tables t JOIN information_schema.STATISTICS i ON i.TABLE_SCHEMA = t.s AND i.TABLE_NAME = t.n AND i.INDEX_NAME <> 'PRIMARY'
        ORDER BY BINARY t.s, BINARY t.n, i.INDEX_NAME, i.SEQ_IN_INDEX
        """);

    // The server itself shows only what its user may see.
    private const string SqlServerTables = """
        WITH tables AS (
          SELECT TOP (@most) o.object_id AS id, s.name COLLATE Latin1_General_BIN2 AS s, o.name COLLATE Latin1_General_BIN2 AS n, o.type AS kind
          FROM sys.objects o JOIN sys.schemas s ON s.schema_id = o.schema_id
          WHERE o.type IN ('U', 'V') AND o.is_ms_shipped = 0
            AND (@schema IS NULL OR s.name = @schema) AND (@name IS NULL OR o.name = @name) AND (@search IS NULL OR CHARINDEX(@search, LOWER(o.name)) > 0)
            AND (@after_schema IS NULL OR s.name COLLATE Latin1_General_BIN2 > @after_schema OR (s.name COLLATE Latin1_General_BIN2 = @after_schema AND o.name COLLATE Latin1_General_BIN2 > @after_name))
          ORDER BY s.name COLLATE Latin1_General_BIN2, o.name COLLATE Latin1_General_BIN2)
        """;

    private static readonly SchemaQueries SqlServer = new(
        $"""
        {SqlServerTables}
        SELECT t.s, t.n, CASE t.kind WHEN 'V' THEN 'view' ELSE 'table' END, CAST(te.value AS nvarchar(1000)),
          c.name, y.name + CASE
            WHEN y.name IN ('varchar', 'char', 'varbinary', 'binary') THEN '(' + IIF(c.max_length = -1, 'max', CAST(c.max_length AS varchar(9))) + ')'
            WHEN y.name IN ('nvarchar', 'nchar') THEN '(' + IIF(c.max_length = -1, 'max', CAST(c.max_length / 2 AS varchar(9))) + ')'
            WHEN y.name IN ('decimal', 'numeric') THEN '(' + CAST(c.precision AS varchar(9)) + ',' + CAST(c.scale AS varchar(9)) + ')' ELSE '' END,
          c.is_nullable, LEFT(d.definition, 1000), CAST(ce.value AS nvarchar(1000)), k.key_ordinal
        FROM tables t LEFT JOIN sys.columns c ON c.object_id = t.id LEFT JOIN sys.types y ON y.user_type_id = c.user_type_id
          LEFT JOIN sys.default_constraints d ON d.object_id = c.default_object_id
          LEFT JOIN sys.extended_properties te ON te.class = 1 AND te.major_id = t.id AND te.minor_id = 0 AND te.name = 'MS_Description'
          LEFT JOIN sys.extended_properties ce ON ce.class = 1 AND ce.major_id = t.id AND ce.minor_id = c.column_id AND ce.name = 'MS_Description'
          LEFT JOIN sys.indexes p ON p.object_id = t.id AND p.is_primary_key = 1
          LEFT JOIN sys.index_columns k ON k.object_id = t.id AND k.index_id = p.index_id AND k.column_id = c.column_id
        ORDER BY t.s, t.n, c.column_id
        """,
        $"""
        {SqlServerTables}
        SELECT t.s, t.n, f.name, a.name, s.name, o.name, b.name
        FROM tables t JOIN sys.foreign_keys f ON f.parent_object_id = t.id JOIN sys.foreign_key_columns k ON k.constraint_object_id = f.object_id
          JOIN sys.objects o ON o.object_id = f.referenced_object_id JOIN sys.schemas s ON s.schema_id = o.schema_id
          JOIN sys.columns a ON a.object_id = t.id AND a.column_id = k.parent_column_id JOIN sys.columns b ON b.object_id = o.object_id AND b.column_id = k.referenced_column_id
        ORDER BY t.s, t.n, f.name, k.constraint_column_id
        """,
        $"""
        {SqlServerTables}
        SELECT t.s, t.n, i.name, i.is_unique, c.name
        FROM tables t JOIN sys.indexes i ON i.object_id = t.id AND i.is_primary_key = 0 AND i.name IS NOT NULL
          JOIN sys.index_columns k ON k.object_id = t.id AND k.index_id = i.index_id AND k.key_ordinal > 0 JOIN sys.columns c ON c.object_id = t.id AND c.column_id = k.column_id
        ORDER BY t.s, t.n, i.name, k.key_ordinal
        """);
}
