using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace McpPlatform.McpService.Data.Migrations
{
    /// <inheritdoc />
    public partial class HealthInParts : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<int>(
                name: "consecutive_slow",
                schema: "mcp",
                table: "mcp_servers",
                type: "integer",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.AddColumn<string>(
                name: "credential_cause",
                schema: "mcp",
                table: "mcp_servers",
                type: "character varying(1024)",
                maxLength: 1024,
                nullable: true);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "credential_checked_at",
                schema: "mcp",
                table: "mcp_servers",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "credential_failures",
                schema: "mcp",
                table: "mcp_servers",
                type: "integer",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "credential_last_ok_at",
                schema: "mcp",
                table: "mcp_servers",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<double>(
                name: "credential_latency_ms",
                schema: "mcp",
                table: "mcp_servers",
                type: "double precision",
                nullable: true);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "credential_since",
                schema: "mcp",
                table: "mcp_servers",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "credential_state",
                schema: "mcp",
                table: "mcp_servers",
                type: "character varying(16)",
                maxLength: 16,
                nullable: false,
                defaultValue: "unknown");

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "next_check_at",
                schema: "mcp",
                table: "mcp_servers",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "protocol_cause",
                schema: "mcp",
                table: "mcp_servers",
                type: "character varying(1024)",
                maxLength: 1024,
                nullable: true);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "protocol_checked_at",
                schema: "mcp",
                table: "mcp_servers",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "protocol_failures",
                schema: "mcp",
                table: "mcp_servers",
                type: "integer",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "protocol_last_ok_at",
                schema: "mcp",
                table: "mcp_servers",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<double>(
                name: "protocol_latency_ms",
                schema: "mcp",
                table: "mcp_servers",
                type: "double precision",
                nullable: true);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "protocol_since",
                schema: "mcp",
                table: "mcp_servers",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "protocol_state",
                schema: "mcp",
                table: "mcp_servers",
                type: "character varying(16)",
                maxLength: 16,
                nullable: false,
                defaultValue: "unknown");

            migrationBuilder.AddColumn<string>(
                name: "reachable_cause",
                schema: "mcp",
                table: "mcp_servers",
                type: "character varying(1024)",
                maxLength: 1024,
                nullable: true);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "reachable_checked_at",
                schema: "mcp",
                table: "mcp_servers",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "reachable_failures",
                schema: "mcp",
                table: "mcp_servers",
                type: "integer",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "reachable_last_ok_at",
                schema: "mcp",
                table: "mcp_servers",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<double>(
                name: "reachable_latency_ms",
                schema: "mcp",
                table: "mcp_servers",
                type: "double precision",
                nullable: true);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "reachable_since",
                schema: "mcp",
                table: "mcp_servers",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "reachable_state",
                schema: "mcp",
                table: "mcp_servers",
                type: "character varying(16)",
                maxLength: 16,
                nullable: false,
                defaultValue: "unknown");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "consecutive_slow",
                schema: "mcp",
                table: "mcp_servers");

            migrationBuilder.DropColumn(
                name: "credential_cause",
                schema: "mcp",
                table: "mcp_servers");

            migrationBuilder.DropColumn(
                name: "credential_checked_at",
                schema: "mcp",
                table: "mcp_servers");

            migrationBuilder.DropColumn(
                name: "credential_failures",
                schema: "mcp",
                table: "mcp_servers");

            migrationBuilder.DropColumn(
                name: "credential_last_ok_at",
                schema: "mcp",
                table: "mcp_servers");

            migrationBuilder.DropColumn(
                name: "credential_latency_ms",
                schema: "mcp",
                table: "mcp_servers");

            migrationBuilder.DropColumn(
                name: "credential_since",
                schema: "mcp",
                table: "mcp_servers");

            migrationBuilder.DropColumn(
                name: "credential_state",
                schema: "mcp",
                table: "mcp_servers");

            migrationBuilder.DropColumn(
                name: "next_check_at",
                schema: "mcp",
                table: "mcp_servers");

            migrationBuilder.DropColumn(
                name: "protocol_cause",
                schema: "mcp",
                table: "mcp_servers");

            migrationBuilder.DropColumn(
                name: "protocol_checked_at",
                schema: "mcp",
                table: "mcp_servers");

            migrationBuilder.DropColumn(
                name: "protocol_failures",
                schema: "mcp",
                table: "mcp_servers");

            migrationBuilder.DropColumn(
                name: "protocol_last_ok_at",
                schema: "mcp",
                table: "mcp_servers");

            migrationBuilder.DropColumn(
                name: "protocol_latency_ms",
                schema: "mcp",
                table: "mcp_servers");

            migrationBuilder.DropColumn(
                name: "protocol_since",
                schema: "mcp",
                table: "mcp_servers");

            migrationBuilder.DropColumn(
                name: "protocol_state",
                schema: "mcp",
                table: "mcp_servers");

            migrationBuilder.DropColumn(
                name: "reachable_cause",
                schema: "mcp",
                table: "mcp_servers");

            migrationBuilder.DropColumn(
                name: "reachable_checked_at",
                schema: "mcp",
                table: "mcp_servers");

            migrationBuilder.DropColumn(
                name: "reachable_failures",
                schema: "mcp",
                table: "mcp_servers");

            migrationBuilder.DropColumn(
                name: "reachable_last_ok_at",
                schema: "mcp",
                table: "mcp_servers");

            migrationBuilder.DropColumn(
                name: "reachable_latency_ms",
                schema: "mcp",
                table: "mcp_servers");

            migrationBuilder.DropColumn(
                name: "reachable_since",
                schema: "mcp",
                table: "mcp_servers");

            migrationBuilder.DropColumn(
                name: "reachable_state",
                schema: "mcp",
                table: "mcp_servers");
        }
    }
}
