using System.Net;
using System.Security.Cryptography;
using System.Text;
using McpPlatform.AuthService.Tokens;
using McpPlatform.TestSupport;
using Microsoft.EntityFrameworkCore;
using Microsoft.IdentityModel.JsonWebTokens;

namespace McpPlatform.AuthService.Tests;

/// <summary>The keys at rest: the operator's keys change, are wrong, or a row is damaged.</summary>
public sealed class KeyProtectionTests(PlatformServers servers)
{
    private const string SecretKey = "a test's secret key of more than 32 characters";
    private static readonly string First = $"one:{Convert.ToBase64String(RandomNumberGenerator.GetBytes(32))}";
    private static readonly string Second = $"two:{Convert.ToBase64String(RandomNumberGenerator.GetBytes(32))}";

    [Fact]
    public async Task The_operators_key_changes_and_the_keys_stay_the_same()
    {
        await using var app = new AuthServiceApplication(servers);
        await app.InitializeAsync();
        var before = await KeyRotationTests.PublishedAsync(app);

        await using (var moved = app.StartReplica(("DATA_ENCRYPTION_KEYS", First)))
        {
            Assert.Equal(before, await KeyRotationTests.PublishedAsync(moved));
        }

        Assert.All(await ProtectionAsync(app), name => Assert.StartsWith("one.", name, StringComparison.Ordinal));
        await using (var next = app.StartReplica(("DATA_ENCRYPTION_KEYS", $"{Second},{First}")))
        {
            Assert.Equal(before, await KeyRotationTests.PublishedAsync(next));
        }

        // The first is not needed any more, nor is the derived one.
        await using var last = app.StartReplica(("DATA_ENCRYPTION_KEYS", Second), ("JWT_SECRET_KEY", string.Empty));
        Assert.Equal(before, await KeyRotationTests.PublishedAsync(last));

        // The one that was started before all that goes on with what it read.
        var (_, username) = await app.CreateAccountAsync();
        Assert.Equal(before[0], new JsonWebToken((await app.LogInAsync(username)).AccessToken).Kid);
    }

    [Fact]
    public async Task Without_the_operators_key_the_service_says_which_one_it_needs_and_touches_nothing()
    {
        await using var app = new AuthServiceApplication(servers);
        await app.InitializeAsync(("DATA_ENCRYPTION_KEYS", First));
        var before = await app.InDatabaseAsync(db => db.SigningKeys.AsNoTracking().OrderBy(key => key.Id).ToListAsync());
        await app.DisposeAsync();

        var said = await SaidAsync(() => app.RunAsync(["--urls=http://127.0.0.1:0"], ("DATA_ENCRYPTION_KEYS", Second)));

        Assert.Contains("which DATA_ENCRYPTION_KEYS does not give: add that key again.", said, StringComparison.Ordinal);
        await using var again = app.StartReplica(("DATA_ENCRYPTION_KEYS", First));
        Assert.Equivalent(before, await again.InDatabaseAsync(db => db.SigningKeys.AsNoTracking().OrderBy(key => key.Id).ToListAsync()), strict: true);
    }

