using System;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

#nullable disable

namespace McpPlatform.AnalyticsService.Data.Migrations
{
    /// <inheritdoc />
    public partial class Rollups : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "service",
                schema: "analytics",
                table: "request_logs",
                type: "character varying(256)",
                maxLength: 256,
                nullable: true);

            migrationBuilder.CreateTable(
                name: "rollup_marks",
                schema: "analytics",
                columns: table => new
                {
                    id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityAlwaysColumn),
                    table_name = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    grain = table.Column<short>(type: "smallint", nullable: false),
                    bucket = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_rollup_marks", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "rollups",
                schema: "analytics",
                columns: table => new
                {
                    grain = table.Column<short>(type: "smallint", nullable: false),
                    source = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false, collation: "C"),
                    dimension = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false, collation: "C"),
                    bucket = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    value = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    count = table.Column<long>(type: "bigint", nullable: false),
                    refused = table.Column<long>(type: "bigint", nullable: false),
                    failed = table.Column<long>(type: "bigint", nullable: false),
                    total = table.Column<double>(type: "double precision", nullable: false),
                    request_bytes = table.Column<long>(type: "bigint", nullable: false),
                    response_bytes = table.Column<long>(type: "bigint", nullable: false),
                    last_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    sketch = table.Column<byte[]>(type: "bytea", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_rollups", x => new { x.grain, x.source, x.dimension, x.bucket, x.value });
                });

            // What the largest values are chosen by lies in the index, rows stay as they are instead of being compressed, and what was added is soon known to be visible to all:
            // thousands of rows are read at once.
            migrationBuilder.Sql(
                """
                ALTER TABLE analytics.rollups DROP CONSTRAINT pk_rollups;
                ALTER TABLE analytics.rollups ADD CONSTRAINT pk_rollups PRIMARY KEY (grain, source, dimension, bucket, value) INCLUDE (count, refused, failed);
                ALTER TABLE analytics.rollups SET (toast_tuple_target = 8160, autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_vacuum_scale_factor = 0.05);
                """);

            migrationBuilder.CreateIndex(
                name: "ix_rollup_marks_table_name_grain_bucket",
                schema: "analytics",
                table: "rollup_marks",
                columns: new[] { "table_name", "grain", "bucket" });

            migrationBuilder.CreateIndex(
                name: "ix_rollups_grain_source_dimension_value_bucket",
                schema: "analytics",
                table: "rollups",
                columns: new[] { "grain", "source", "dimension", "value", "bucket" });

            // What is stored already is counted by whoever looks for marks.
            foreach (var table in new[] { "request_logs", "user_activities", "page_views", "system_metrics", "mcp_server_status" })
            {
                migrationBuilder.Sql(
                    $"INSERT INTO analytics.rollup_marks (table_name, grain, bucket) SELECT DISTINCT '{table}', 0, date_trunc('minute', occurred_at) FROM analytics.{table}");
            }
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "rollup_marks",
                schema: "analytics");

            migrationBuilder.DropTable(
                name: "rollups",
                schema: "analytics");

            migrationBuilder.DropColumn(
                name: "service",
                schema: "analytics",
                table: "request_logs");
        }
    }
}
