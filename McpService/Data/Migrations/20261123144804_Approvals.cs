using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace McpPlatform.McpService.Data.Migrations
{
    /// <inheritdoc />
    public partial class Approvals : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<bool>(
                name: "requires_approval",
                schema: "mcp",
                table: "mcp_tools",
                type: "boolean",
                nullable: false,
                defaultValue: false);

            migrationBuilder.CreateTable(
                name: "tool_approvals",
                schema: "mcp",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    server_id = table.Column<Guid>(type: "uuid", nullable: false),
                    tool = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false),
                    user_id = table.Column<Guid>(type: "uuid", nullable: false),
                    username = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false),
                    arguments_hash = table.Column<string>(type: "character(64)", fixedLength: true, maxLength: 64, nullable: false),
                    protected_arguments = table.Column<byte[]>(type: "bytea", nullable: false),
                    state = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    decided_by = table.Column<Guid>(type: "uuid", nullable: true),
                    decided_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    reason = table.Column<string>(type: "character varying(1024)", maxLength: 1024, nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_tool_approvals", x => x.id);
                    table.ForeignKey(
                        name: "fk_tool_approvals_servers_server_id",
                        column: x => x.server_id,
                        principalSchema: "mcp",
                        principalTable: "mcp_servers",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "ix_tool_approvals_expires_at",
                schema: "mcp",
                table: "tool_approvals",
                column: "expires_at");

            migrationBuilder.CreateIndex(
                name: "ix_tool_approvals_server_id",
                schema: "mcp",
                table: "tool_approvals",
                column: "server_id");

            migrationBuilder.CreateIndex(
                name: "ix_tool_approvals_user_id_server_id_arguments_hash",
                schema: "mcp",
                table: "tool_approvals",
                columns: new[] { "user_id", "server_id", "arguments_hash" });

            migrationBuilder.Sql(
                """
                DROP TRIGGER registry_tools_changed ON mcp.mcp_tools;
                CREATE TRIGGER registry_tools_changed AFTER UPDATE ON mcp.mcp_tools FOR EACH ROW
                    WHEN (OLD.definition_hash IS DISTINCT FROM NEW.definition_hash OR OLD.removed_at IS DISTINCT FROM NEW.removed_at OR OLD.state IS DISTINCT FROM NEW.state OR OLD.requires_approval <> NEW.requires_approval)
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
                    WHEN (OLD.definition_hash IS DISTINCT FROM NEW.definition_hash OR OLD.removed_at IS DISTINCT FROM NEW.removed_at OR OLD.state IS DISTINCT FROM NEW.state)
                    EXECUTE FUNCTION mcp.count_registry_change();
                """);

            migrationBuilder.DropTable(
                name: "tool_approvals",
                schema: "mcp");

            migrationBuilder.DropColumn(
                name: "requires_approval",
                schema: "mcp",
                table: "mcp_tools");
        }
    }
}
