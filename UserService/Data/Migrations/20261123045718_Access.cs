using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace McpPlatform.UserService.Data.Migrations
{
    /// <inheritdoc />
    public partial class Access : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "anonymised_at",
                schema: "users",
                table: "users",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "deleted_at",
                schema: "users",
                table: "users",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "email_version",
                schema: "users",
                table: "users",
                type: "bigint",
                nullable: false,
                defaultValue: 0L);

            migrationBuilder.CreateTable(
                name: "grants",
                schema: "users",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    subject_type = table.Column<string>(type: "character varying(8)", maxLength: 8, nullable: false),
                    subject = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    effect = table.Column<string>(type: "character varying(8)", maxLength: 8, nullable: false),
                    resource = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false, collation: "C"),
                    permissions = table.Column<string[]>(type: "text[]", nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_grants", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "teams",
                schema: "users",
                columns: table => new
                {
                    name = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    description = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_teams", x => x.name);
                });

            migrationBuilder.CreateTable(
                name: "team_members",
                schema: "users",
                columns: table => new
                {
                    team_name = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    user_id = table.Column<Guid>(type: "uuid", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_team_members", x => new { x.team_name, x.user_id });
                    table.ForeignKey(
                        name: "fk_team_members_teams_team_name",
                        column: x => x.team_name,
                        principalSchema: "users",
                        principalTable: "teams",
                        principalColumn: "name",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "fk_team_members_users_user_id",
                        column: x => x.user_id,
                        principalSchema: "users",
                        principalTable: "users",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "team_resources",
                schema: "users",
                columns: table => new
                {
                    team_name = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    resource = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false, collation: "C")
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_team_resources", x => new { x.team_name, x.resource });
                    table.ForeignKey(
                        name: "fk_team_resources_teams_team_name",
                        column: x => x.team_name,
                        principalSchema: "users",
                        principalTable: "teams",
                        principalColumn: "name",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "team_roles",
                schema: "users",
                columns: table => new
                {
                    team_name = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    role_name = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C")
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_team_roles", x => new { x.team_name, x.role_name });
                    table.ForeignKey(
                        name: "fk_team_roles_roles_role_name",
                        column: x => x.role_name,
                        principalSchema: "users",
                        principalTable: "roles",
                        principalColumn: "name",
                        onDelete: ReferentialAction.Restrict);
                    table.ForeignKey(
                        name: "fk_team_roles_teams_team_name",
                        column: x => x.team_name,
                        principalSchema: "users",
                        principalTable: "teams",
                        principalColumn: "name",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "ix_users_deleted_at",
                schema: "users",
                table: "users",
                column: "deleted_at",
                filter: "deleted_at IS NOT NULL AND anonymised_at IS NULL");

            migrationBuilder.CreateIndex(
                name: "ix_grants_subject_type_subject",
                schema: "users",
                table: "grants",
                columns: new[] { "subject_type", "subject" });

            migrationBuilder.CreateIndex(
                name: "ix_team_members_user_id",
                schema: "users",
                table: "team_members",
                column: "user_id");

            migrationBuilder.CreateIndex(
                name: "ix_team_roles_role_name",
                schema: "users",
                table: "team_roles",
                column: "role_name");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "grants",
                schema: "users");

            migrationBuilder.DropTable(
                name: "team_members",
                schema: "users");

            migrationBuilder.DropTable(
                name: "team_resources",
                schema: "users");

            migrationBuilder.DropTable(
                name: "team_roles",
                schema: "users");

            migrationBuilder.DropTable(
                name: "teams",
                schema: "users");

            migrationBuilder.DropIndex(
                name: "ix_users_deleted_at",
                schema: "users",
                table: "users");

            migrationBuilder.DropColumn(
                name: "anonymised_at",
                schema: "users",
                table: "users");

            migrationBuilder.DropColumn(
                name: "deleted_at",
                schema: "users",
                table: "users");

            migrationBuilder.DropColumn(
                name: "email_version",
                schema: "users",
                table: "users");
        }
    }
}
