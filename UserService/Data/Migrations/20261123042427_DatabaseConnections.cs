using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace McpPlatform.UserService.Data.Migrations
{
    /// <inheritdoc />
    public partial class DatabaseConnections : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "access_policy",
                schema: "users",
                columns: table => new
                {
                    id = table.Column<short>(type: "smallint", nullable: false),
                    version = table.Column<long>(type: "bigint", nullable: false),
                    policy = table.Column<string>(type: "jsonb", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_access_policy", x => x.id);
                    table.CheckConstraint("ck_access_policy_one_row", "id = 1");
                });

            migrationBuilder.CreateTable(
                name: "database_connections",
                schema: "users",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    owner_id = table.Column<Guid>(type: "uuid", nullable: false),
                    owner_username = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    name = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    database_type = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    host = table.Column<string>(type: "character varying(253)", maxLength: 253, nullable: false),
                    port = table.Column<int>(type: "integer", nullable: false),
                    database = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false),
                    username = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false),
                    ssl_mode = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    read_only = table.Column<bool>(type: "boolean", nullable: false),
                    protected_password = table.Column<byte[]>(type: "bytea", nullable: false),
                    password_key = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    updated_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    xmin = table.Column<uint>(type: "xid", rowVersion: true, nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_database_connections", x => x.id);
                    table.ForeignKey(
                        name: "fk_database_connections_users_owner_id",
                        column: x => x.owner_id,
                        principalSchema: "users",
                        principalTable: "users",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "database_connection_roles",
                schema: "users",
                columns: table => new
                {
                    connection_id = table.Column<Guid>(type: "uuid", nullable: false),
                    role_name = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C")
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_database_connection_roles", x => new { x.connection_id, x.role_name });
                    table.ForeignKey(
                        name: "fk_database_connection_roles_database_connections_connection_id",
                        column: x => x.connection_id,
                        principalSchema: "users",
                        principalTable: "database_connections",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "fk_database_connection_roles_roles_role_name",
                        column: x => x.role_name,
                        principalSchema: "users",
                        principalTable: "roles",
                        principalColumn: "name",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "ix_database_connection_roles_role_name",
                schema: "users",
                table: "database_connection_roles",
                column: "role_name");

            migrationBuilder.CreateIndex(
                name: "ix_database_connections_owner_id_name",
                schema: "users",
                table: "database_connections",
                columns: new[] { "owner_id", "name" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_database_connections_password_key",
                schema: "users",
                table: "database_connections",
                column: "password_key");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "access_policy",
                schema: "users");

            migrationBuilder.DropTable(
                name: "database_connection_roles",
                schema: "users");

            migrationBuilder.DropTable(
                name: "database_connections",
                schema: "users");
        }
    }
}
