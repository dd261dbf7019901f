using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using McpPlatform.Contracts.Identity;

namespace McpPlatform.UserService.Tests.Users;

[Collection(UserServiceCollection.Name)]
public sealed class ListUsersTests(UserServiceApplication app)
{
    [Fact]
    public async Task List_users_pages_through_all_in_order_and_none_twice()
    {
        var prefix = $"page{Guid.CreateVersion7():N}"[..20];
        string[] names = [.. Enumerable.Range(0, 7).Select(i => $"{prefix}-{i}")];
        foreach (var name in names.Reverse())
        {
            await app.CreateUserAsync(name);
        }

        using var client = app.ClientWith(Permissions.UsersRead);
        List<string> seen = [];
        string? cursor = null;
        do
        {
            var page = await client.GetFromJsonAsync<JsonElement>($"/api/users?search={prefix}&limit=3&cursor={cursor}");
            seen.AddRange(page.GetProperty("items").EnumerateArray().Select(user => user.GetProperty("username").GetString()!));
            cursor = page.GetProperty("next_cursor").GetString();
        }
        while (cursor is not null);

        Assert.Equal(names, seen);
    }

    [Fact]
    public async Task List_users_takes_search_literally()
    {
        using var client = app.ClientWith(Permissions.UsersRead);
        await app.CreateUserAsync();

        var page = await client.GetFromJsonAsync<JsonElement>("/api/users?search=%25");

        Assert.Empty(page.GetProperty("items").EnumerateArray());
    }

    [Theory]
    [InlineData("limit=0", "limit")]
    [InlineData("limit=501", "limit")]
    [InlineData("cursor=!!", "cursor")]
    [InlineData("search=%00", "search")]
    public async Task List_users_names_the_parameter_that_is_wrong(string query, string parameter)
    {
        using var client = app.ClientWith(Permissions.UsersRead);

        await (await client.GetAsync($"/api/users?{query}")).AssertInvalidAsync(parameter);
    }

    [Fact]
    public async Task No_response_has_a_password_in_the_api_document()
    {
        using var client = app.Anonymous();

        var document = await client.GetFromJsonAsync<JsonElement>("/openapi/v1.json");

        var withPassword = document.GetProperty("components").GetProperty("schemas").EnumerateObject()
            .Where(schema => schema.Value.GetRawText().Contains("password", StringComparison.OrdinalIgnoreCase)).Select(schema => schema.Name);
        Assert.All(withPassword, name => Assert.EndsWith("Request", name, StringComparison.Ordinal));
        Assert.Contains("CreateUserRequest", withPassword);
    }

    [Theory]
    [InlineData("/api/users")]
    [InlineData("/api/users/0198c0de-0000-7000-8000-000000000000")]
    public async Task Users_are_401_without_token_and_403_without_permission(string path)
    {
        using var anonymous = app.Anonymous();
        using var other = app.ClientWith(Permissions.McpToolsCall);

        await (await anonymous.GetAsync(path)).AssertProblemAsync(HttpStatusCode.Unauthorized);
        await (await other.GetAsync(path)).AssertProblemAsync(HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task Get_user_shows_the_user_without_preferences_and_an_unknown_one_is_404()
    {
        using var client = app.ClientWith(Permissions.UsersRead);
        var id = await app.CreateUserAsync(null, "auditor", "user");

        var user = await client.GetFromJsonAsync<JsonElement>($"/api/users/{id}");

        Assert.Equal(["auditor", "user"], user.Strings("roles"));
        Assert.False(user.TryGetProperty("preferences", out _));
        await (await client.GetAsync($"/api/users/{Guid.CreateVersion7()}")).AssertProblemAsync(HttpStatusCode.NotFound);
    }
}
