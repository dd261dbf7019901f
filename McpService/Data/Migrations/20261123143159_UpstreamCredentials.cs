using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace McpPlatform.McpService.Data.Migrations
{
    /// <inheritdoc />
    public partial class UpstreamCredentials : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "credential_owner",
                schema: "mcp",
                table: "mcp_servers",
                type: "character varying(8)",
                maxLength: 8,
                nullable: false,
                defaultValue: "server");

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "sessions_since",
                schema: "mcp",
                table: "mcp_servers",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "upstream_credentials",
                schema: "mcp",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    server_id = table.Column<Guid>(type: "uuid", nullable: false),
                    user_id = table.Column<Guid>(type: "uuid", nullable: true),
                    protected_headers = table.Column<byte[]>(type: "bytea", nullable: false),
                    headers_key = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false),
                    header_names = table.Column<string[]>(type: "text[]", nullable: false),
                    updated_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_upstream_credentials", x => x.id);
                    table.ForeignKey(
                        name: "fk_upstream_credentials_servers_server_id",
                        column: x => x.server_id,
                        principalSchema: "mcp",
                        principalTable: "mcp_servers",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "ix_upstream_credentials_server_id_user_id",
                schema: "mcp",
                table: "upstream_credentials",
                columns: new[] { "server_id", "user_id" },
                unique: true)
                .Annotation("Npgsql:NullsDistinct", false);

            migrationBuilder.Sql(
                """
                DROP TRIGGER registry_servers ON mcp.mcp_servers;
                CREATE TRIGGER registry_servers AFTER INSERT OR DELETE OR UPDATE OF name, description, transport, url, enabled, credential_owner, sessions_since ON mcp.mcp_servers
                    FOR EACH STATEMENT EXECUTE FUNCTION mcp.count_registry_change();
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql(
                """
                DROP TRIGGER registry_servers ON mcp.mcp_servers;
                CREATE TRIGGER registry_servers AFTER INSERT OR DELETE OR UPDATE OF name, description, transport, url, enabled ON mcp.mcp_servers
                    FOR EACH STATEMENT EXECUTE FUNCTION mcp.count_registry_change();
                """);

            migrationBuilder.DropTable(
                name: "upstream_credentials",
                schema: "mcp");

            migrationBuilder.DropColumn(
                name: "credential_owner",
                schema: "mcp",
                table: "mcp_servers");

            migrationBuilder.DropColumn(
                name: "sessions_since",
                schema: "mcp",
                table: "mcp_servers");
        }
    }
}
