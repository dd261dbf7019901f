using System;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

#nullable disable

namespace McpPlatform.McpService.Data.Migrations
{
    /// <inheritdoc />
    public partial class Bundles : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "bundles",
                schema: "mcp",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    name = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    description = table.Column<string>(type: "character varying(1024)", maxLength: 1024, nullable: true),
                    prefix = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    enabled = table.Column<bool>(type: "boolean", nullable: false),
                    created_by = table.Column<Guid>(type: "uuid", nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    updated_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_bundles", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "registry_version",
                schema: "mcp",
                columns: table => new
                {
                    id = table.Column<int>(type: "integer", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    version = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_registry_version", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "bundle_servers",
                schema: "mcp",
                columns: table => new
                {
                    server_id = table.Column<Guid>(type: "uuid", nullable: false),
                    bundle_id = table.Column<Guid>(type: "uuid", nullable: false),
                    position = table.Column<int>(type: "integer", nullable: false),
                    tools = table.Column<string[]>(type: "text[]", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_bundle_servers", x => new { x.bundle_id, x.server_id });
                    table.ForeignKey(
                        name: "fk_bundle_servers_bundles_bundle_id",
                        column: x => x.bundle_id,
                        principalSchema: "mcp",
                        principalTable: "bundles",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "fk_bundle_servers_servers_server_id",
                        column: x => x.server_id,
                        principalSchema: "mcp",
                        principalTable: "mcp_servers",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.InsertData(
                schema: "mcp",
                table: "registry_version",
                columns: new[] { "id", "version" },
                values: new object[] { 1, 0L });

            migrationBuilder.CreateIndex(
                name: "ix_bundle_servers_server_id",
                schema: "mcp",
                table: "bundle_servers",
                column: "server_id");

            migrationBuilder.CreateIndex(
                name: "ix_bundles_name",
                schema: "mcp",
                table: "bundles",
                column: "name",
                unique: true);

            // Counts the changes that the registry in memory follows; not what the monitor writes every few seconds.
            migrationBuilder.Sql(
                """
                CREATE FUNCTION mcp.count_registry_change() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    UPDATE mcp.registry_version SET version = version + 1;
                    RETURN NULL;
                END $$;
                CREATE TRIGGER registry_servers AFTER INSERT OR DELETE OR UPDATE OF name, description, transport, url, enabled ON mcp.mcp_servers
                    FOR EACH STATEMENT EXECUTE FUNCTION mcp.count_registry_change();
                CREATE TRIGGER registry_tools_new AFTER INSERT OR DELETE ON mcp.mcp_tools FOR EACH ROW EXECUTE FUNCTION mcp.count_registry_change();
                CREATE TRIGGER registry_tools_changed AFTER UPDATE ON mcp.mcp_tools FOR EACH ROW
                    WHEN (OLD.definition_hash IS DISTINCT FROM NEW.definition_hash OR OLD.removed_at IS DISTINCT FROM NEW.removed_at)
                    EXECUTE FUNCTION mcp.count_registry_change();
                CREATE TRIGGER registry_bundles AFTER INSERT OR DELETE OR UPDATE ON mcp.bundles FOR EACH STATEMENT EXECUTE FUNCTION mcp.count_registry_change();
                CREATE TRIGGER registry_bundle_servers AFTER INSERT OR DELETE OR UPDATE ON mcp.bundle_servers FOR EACH STATEMENT EXECUTE FUNCTION mcp.count_registry_change();
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql(
                """
                DROP TRIGGER registry_servers ON mcp.mcp_servers;
                DROP TRIGGER registry_tools_new ON mcp.mcp_tools;
                DROP TRIGGER registry_tools_changed ON mcp.mcp_tools;
                """);

            migrationBuilder.DropTable(
                name: "bundle_servers",
                schema: "mcp");

            migrationBuilder.DropTable(
                name: "registry_version",
                schema: "mcp");

            migrationBuilder.DropTable(
                name: "bundles",
                schema: "mcp");

            migrationBuilder.Sql("DROP FUNCTION mcp.count_registry_change();");
        }
    }
}
