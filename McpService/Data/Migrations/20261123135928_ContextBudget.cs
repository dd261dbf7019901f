using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace McpPlatform.McpService.Data.Migrations
{
    /// <inheritdoc />
    public partial class ContextBudget : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<long>(
                name: "calls",
                schema: "mcp",
                table: "mcp_tools",
                type: "bigint",
                nullable: false,
                defaultValue: 0L);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "last_called_at",
                schema: "mcp",
                table: "mcp_tools",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "token_limit",
                schema: "mcp",
                table: "bundles",
                type: "integer",
                nullable: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "calls",
                schema: "mcp",
                table: "mcp_tools");

            migrationBuilder.DropColumn(
                name: "last_called_at",
                schema: "mcp",
                table: "mcp_tools");

            migrationBuilder.DropColumn(
                name: "token_limit",
                schema: "mcp",
                table: "bundles");
        }
    }
}
