using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace McpPlatform.AuthService.Data.Migrations
{
    /// <inheritdoc />
    public partial class Pruning : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateIndex(
                name: "ix_openiddict_tokens_expiration_date",
                schema: "auth",
                table: "openiddict_tokens",
                column: "expiration_date");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_openiddict_tokens_expiration_date",
                schema: "auth",
                table: "openiddict_tokens");
        }
    }
}
