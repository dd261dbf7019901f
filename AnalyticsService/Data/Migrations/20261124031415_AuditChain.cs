using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace McpPlatform.AnalyticsService.Data.Migrations
{
    /// <inheritdoc />
    public partial class AuditChain : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            // EF Core makes no partitioned tables.
            migrationBuilder.Sql(
                """
                CREATE TABLE analytics.audit_chain (
                    event_id uuid NOT NULL,
                    occurred_at timestamp with time zone NOT NULL,
                    sequence bigint NOT NULL,
                    row_hash bytea NOT NULL,
                    chain_hash bytea NOT NULL,
                    salt bytea,
                    personal_hash bytea,
                    erasure_id uuid,
                    CONSTRAINT pk_audit_chain PRIMARY KEY (event_id, occurred_at)
                ) PARTITION BY RANGE (occurred_at)
                """);

            migrationBuilder.CreateTable(
                name: "audit_checkpoints",
                schema: "analytics",
                columns: table => new
                {
                    number = table.Column<long>(type: "bigint", nullable: false),
                    day = table.Column<DateOnly>(type: "date", nullable: false),
                    sequence = table.Column<long>(type: "bigint", nullable: false),
                    chain_hash = table.Column<byte[]>(type: "bytea", nullable: false),
                    sealed_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    previous_hash = table.Column<byte[]>(type: "bytea", nullable: false),
                    key_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    signature = table.Column<byte[]>(type: "bytea", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_audit_checkpoints", x => x.number);
                });

            migrationBuilder.CreateTable(
                name: "audit_days",
                schema: "analytics",
                columns: table => new
                {
                    day = table.Column<DateOnly>(type: "date", nullable: false),
                    sequence = table.Column<long>(type: "bigint", nullable: false),
                    chain_hash = table.Column<byte[]>(type: "bytea", nullable: false),
                    checkpointed = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_audit_days", x => x.day);
                });

            migrationBuilder.CreateTable(
                name: "audit_keys",
                schema: "analytics",
                columns: table => new
                {
                    key_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    public_key = table.Column<byte[]>(type: "bytea", nullable: false),
                    protected_key = table.Column<byte[]>(type: "bytea", nullable: false),
                    secret_key = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_audit_keys", x => x.key_id);
                });

            migrationBuilder.CreateTable(
                name: "audit_pending",
                schema: "analytics",
                columns: table => new
                {
                    event_id = table.Column<Guid>(type: "uuid", nullable: false),
                    occurred_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                });

            migrationBuilder.CreateIndex(
                name: "ix_audit_chain_sequence",
                schema: "analytics",
                table: "audit_chain",
                column: "sequence");

            migrationBuilder.CreateIndex(
                name: "ix_audit_checkpoints_day_sequence",
                schema: "analytics",
                table: "audit_checkpoints",
                columns: new[] { "day", "sequence" });

            migrationBuilder.CreateIndex(
                name: "ix_audit_pending_occurred_at",
                schema: "analytics",
                table: "audit_pending",
                column: "occurred_at");

            // Who stores the trail cannot change it, not even by mistake; partitions get the trigger with the table. A person is erased under a setting of that transaction alone.
            migrationBuilder.Sql(
                """
                CREATE FUNCTION analytics.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF TG_OP = 'UPDATE' AND coalesce(current_setting('mcpplatform.erasing', true), '') = 'on' THEN
                        RETURN NEW;
                    END IF;
                    RAISE EXCEPTION 'The audit trail is append-only: % is refused.', TG_OP USING ERRCODE = 'insufficient_privilege';
                END $$;
                CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON analytics.user_activities FOR EACH ROW EXECUTE FUNCTION analytics.refuse_change();
                CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON analytics.user_activities FOR EACH STATEMENT EXECUTE FUNCTION analytics.refuse_change();
                """);

            // What is stored already gets its place, too.
            migrationBuilder.Sql("INSERT INTO analytics.audit_pending (event_id, occurred_at) SELECT event_id, occurred_at FROM analytics.user_activities");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql(
                """
                DROP TRIGGER append_only ON analytics.user_activities;
                DROP TRIGGER append_only_whole ON analytics.user_activities;
                DROP FUNCTION analytics.refuse_change();
                """);

            migrationBuilder.DropTable(
                name: "audit_chain",
                schema: "analytics");

            migrationBuilder.DropTable(
                name: "audit_checkpoints",
                schema: "analytics");

            migrationBuilder.DropTable(
                name: "audit_days",
                schema: "analytics");

            migrationBuilder.DropTable(
                name: "audit_keys",
                schema: "analytics");

            migrationBuilder.DropTable(
                name: "audit_pending",
                schema: "analytics");
        }
    }
}
