using System.Collections.Frozen;

namespace McpPlatform.UserService.Queries.Sql;

/// <summary>
/// The functions of SQL Server that compute, and nothing else: those that open other servers and files are functions too, and a function of the database's own may run code outside of it
/// (CLR), so what is not here is not called.
/// </summary>
internal static class SqlServerFunctions
{
    private const string Names =
        // Numbers
        "abs acos asin atan atn2 ceiling cos cot degrees exp floor log log10 pi power radians rand round sign sin sqrt square tan greatest least bit_count get_bit set_bit left_shift right_shift " +
        // Text
        "ascii char charindex concat concat_ws datalength difference format left len lower ltrim nchar patindex quotename replace replicate reverse right rtrim soundex space str string_agg string_escape string_split " +
        "stuff substring translate trim unicode upper regexp_like regexp_replace regexp_substr regexp_instr regexp_count edit_distance base64_encode base64_decode " +
        // Time
        "current_timestamp dateadd datediff datediff_big datefromparts datename datepart datetime2fromparts datetimefromparts datetimeoffsetfromparts datetrunc date_bucket day eomonth getdate getutcdate isdate month " +
        "smalldatetimefromparts switchoffset sysdatetime sysdatetimeoffset sysutcdatetime timefromparts todatetimeoffset year " +
        // Aggregates and windows
        "approx_count_distinct avg checksum checksum_agg count count_big grouping grouping_id max min stdev stdevp sum var varp cume_dist dense_rank first_value lag last_value lead ntile percent_rank percentile_cont percentile_disc rank row_number " +
        // Choice, conversion, information
        "cast choose coalesce contains containstable convert freetext freetexttable iif isnull isnumeric nullif parse try_cast try_convert try_parse binary_checksum hashbytes newid newsequentialid compress decompress db_id db_name schema_id schema_name object_id object_name " +
        "objectproperty objectpropertyex object_schema_name object_definition col_name col_length columnproperty columns_updated type_id type_name typeproperty index_col indexproperty databasepropertyex serverproperty suser_name suser_sname user_id user_name " +
        "has_perms_by_name is_member is_rolemember is_srvrolemember original_login host_name app_name connectionproperty error_message rowcount_big " +
        // JSON and rows
        "isjson json_array json_modify json_object json_path_exists json_query json_value json_arrayagg json_objectagg openjson generate_series";

    private const string Keywords =
        "all and any apply as between by case columns cube distinct else end except exists first for from full group grouping having in index forceseek inner intersect into is join key left like next not null off offset on option or order outer over " +
        "partition path pivot range right rollup root row rows select set sets some tablesample then top union unpivot using values when where with within xmlnamespaces xml json auto raw elements " +
        "bigint binary bit char date datetime datetime2 datetimeoffset decimal float int money nchar numeric nvarchar real smalldatetime smallint smallmoney sql_variant time tinyint uniqueidentifier varbinary varchar";

    // Methods of the type xml.
    private const string Methods = "value query exist nodes";

    private static readonly FrozenSet<string> Allowed = $"{Names} {Keywords}".Split(' ').ToFrozenSet(StringComparer.Ordinal);
    private static readonly FrozenSet<string> AllowedMethods = Methods.Split(' ').ToFrozenSet(StringComparer.Ordinal);

    public static bool MayPrecedeParenthesis(string word) => Allowed.Contains(word);

    public static bool IsMethod(string word) => AllowedMethods.Contains(word);
}