    [Theory]
    [InlineData("SigningKeys:RotationDays", "0", "SigningKeys__RotationDays is '0', but must be a whole number from 1 to 365.")]
    [InlineData("SigningKeys:PublishLeadMinutes", "14", "SigningKeys__PublishLeadMinutes is '14', but must be a whole number from 15 to 1440.")]
    public async Task A_schedule_that_would_cost_tokens_is_refused(string key, string value, string sentence)
    {
        await using var app = new AuthServiceApplication(servers);

        Assert.Contains(sentence, await SaidAsync(() => app.RunAsync(["--urls=http://127.0.0.1:0"], ("ConnectionStrings:authdb", "Host=none"), (key, value))), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_of_the_first_version_are_read_and_encrypted_anew()
    {
        await using var app = new AuthServiceApplication(servers);
        await app.InitializeAsync();
        var (_, username) = await app.CreateAccountAsync();
        var (_, refresh) = await app.LogInAsync(username);
        var before = await KeyRotationTests.PublishedAsync(app);
        await app.InDatabaseAsync(async db =>
        {
            foreach (var row in await db.SigningKeys.ToListAsync())
            {
                AsFirstVersion(row, app);
            }

            return await db.SaveChangesAsync();
        });
        await app.DisposeAsync();

        await using var later = app.StartReplica();

        Assert.Equal(before, await KeyRotationTests.PublishedAsync(later));
        Assert.Equal(HttpStatusCode.OK, (await later.PostAsync("/api/auth/refresh", new { refresh_token = refresh })).StatusCode);
        Assert.All(await ProtectionAsync(later), name => Assert.StartsWith("derived.", name, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(nameof(SigningKeyUse.Access))]
    [InlineData(nameof(SigningKeyUse.Internal))]
    [InlineData(nameof(SigningKeyUse.Encryption))]
    public async Task A_flipped_byte_costs_that_key_alone(string kind)
    {
        var use = Enum.Parse<SigningKeyUse>(kind);
        await using var app = new AuthServiceApplication(servers);
        await app.InitializeAsync();
        await using var replica = app.StartReplica();
        var damaged = await app.InDatabaseAsync(async db =>
        {
            var row = await db.SigningKeys.SingleAsync(key => key.Use == use);
            row.ProtectedKey = [.. row.ProtectedKey[..^1], (byte)(row.ProtectedKey[^1] ^ 1)];
            await db.SaveChangesAsync();
            return row.Id;
        });

        foreach (var one in new[] { app, replica })
        {
            await KeyRotationTests.EventuallyAsync(() => Task.FromResult(Ids(one).Count == 3 && !Ids(one).Contains(damaged) ? "replaced" : null));
        }

        await using var started = app.StartReplica();
        Assert.Equal(Ids(app), Ids(started));
        var (_, username) = await app.CreateAccountAsync();
        var (token, refresh) = await app.LogInAsync(username);
        Assert.Equal(HttpStatusCode.OK, (await started.Client(token).GetAsync("/api/auth/me")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await started.PostAsync("/api/auth/refresh", new { refresh_token = refresh })).StatusCode);

        // It is kept, should somebody have a copy of it.
        Assert.True(await app.InDatabaseAsync(db => db.SigningKeys.AnyAsync(key => key.Id == damaged)));
    }

    internal static async Task<string> SaidAsync(Func<Task<int>> run)
    {
        var said = new StringWriter();
        var before = Console.Error;
        Console.SetError(said);
        try
        {
            Assert.Equal(1, await run());
        }
        finally
        {
            Console.SetError(before);
        }

        return said.ToString();
    }

    private static List<string> Ids(AuthServiceApplication app)
    {
        var keys = app.Keys.Current;
        return [.. keys.Published.Concat(keys.Internals).Select(one => one.Key.KeyId), .. keys.Encryptions.Select(one => one.Key.KeyId)];
    }

    private static Task<List<string>> ProtectionAsync(AuthServiceApplication app) =>
        app.InDatabaseAsync(db => db.SigningKeys.Select(key => key.ProtectionKeyId).Distinct().ToListAsync());

    // As the first version wrote it: nonce, ciphertext and tag under a key derived from JWT_SECRET_KEY, bound to the row's id.
    private static void AsFirstVersion(SigningKey row, AuthServiceApplication app)
    {
        var key = HKDF.DeriveKey(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(SecretKey), 32, info: "mcpplatform signing_keys v1"u8.ToArray());
        var secret = app.Service<KeyProtector>().Unprotect(row)!;
        var data = new byte[12 + secret.Length + 16];
        RandomNumberGenerator.Fill(data.AsSpan(0, 12));
        using var aes = new AesGcm(key, 16);
        aes.Encrypt(data.AsSpan(0, 12), secret, data.AsSpan(12, secret.Length), data.AsSpan(12 + secret.Length), Encoding.UTF8.GetBytes("signing_keys|" + row.Id));
        (row.ProtectedKey, row.ProtectionKeyId) = (data, Convert.ToHexStringLower(SHA256.HashData(key))[..16]);
    }
}
