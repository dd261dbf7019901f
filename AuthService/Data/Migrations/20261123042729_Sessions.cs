using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace McpPlatform.AuthService.Data.Migrations
{
    /// <inheritdoc />
    public partial class Sessions : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropForeignKey(
                name: "fk_openiddict_authorizations_openiddict_applications_applicati",
                schema: "auth",
                table: "openiddict_authorizations");

            migrationBuilder.DropForeignKey(
                name: "fk_openiddict_tokens_openiddict_applications_application_id",
                schema: "auth",
                table: "openiddict_tokens");

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "authenticated_at",
                schema: "auth",
                table: "openiddict_authorizations",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "ip",
                schema: "auth",
                table: "openiddict_authorizations",
                type: "character varying(45)",
                maxLength: 45,
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "kind",
                schema: "auth",
                table: "openiddict_authorizations",
                type: "character varying(16)",
                maxLength: 16,
                nullable: true);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "last_seen_at",
                schema: "auth",
                table: "openiddict_authorizations",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "user_agent",
                schema: "auth",
                table: "openiddict_authorizations",
                type: "character varying(256)",
                maxLength: 256,
                nullable: true);

            migrationBuilder.AddForeignKey(
                name: "fk_openiddict_authorizations_open_iddict_applications_applicatio",
                schema: "auth",
                table: "openiddict_authorizations",
                column: "application_id",
                principalSchema: "auth",
                principalTable: "openiddict_applications",
                principalColumn: "id");

            migrationBuilder.AddForeignKey(
                name: "fk_openiddict_tokens_open_iddict_applications_application_id",
                schema: "auth",
                table: "openiddict_tokens",
                column: "application_id",
                principalSchema: "auth",
                principalTable: "openiddict_applications",
                principalColumn: "id");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropForeignKey(
                name: "fk_openiddict_authorizations_open_iddict_applications_applicatio",
                schema: "auth",
                table: "openiddict_authorizations");

            migrationBuilder.DropForeignKey(
                name: "fk_openiddict_tokens_open_iddict_applications_application_id",
                schema: "auth",
                table: "openiddict_tokens");

            migrationBuilder.DropColumn(
                name: "authenticated_at",
                schema: "auth",
                table: "openiddict_authorizations");

            migrationBuilder.DropColumn(
                name: "ip",
                schema: "auth",
                table: "openiddict_authorizations");

            migrationBuilder.DropColumn(
                name: "kind",
                schema: "auth",
                table: "openiddict_authorizations");

            migrationBuilder.DropColumn(
                name: "last_seen_at",
                schema: "auth",
                table: "openiddict_authorizations");

            migrationBuilder.DropColumn(
                name: "user_agent",
                schema: "auth",
                table: "openiddict_authorizations");

            migrationBuilder.AddForeignKey(
                name: "fk_openiddict_authorizations_openiddict_applications_applicati",
                schema: "auth",
                table: "openiddict_authorizations",
                column: "application_id",
                principalSchema: "auth",
                principalTable: "openiddict_applications",
                principalColumn: "id");

            migrationBuilder.AddForeignKey(
                name: "fk_openiddict_tokens_openiddict_applications_application_id",
                schema: "auth",
                table: "openiddict_tokens",
                column: "application_id",
                principalSchema: "auth",
                principalTable: "openiddict_applications",
                principalColumn: "id");
        }
    }
}
