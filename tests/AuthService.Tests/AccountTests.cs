using System.Net;
using System.Text.Json;
using McpPlatform.AuthService.Accounts;
using McpPlatform.Contracts.Messages;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace McpPlatform.AuthService.Tests;

[Collection(AuthServiceCollection.Name)]
public sealed class AccountTests(AuthServiceApplication app)
{
    [Fact]
    public async Task Only_a_service_makes_accounts()
    {
        var (_, username) = await app.CreateAccountAsync("users.manage", "permissions.manage");
        var (token, _) = await app.LogInAsync(username);
        var body = new { id = Guid.CreateVersion7(), username = "x", password = AuthServiceApplication.Password, roles = new[] { "admin" }, permissions = new[] { "users.manage" } };

        Assert.Equal(HttpStatusCode.Unauthorized, (await app.PostAsync("/internal/accounts", body)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await app.PostAsync("/internal/accounts", body, token)).StatusCode);
    }

    [Fact]
    public async Task The_same_wish_twice_makes_one_account_and_announces_it_once()
    {
        await using var probe = await app.ListenAsync<UserCreated>();
        var id = Guid.CreateVersion7();
        var body = new { id, username = $"Ann-{id:N}", email = "ann@example.com", password = AuthServiceApplication.Password, roles = new[] { "user" }, permissions = Array.Empty<string>() };
        var service = await app.ServiceTokenAsync();

        using var first = await app.PostAsync("/internal/accounts", body, service);
        using var second = await app.PostAsync("/internal/accounts", body, service);

        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.OK), (first.StatusCode, second.StatusCode));
        Assert.Equal($"ann-{id:N}", (await probe.WaitForAsync(fact => fact.UserId == id)).Username);
        await app.CreateAccountAsync();
        Assert.Single(probe.All(fact => fact.UserId == id));
    }

    [Theory]
    [InlineData("ANN")]
    [InlineData("ａnn")]
    public async Task A_name_that_looks_the_same_is_taken(string prefix)
    {
        var suffix = Guid.CreateVersion7().ToString("N");
        var service = await app.ServiceTokenAsync();
        object Body(string name) => new { id = Guid.CreateVersion7(), username = name, password = AuthServiceApplication.Password, roles = Array.Empty<string>(), permissions = Array.Empty<string>() };
        Assert.Equal(HttpStatusCode.Created, (await app.PostAsync("/internal/accounts", Body("ann" + suffix), service)).StatusCode);

        using var response = await app.PostAsync("/internal/accounts", Body(prefix + suffix), service);

        Assert.Equal(HttpStatusCode.Conflict, response.StatusCode);
    }

    [Theory]
    [InlineData("a\u200Bnn", AuthServiceApplication.Password, "username")]
    [InlineData(" ann", AuthServiceApplication.Password, "username")]
    [InlineData("a\u202Enn", AuthServiceApplication.Password, "username")]
    [InlineData("ann", "short", "password")]
    [InlineData("annabella-smith", "annabella-smith1", "password")]
    [InlineData("ann", "aaaaaaaaaaaaaaaaaaa", "password")]
    public async Task A_name_or_password_that_is_not_allowed_names_the_field(string username, string password, string field)
    {
        using var response = await app.PostAsync(
            "/internal/accounts", new { id = Guid.CreateVersion7(), username, password, roles = Array.Empty<string>(), permissions = Array.Empty<string>() }, await app.ServiceTokenAsync());

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var problem = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), problem.GetRawText());
    }

    [Theory]
    [InlineData("аnn")] // Cyrillic а among Latin letters
    [InlineData("αdmin")] // Greek α
    [InlineData("сосо")] // Cyrillic letters alone, all of which look Latin
    [InlineData("a\u034Fnn")]
    [InlineData("a\uFE0Fnn")]
    [InlineData("a\U000E0061nn")]
    [InlineData("a\u3164nn")]
    [InlineData("a\u0000nn")]
    [InlineData("a\uD800nn")]
    [InlineData("ann  smith")]
    [InlineData("ann\u2028smith")]
    [InlineData("\u0301ann")]
    [InlineData("a\u0301\u0302\u0303nn")]
    [InlineData("ann/prod")]
    [InlineData("ann*")]
    [InlineData("connection:ann")]
    [InlineData("ꭺnn")] // Cherokee
    public void A_name_that_could_be_taken_for_another_is_refused(string username) => Assert.False(Usernames.TryCanonicalize(username, out _));

    [Theory]
    [InlineData("Ann.O'Neil-Smith_2+x@example.com", "ann.o'neil-smith_2+x@example.com")]
    [InlineData("Ann  Smith", null)]
    [InlineData("Ann\u00A0Smith", "ann smith")]
    [InlineData("Ｒｅｎé", "rené")]
    [InlineData("Рома", "рома")]
    [InlineData("Γιώργος", "γιώργος")]
    [InlineData("山田Taro", "山田taro")]
    [InlineData("ﬁn", "fin")]
    [InlineData("हिन्दी", "हिन्दी")]
    public void A_name_has_one_spelling(string username, string? canonical)
    {
        Assert.Equal(canonical is not null, Usernames.TryCanonicalize(username, out var found));
        Assert.Equal(canonical ?? string.Empty, found);
    }

    [Fact]
    public void Passwords_that_differ_after_72_bytes_differ_and_nul_is_no_end()
    {
        var hasher = new BcryptPasswordHasher(Options.Create(new PasswordsOptions { BcryptCost = "10" }));
        var longOne = new string('x', 80);

        Assert.Equal(PasswordVerificationResult.Success, hasher.VerifyHashedPassword(null!, hasher.HashPassword(null!, longOne), longOne));
        Assert.Equal(PasswordVerificationResult.Failed, hasher.VerifyHashedPassword(null!, hasher.HashPassword(null!, longOne), longOne + "y"));
        Assert.Equal(PasswordVerificationResult.Failed, hasher.VerifyHashedPassword(null!, hasher.HashPassword(null!, "before\0after"), "before\0other"));
    }

    [Theory]
    [InlineData("$2b$31$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234")]
    [InlineData("$2b$12$tooshort")]
    [InlineData("pbkdf2$foreign")]
    [InlineData("")]
    public void A_hash_that_is_no_bcrypt_of_a_bearable_cost_fails_at_once(string hash)
    {
        var hasher = new BcryptPasswordHasher(Options.Create(new PasswordsOptions { BcryptCost = "10" }));

        Assert.Equal(PasswordVerificationResult.Failed, hasher.VerifyHashedPassword(null!, hash, "anything"));
    }
}
