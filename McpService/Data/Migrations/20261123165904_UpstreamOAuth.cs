using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace McpPlatform.McpService.Data.Migrations
{
    /// <inheritdoc />
    public partial class UpstreamOAuth : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "auth",
                schema: "mcp",
                table: "mcp_servers",
                type: "jsonb",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "upstream_clients",
                schema: "mcp",
                columns: table => new
                {
                    server_id = table.Column<Guid>(type: "uuid", nullable: false),
                    issuer = table.Column<string>(type: "character varying(2048)", maxLength: 2048, nullable: false),
                    protected_client = table.Column<byte[]>(type: "bytea", nullable: false),
                    client_key = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_upstream_clients", x => new { x.server_id, x.issuer });
                    table.ForeignKey(
                        name: "fk_upstream_clients_servers_server_id",
                        column: x => x.server_id,
                        principalSchema: "mcp",
                        principalTable: "mcp_servers",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "upstream_tokens",
                schema: "mcp",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    server_id = table.Column<Guid>(type: "uuid", nullable: false),
                    user_id = table.Column<Guid>(type: "uuid", nullable: true),
                    protected_tokens = table.Column<byte[]>(type: "bytea", nullable: false),
                    tokens_key = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false),
                    issuer = table.Column<string>(type: "character varying(2048)", maxLength: 2048, nullable: false),
                    scopes = table.Column<string>(type: "text", nullable: true),
                    expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    renew_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    lapsed = table.Column<string>(type: "character varying(1024)", maxLength: 1024, nullable: true),
                    updated_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_upstream_tokens", x => x.id);
                    table.ForeignKey(
                        name: "fk_upstream_tokens_servers_server_id",
                        column: x => x.server_id,
                        principalSchema: "mcp",
                        principalTable: "mcp_servers",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "ix_upstream_tokens_server_id_user_id",
                schema: "mcp",
                table: "upstream_tokens",
                columns: new[] { "server_id", "user_id" },
                unique: true)
                .Annotation("Npgsql:NullsDistinct", false);

            migrationBuilder.Sql(
                """
                DROP TRIGGER registry_servers ON mcp.mcp_servers;
                CREATE TRIGGER registry_servers AFTER INSERT OR DELETE OR UPDATE OF name, description, transport, url, enabled, credential_owner, sessions_since, auth ON mcp.mcp_servers
                    FOR EACH STATEMENT EXECUTE FUNCTION mcp.count_registry_change();
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql(
                """
                DROP TRIGGER registry_servers ON mcp.mcp_servers;
                CREATE TRIGGER registry_servers AFTER INSERT OR DELETE OR UPDATE OF name, description, transport, url, enabled, credential_owner, sessions_since ON mcp.mcp_servers
                    FOR EACH STATEMENT EXECUTE FUNCTION mcp.count_registry_change();
                """);

            migrationBuilder.DropTable(
                name: "upstream_clients",
                schema: "mcp");

            migrationBuilder.DropTable(
                name: "upstream_tokens",
                schema: "mcp");

            migrationBuilder.DropColumn(
                name: "auth",
                schema: "mcp",
                table: "mcp_servers");
        }
    }
}
