using System.Collections.Frozen;

namespace McpPlatform.UserService.Queries.Sql;

/// <summary>
/// The functions of MySQL and MariaDB that compute, and nothing else. These servers do not tell which of their functions have effects, so it is the harmless ones that are listed: a
/// function that is not here, stored ones and loaded ones included, is not called.
/// </summary>
internal static class MySqlFunctions
{
    private const string Names =
        // Numbers
        "abs acos asin atan atan2 ceil ceiling conv cos cot crc32 crc32c degrees exp floor format format_bytes format_pico_time greatest least ln log log10 log2 mod pi pow power radians rand round sign sin sqrt tan truncate " +
        "bit_count bit_and bit_or bit_xor div " +
        // Text
        "ascii bin bin_to_uuid char char_length character_length chr concat concat_ws elt export_set field find_in_set from_base64 hex insert instr lcase left length lengthb locate lower lpad ltrim make_set " +
        "mid natural_sort_key oct octet_length ord position quote regexp_instr regexp_like regexp_replace regexp_substr repeat replace reverse right rpad rtrim sformat soundex space strcmp substr substring substring_index to_base64 " +
        "to_char to_number trim ucase unhex upper uuid_to_bin weight_string " +
        // Time
        "adddate add_months addtime convert_tz curdate current_date current_time current_timestamp curtime date date_add date_format date_sub datediff day dayname dayofmonth dayofweek dayofyear extract " +
        "from_days from_unixtime get_format hour last_day localtime localtimestamp makedate maketime microsecond minute month monthname now period_add period_diff quarter sec_to_time second str_to_date " +
        "subdate subtime sysdate time time_format time_to_sec timediff timestamp timestampadd timestampdiff to_days to_seconds unix_timestamp utc_date utc_time utc_timestamp week weekday weekofyear year yearweek " +
        // Aggregates and windows
        "any_value approx_count_distinct avg count count_distinct group_concat json_arrayagg json_objectagg max median min percentile_cont percentile_disc std stddev stddev_pop stddev_samp sum var_pop var_samp variance cume_dist dense_rank first_value grouping " +
        "lag last_value lead nth_value ntile percent_rank rank row_number " +
        // Choice, conversion, information
        "binary bit_length cast coalesce convert decode_oracle if ifnull isnull nullif nvl nvl2 interval inet_aton inet_ntoa inet6_aton inet6_ntoa is_ipv4 is_ipv4_compat is_ipv4_mapped is_ipv6 is_uuid charset coercibility collation " +
        "connection_id current_role current_user database schema found_rows row_count session_user system_user user version md5 sha sha1 sha2 uuid uuid_short sys_guid uuid_v4 uuid_v7 compress uncompress uncompressed_length " +
        // JSON
        "json_array json_array_append json_array_insert json_array_intersect json_compact json_contains json_contains_path json_depth json_detailed json_equals json_exists json_extract json_insert json_key_value json_keys json_length json_loose json_merge " +
        "json_merge_patch json_merge_preserve json_normalize json_object json_object_filter_keys json_object_to_array json_overlaps json_pretty json_query json_quote json_remove json_replace json_schema_valid json_search json_set json_storage_free json_storage_size json_table json_type " +
        "json_unquote json_valid json_value member " +
        // XML, which is computed on the argument alone
        "extractvalue updatexml " +
        // Geometry
        "geometrycollection geometryfromtext geomfromtext geomfromwkb linestring mbrcontains mbrcovers mbrdisjoint mbrequal mbrequals mbrintersects mbroverlaps mbrtouches mbrwithin multilinestring multipoint multipolygon point polygon " +
        "st_area st_asbinary st_asgeojson st_astext st_aswkb st_aswkt st_boundary st_buffer st_centroid st_contains st_convexhull st_crosses st_difference st_dimension st_disjoint st_distance st_distance_sphere st_endpoint st_envelope st_equals " +
        "st_exteriorring st_geohash st_geomcollfromtext st_geometryfromtext st_geometryn st_geometrytype st_geomfromgeojson st_geomfromtext st_geomfromwkb st_interiorringn st_intersection st_intersects st_isclosed st_isempty st_isring st_issimple " +
        "st_isvalid st_latfromgeohash st_latitude st_length st_linefromtext st_longfromgeohash st_longitude st_makeenvelope st_numgeometries st_numinteriorrings st_numpoints st_overlaps st_pointfromgeohash st_pointfromtext st_pointn st_pointonsurface " +
        "st_polygonfromtext st_relate st_simplify st_srid st_startpoint st_swapxy st_symdifference st_touches st_transform st_union st_validate st_within st_x st_y";

    // What may stand before a parenthesis and calls nothing: keywords, and the types of CAST.
    private const string Keywords =
        "all and any as between by case columns cross cube default distinct distinctrow div else end escape except exists explain for format from full group having ignore in index inner intersect interval is join key lateral left like limit match against minus " +
        "mod nested not null of offset on or order outer over partition path range recursive regexp right rlike rollup row rows select separator set some sounds straight_join table then to union unique use using value values when where window with xor " +
        "bigint bit blob char character date datetime dec decimal double fixed float int integer longtext mediumtext nchar numeric nvarchar real signed smallint text time timestamp tinyint unsigned varbinary varchar year";

    private static readonly FrozenSet<string> Allowed = $"{Names} {Keywords}".Split(' ').ToFrozenSet(StringComparer.Ordinal);

    public static bool MayPrecedeParenthesis(string word) => Allowed.Contains(word);
}
