using System.Net;
using McpPlatform.AuthService.Admin;
using McpPlatform.Contracts.Messages;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.AuthService.Tests;

/// <summary>The console's commands, as the command line starts them, beside the running service.</summary>
[Collection(AuthServiceCollection.Name)]
public sealed class AdminTests(AuthServiceApplication app)
{
    [Fact]
    public async Task Unlock_lets_a_locked_account_in_at_once()
    {
        var (_, username) = await app.CreateAccountAsync();
        for (var guess = 0; guess < 5; guess++)
        {
            using var wrong = await app.PostAsync("/api/login", new { username, password = "not this one at all" });
        }

        using var locked = await app.PostAsync("/api/login", new { username, password = AuthServiceApplication.Password });
        Assert.Equal(HttpStatusCode.Unauthorized, locked.StatusCode);

        Assert.Equal(0, await app.RunAsync(["admin", "unlock", username]));

        await app.LogInAsync(username);
    }

    [Fact]
    public async Task Reset_password_ends_the_sessions_and_the_old_password()
    {
        await using var activities = await app.ListenAsync<ActivityRecorded>();
        var (_, username) = await app.CreateAccountAsync();
        var (token, refreshToken) = await app.LogInAsync(username);

        Assert.Equal(0, await app.RunAsync(["admin", "reset-password", username.ToUpperInvariant()]));

        using var old = await app.PostAsync("/api/login", new { username, password = AuthServiceApplication.Password });
        Assert.Equal(HttpStatusCode.Unauthorized, old.StatusCode);
        using var refresh = await app.PostAsync("/api/auth/refresh", new { refresh_token = refreshToken });
        Assert.Equal(HttpStatusCode.Unauthorized, refresh.StatusCode);
        await AuthServiceApplication.EventuallyAsync(async () =>
        {
            using var client = app.Client(token);
            using var me = await client.GetAsync("/api/auth/me");
            return me.StatusCode == HttpStatusCode.Unauthorized ? "ended" : null;
        });
        var activity = await activities.WaitForAsync(one => one.Action == "auth.reset_password" && one.Target == username);
        Assert.Equal("console", activity.Username);
    }

    [Theory]
    [InlineData("unlock", "nobody-of-that-name")]
    [InlineData("unlock", "\u202e")]
    [InlineData("import", "/no/such/file.csv")]
    [InlineData("no-such-command")]
    [InlineData("unlock")]
    public async Task What_cannot_be_done_is_exit_code_1(params string[] command) => Assert.Equal(1, await app.RunAsync(["admin", .. command]));

