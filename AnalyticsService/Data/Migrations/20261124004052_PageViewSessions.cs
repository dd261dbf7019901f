using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace McpPlatform.AnalyticsService.Data.Migrations
{
    /// <inheritdoc />
    public partial class PageViewSessions : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "session_id",
                schema: "analytics",
                table: "page_views",
                type: "character varying(64)",
                maxLength: 64,
                nullable: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "session_id",
                schema: "analytics",
                table: "page_views");
        }
    }
}
