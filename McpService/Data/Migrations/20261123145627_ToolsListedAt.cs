using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace McpPlatform.McpService.Data.Migrations
{
    /// <inheritdoc />
    public partial class ToolsListedAt : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "tools_listed_at",
                schema: "mcp",
                table: "mcp_servers",
                type: "timestamp with time zone",
                nullable: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "tools_listed_at",
                schema: "mcp",
                table: "mcp_servers");
        }
    }
}
