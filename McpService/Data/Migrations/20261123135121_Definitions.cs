using System;
using System.Collections.Generic;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace McpPlatform.McpService.Data.Migrations
{
    /// <inheritdoc />
    public partial class Definitions : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "approved_definition",
                schema: "mcp",
                table: "mcp_tools",
                type: "json",
                nullable: true);

            migrationBuilder.AddColumn<List<string>>(
                name: "approved_hashes",
                schema: "mcp",
                table: "mcp_tools",
                type: "text[]",
                nullable: false,
                defaultValueSql: "'{}'");

            migrationBuilder.AddColumn<Guid>(
                name: "decided_by",
                schema: "mcp",
                table: "mcp_tools",
                type: "uuid",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "lock_hash",
                schema: "mcp",
                table: "mcp_tools",
                type: "character varying(64)",
                maxLength: 64,
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddColumn<string>(
                name: "reason",
                schema: "mcp",
                table: "mcp_tools",
                type: "character varying(1024)",
                maxLength: 1024,
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "state",
                schema: "mcp",
                table: "mcp_tools",
                type: "character varying(16)",
                maxLength: 16,
                nullable: false,
                defaultValue: "approved");

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "state_since",
                schema: "mcp",
                table: "mcp_tools",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "tokens",
                schema: "mcp",
                table: "mcp_tools",
                type: "integer",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "definition_lock",
                schema: "mcp",
                table: "mcp_servers",
                type: "character varying(8)",
                maxLength: 8,
                nullable: false,
                defaultValue: "changes");

            // What was listed until now is what was agreed to; what is built in changes with this service.
            migrationBuilder.Sql(
                """
                UPDATE mcp.mcp_tools SET approved_definition = definition;
                UPDATE mcp.mcp_servers SET definition_lock = 'off' WHERE transport = 'builtin';
                DROP TRIGGER registry_tools_changed ON mcp.mcp_tools;
                CREATE TRIGGER registry_tools_changed AFTER UPDATE ON mcp.mcp_tools FOR EACH ROW
                    WHEN (OLD.definition_hash IS DISTINCT FROM NEW.definition_hash OR OLD.removed_at IS DISTINCT FROM NEW.removed_at OR OLD.state IS DISTINCT FROM NEW.state)
                    EXECUTE FUNCTION mcp.count_registry_change();
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql(
                """
                DROP TRIGGER registry_tools_changed ON mcp.mcp_tools;
                CREATE TRIGGER registry_tools_changed AFTER UPDATE ON mcp.mcp_tools FOR EACH ROW
                    WHEN (OLD.definition_hash IS DISTINCT FROM NEW.definition_hash OR OLD.removed_at IS DISTINCT FROM NEW.removed_at)
                    EXECUTE FUNCTION mcp.count_registry_change();
                """);

            migrationBuilder.DropColumn(
                name: "approved_definition",
                schema: "mcp",
                table: "mcp_tools");

            migrationBuilder.DropColumn(
                name: "approved_hashes",
                schema: "mcp",
                table: "mcp_tools");

            migrationBuilder.DropColumn(
                name: "decided_by",
                schema: "mcp",
                table: "mcp_tools");

            migrationBuilder.DropColumn(
                name: "lock_hash",
                schema: "mcp",
                table: "mcp_tools");

            migrationBuilder.DropColumn(
                name: "reason",
                schema: "mcp",
                table: "mcp_tools");

            migrationBuilder.DropColumn(
                name: "state",
                schema: "mcp",
                table: "mcp_tools");

            migrationBuilder.DropColumn(
                name: "state_since",
                schema: "mcp",
                table: "mcp_tools");

            migrationBuilder.DropColumn(
                name: "tokens",
                schema: "mcp",
                table: "mcp_tools");

            migrationBuilder.DropColumn(
                name: "definition_lock",
                schema: "mcp",
                table: "mcp_servers");
        }
    }
}
