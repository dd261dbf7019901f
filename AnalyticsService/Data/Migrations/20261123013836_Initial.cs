using System;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

#nullable disable

namespace McpPlatform.AnalyticsService.Data.Migrations
{
    /// <inheritdoc />
    public partial class Initial : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.EnsureSchema(
                name: "analytics");

            migrationBuilder.CreateTable(
                name: "inbox",
                schema: "analytics",
                columns: table => new
                {
                    message_id = table.Column<Guid>(type: "uuid", nullable: false),
                    consumer = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false),
                    consumed_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_inbox", x => new { x.message_id, x.consumer });
                });

            // The tables of events are written by hand, because EF Core knows no partitions: by day, made and dropped by the service itself.
            migrationBuilder.Sql(
                """
                CREATE TABLE analytics.mcp_server_status (
                    event_id uuid NOT NULL,
                    occurred_at timestamp with time zone NOT NULL,
                    server_id uuid NOT NULL,
                    server_name character varying(256) NOT NULL,
                    status character varying(16) NOT NULL,
                    latency_ms double precision NOT NULL,
                    tool_count integer,
                    error character varying(1024),
                    CONSTRAINT pk_mcp_server_status PRIMARY KEY (event_id, occurred_at)
                ) PARTITION BY RANGE (occurred_at)
                """);

            migrationBuilder.CreateTable(
                name: "outbox",
                schema: "analytics",
                columns: table => new
                {
                    sequence = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityAlwaysColumn),
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    type = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false),
                    body = table.Column<string>(type: "jsonb", nullable: false),
                    trace_parent = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_outbox", x => x.sequence);
                });

            migrationBuilder.Sql(
                """
                CREATE TABLE analytics.page_views (
                    event_id uuid NOT NULL,
                    occurred_at timestamp with time zone NOT NULL,
                    user_id uuid NOT NULL,
                    username character varying(256),
                    path character varying(2048) NOT NULL,
                    referrer character varying(2048),
                    duration_ms double precision,
                    CONSTRAINT pk_page_views PRIMARY KEY (event_id, occurred_at)
                ) PARTITION BY RANGE (occurred_at)
                """);

            migrationBuilder.Sql(
                """
                CREATE TABLE analytics.request_logs (
                    event_id uuid NOT NULL,
                    occurred_at timestamp with time zone NOT NULL,
                    method character varying(16) NOT NULL,
                    route character varying(256),
                    path character varying(2048) NOT NULL,
                    status integer NOT NULL,
                    duration_ms double precision NOT NULL,
                    request_bytes bigint,
                    response_bytes bigint,
                    client_ip character varying(64),
                    user_agent character varying(512),
                    user_id uuid,
                    username character varying(256),
                    error character varying(1024),
                    trace_id character varying(32),
                    CONSTRAINT pk_request_logs PRIMARY KEY (event_id, occurred_at)
                ) PARTITION BY RANGE (occurred_at)
                """);

            migrationBuilder.Sql(
                """
                CREATE TABLE analytics.system_metrics (
                    event_id uuid NOT NULL,
                    occurred_at timestamp with time zone NOT NULL,
                    service character varying(64) NOT NULL,
                    instance character varying(256) NOT NULL,
                    cpu_percent double precision NOT NULL,
                    working_set_bytes bigint NOT NULL,
                    heap_bytes bigint NOT NULL,
                    gc_pause_percent double precision NOT NULL,
                    thread_count integer NOT NULL,
                    queue_length bigint NOT NULL,
                    CONSTRAINT pk_system_metrics PRIMARY KEY (event_id, occurred_at)
                ) PARTITION BY RANGE (occurred_at)
                """);

            migrationBuilder.Sql(
                """
                CREATE TABLE analytics.user_activities (
                    event_id uuid NOT NULL,
                    occurred_at timestamp with time zone NOT NULL,
                    service character varying(64) NOT NULL,
                    action character varying(128) NOT NULL,
                    outcome character varying(16) NOT NULL,
                    user_id uuid,
                    username character varying(256),
                    target_type character varying(64),
                    target character varying(512),
                    duration_ms double precision,
                    client_ip character varying(64),
                    trace_id character varying(32),
                    details jsonb,
                    old_values jsonb,
                    new_values jsonb,
                    CONSTRAINT pk_user_activities PRIMARY KEY (event_id, occurred_at)
                ) PARTITION BY RANGE (occurred_at)
                """);

            migrationBuilder.CreateIndex(
                name: "ix_inbox_consumed_at",
                schema: "analytics",
                table: "inbox",
                column: "consumed_at");

            migrationBuilder.CreateIndex(
                name: "ix_mcp_server_status_occurred_at",
                schema: "analytics",
                table: "mcp_server_status",
                column: "occurred_at")
                .Annotation("Npgsql:IndexMethod", "brin");

            migrationBuilder.CreateIndex(
                name: "ix_mcp_server_status_occurred_at_event_id",
                schema: "analytics",
                table: "mcp_server_status",
                columns: new[] { "occurred_at", "event_id" });

            migrationBuilder.CreateIndex(
                name: "ix_mcp_server_status_server_id_occurred_at",
                schema: "analytics",
                table: "mcp_server_status",
                columns: new[] { "server_id", "occurred_at" });

            migrationBuilder.CreateIndex(
                name: "ix_outbox_id",
                schema: "analytics",
                table: "outbox",
                column: "id",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_page_views_occurred_at",
                schema: "analytics",
                table: "page_views",
                column: "occurred_at")
                .Annotation("Npgsql:IndexMethod", "brin");

            migrationBuilder.CreateIndex(
                name: "ix_page_views_occurred_at_event_id",
                schema: "analytics",
                table: "page_views",
                columns: new[] { "occurred_at", "event_id" });

            migrationBuilder.CreateIndex(
                name: "ix_request_logs_occurred_at",
                schema: "analytics",
                table: "request_logs",
                column: "occurred_at")
                .Annotation("Npgsql:IndexMethod", "brin");

            migrationBuilder.CreateIndex(
                name: "ix_request_logs_occurred_at_event_id",
                schema: "analytics",
                table: "request_logs",
                columns: new[] { "occurred_at", "event_id" });

            migrationBuilder.CreateIndex(
                name: "ix_request_logs_user_id_occurred_at",
                schema: "analytics",
                table: "request_logs",
                columns: new[] { "user_id", "occurred_at" },
                filter: "user_id IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "ix_system_metrics_occurred_at",
                schema: "analytics",
                table: "system_metrics",
                column: "occurred_at")
                .Annotation("Npgsql:IndexMethod", "brin");

            migrationBuilder.CreateIndex(
                name: "ix_system_metrics_occurred_at_event_id",
                schema: "analytics",
                table: "system_metrics",
                columns: new[] { "occurred_at", "event_id" });

            migrationBuilder.CreateIndex(
                name: "ix_user_activities_action_occurred_at",
                schema: "analytics",
                table: "user_activities",
                columns: new[] { "action", "occurred_at" });

            migrationBuilder.CreateIndex(
                name: "ix_user_activities_occurred_at",
                schema: "analytics",
                table: "user_activities",
                column: "occurred_at")
                .Annotation("Npgsql:IndexMethod", "brin");

            migrationBuilder.CreateIndex(
                name: "ix_user_activities_occurred_at_event_id",
                schema: "analytics",
                table: "user_activities",
                columns: new[] { "occurred_at", "event_id" });

            migrationBuilder.CreateIndex(
                name: "ix_user_activities_user_id_occurred_at",
                schema: "analytics",
                table: "user_activities",
                columns: new[] { "user_id", "occurred_at" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "inbox",
                schema: "analytics");

            migrationBuilder.DropTable(
                name: "mcp_server_status",
                schema: "analytics");

            migrationBuilder.DropTable(
                name: "outbox",
                schema: "analytics");

            migrationBuilder.DropTable(
                name: "page_views",
                schema: "analytics");

            migrationBuilder.DropTable(
                name: "request_logs",
                schema: "analytics");

            migrationBuilder.DropTable(
                name: "system_metrics",
                schema: "analytics");

            migrationBuilder.DropTable(
                name: "user_activities",
                schema: "analytics");
        }
    }
}