    [Fact]
    public async Task Import_takes_what_is_right_and_names_what_is_not()
    {
        var prefix = $"imp{Guid.CreateVersion7():N}"[..20];
        var hash = BCrypt.Net.BCrypt.HashPassword("imported password", 4);
        var file = $"""
            username,email,password_hash,roles,is_active
            {prefix}-One,one@example.com,{hash.Replace("$2a$", "$2b$", StringComparison.Ordinal)},user;auditor,true
            {prefix}-two,,{hash.Replace("$2a$", "$2y$", StringComparison.Ordinal)},,false
            {prefix}-three,,$2b$31${new string('a', 53)},,
            {prefix}-four,,plain text,,
            {prefix}-five,not an address,{hash},,
            {prefix}-six,,{hash},Not A Role,
            {prefix}-seven,,{hash},,maybe
            ,,{hash},,
            "{prefix}-eight",,{hash},team-of-theirs,
            """;
        List<string> lines = [];

        var dry = await app.InScopeAsync<ImportAccounts, ImportResult>(import => import.RunAsync(new StringReader(file), true, lines.Add, default));
        Assert.Equal(new ImportResult(3, 0, 6, true), dry);
        Assert.Equal(6, lines.Count);
        Assert.False(await app.InDatabaseAsync(db => db.Users.AnyAsync(account => account.UserName!.StartsWith(prefix))));

        Assert.Equal(new ImportResult(3, 0, 6, false), await app.InScopeAsync<ImportAccounts, ImportResult>(import => import.RunAsync(new StringReader(file), false, lines.Add, default)));
        Assert.Equal(new ImportResult(0, 3, 6, false), await app.InScopeAsync<ImportAccounts, ImportResult>(import => import.RunAsync(new StringReader(file), false, lines.Add, default)));

        await app.LogInAsync($"{prefix}-one", "imported password");
        using var disabled = await app.PostAsync("/api/login", new { username = $"{prefix}-two", password = "imported password" });
        Assert.Equal(HttpStatusCode.Unauthorized, disabled.StatusCode);
        var upgraded = await app.InDatabaseAsync(db => db.Users.Where(account => account.UserName == $"{prefix}-one").Select(account => account.PasswordHash).SingleAsync());
        Assert.StartsWith("$2a$10$", upgraded, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Import_command_reads_a_file_and_says_how_it_went()
    {
        var path = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(path, $"username,password_hash\nfile-{Guid.CreateVersion7():N},{BCrypt.Net.BCrypt.HashPassword("x", 4)}\n");
            Assert.Equal(0, await app.RunAsync(["admin", "import", path]));
            await File.WriteAllTextAsync(path, "name,hash\na,b\n");
            Assert.Equal(1, await app.RunAsync(["admin", "import", path]));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public async Task List_keys_command_says_what_each_key_does_and_nothing_secret()
    {
        await using var own = new AuthServiceApplication(app.Servers);
        await own.InitializeAsync();
        Assert.Equal(0, await own.RunAsync(["admin", "rotate-keys"]));
        Assert.Equal(0, await own.RunAsync(["admin", "list-keys"]));

        var lines = (await own.InScopeAsync<KeyAdministration, string>(keys => keys.ListAsync(default))).Split(Environment.NewLine);

        Assert.Equal(7, lines.Length);
        foreach (var use in (string[])["access", "internal", "encryption"])
        {
            Assert.Matches($"^[0-9a-f]{{32}}  {use} +published  [0-9-]{{10}} [0-9:]{{8}}Z  - +derived\\.", Assert.Single(lines, line => line.Contains($"  {use} ", StringComparison.Ordinal) && line.Contains("published", StringComparison.Ordinal)));
            Assert.Matches($"^[0-9a-f]{{32}}  {use} +signs +[0-9-]{{10}} [0-9:]{{8}}Z  [0-9-]{{10}} [0-9:]{{8}}Z  derived\\.", Assert.Single(lines, line => line.Contains($"  {use} ", StringComparison.Ordinal) && line.Contains("signs ", StringComparison.Ordinal)));
        }

        Assert.All(await own.InDatabaseAsync(db => db.SigningKeys.ToListAsync()), key =>
            Assert.DoesNotContain(Convert.ToBase64String(own.Service<Tokens.KeyProtector>().Unprotect(key)!), string.Join(' ', lines), StringComparison.Ordinal));
    }

    [Fact]
    public async Task Bootstrap_command_makes_a_secret_that_works_once_where_none_was_configured()
    {
        await using var own = new AuthServiceApplication(app.Servers);
        await own.InitializeAsync(("BOOTSTRAP_PASSWORD", ""));
        using var closed = await own.PostAsync("/api/auth/bootstrap", new { password = "anything at all, really", new_password = "a passphrase that is long" });
        Assert.Equal(HttpStatusCode.Conflict, closed.StatusCode);

        var sentence = await own.InScopeAsync<NewBootstrapSecret, string>(secret => secret.CreateAsync(default));

        var password = sentence.Split(" is ")[1].Split(':')[0];
        using var wrong = await own.PostAsync("/api/auth/bootstrap", new { password = "anything at all, really", new_password = "a passphrase that is long" });
        Assert.Equal(HttpStatusCode.Unauthorized, wrong.StatusCode);
        using var right = await own.PostAsync("/api/auth/bootstrap", new { password, new_password = "a passphrase that is long" });
        Assert.Equal(HttpStatusCode.Created, right.StatusCode);
        await Assert.ThrowsAsync<AdminException>(() => own.InScopeAsync<NewBootstrapSecret, string>(secret => secret.CreateAsync(default)));
    }
}
