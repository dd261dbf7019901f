using System.Security.Cryptography;
using System.Text;
using McpPlatform.ServiceDefaults.Secrets;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace McpPlatform.ServiceDefaults.Tests;

/// <summary>Secrets at rest: what opens them, and what does not.</summary>
public sealed class SecretsTests
{
    private const string Context = "database_connections|row|owner", Derived = "0123456789abcdef0123456789abcdef";
    private static readonly string KeyA = NewKey(), KeyB = NewKey();
    private static readonly byte[] Secret = "a password: \0 and ünïcode"u8.ToArray();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(10_000)]
    public void A_secret_of_any_length_comes_back(int length)
    {
        var secret = RandomNumberGenerator.GetBytes(length);
        var protector = Protector($"a:{KeyA}");

        Assert.Equal(secret, protector.Unprotect(protector.Protect(secret, Context), Context));
    }

    [Fact]
    public void The_same_secret_never_looks_the_same_and_never_shows()
    {
        var protector = Protector($"a:{KeyA}");

        var (one, two) = (protector.Protect(Secret, Context), protector.Protect(Secret, Context));

        Assert.NotEqual(Convert.ToHexString(one)[40..], Convert.ToHexString(two)[40..]);
        Assert.DoesNotContain("password", Encoding.Latin1.GetString(one), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("database_connections|other|owner")]
    [InlineData("database_connections|row|other")]
    [InlineData("upstream_credentials|row|owner")]
    [InlineData("")]
    public void A_ciphertext_that_was_moved_to_another_place_does_not_open(string context)
    {
        var protector = Protector($"a:{KeyA}");
        var data = protector.Protect(Secret, Context);

        Assert.Throws<SecretUnreadableException>(() => protector.Unprotect(data, context));
    }

    [Fact]
    public void Every_flipped_bit_and_every_cut_is_noticed()
    {
        var protector = Protector($"a:{KeyA}", Derived);
        var data = protector.Protect(Secret, Context);

        for (var i = 0; i < data.Length; i++)
        {
            var flipped = (byte[])data.Clone();
            flipped[i] ^= (byte)(1 << (i % 8));
            Assert.Throws<SecretUnreadableException>(() => protector.Unprotect(flipped, Context));
            Assert.Throws<SecretUnreadableException>(() => protector.Unprotect(data[..i], Context));
        }
    }

    [Fact]
    public void Parts_of_two_secrets_of_one_place_cannot_be_mixed()
    {
        var protector = Protector($"a:{KeyA}");
        var (one, two) = (protector.Protect(Secret, Context), protector.Protect(Secret, Context));
        var secretPart = one.Length - Secret.Length - 28;

        Assert.Throws<SecretUnreadableException>(() => protector.Unprotect([.. one[..secretPart], .. two[secretPart..]], Context));
    }

    [Fact]
    public void Another_key_does_not_open_it_and_the_sentence_names_the_one_that_is_needed()
    {
        var data = Protector($"a:{KeyA}").Protect(Secret, Context);
        var wrong = Protector($"a:{KeyB}", Derived);

        var exception = Assert.Throws<SecretUnreadableException>(() => wrong.Unprotect(data, Context));

        Assert.Contains(SecretProtector.KeyOf(data)!, exception.Message, StringComparison.Ordinal);
        Assert.False(wrong.Knows(SecretProtector.KeyOf(data)!));
        Assert.StartsWith("a.", SecretProtector.KeyOf(data), StringComparison.Ordinal);
    }

    [Fact]
    public void Rotation_reads_with_both_keys_and_then_does_without_the_old_one()
    {
        var old = Protector($"a:{KeyA}").Protect(Secret, Context);
        var both = Protector($"b:{KeyB},a:{KeyA}");

        Assert.False(both.IsCurrent(old));
        Assert.True(both.Knows(SecretProtector.KeyOf(old)!));
        var fresh = both.Protect(both.Unprotect(old, Context), Context);

        Assert.True(both.IsCurrent(fresh));
        var after = Protector($"b:{KeyB}");
        Assert.Equal(Secret, after.Unprotect(fresh, Context));
        Assert.Throws<SecretUnreadableException>(() => after.Unprotect(old, Context));
    }

    [Fact]
    public void Keys_of_the_operator_take_over_from_the_derived_one_which_still_opens()
    {
        var old = Protector(null, Derived).Protect(Secret, Context);
        var both = Protector($"a:{KeyA}", Derived);

        Assert.Equal(Secret, both.Unprotect(old, Context));
        Assert.False(both.IsCurrent(old));
        Assert.StartsWith("a.", both.ActiveKey, StringComparison.Ordinal);
        Assert.Throws<SecretUnreadableException>(() => Protector(null, Derived + "x").Unprotect(old, Context));
    }

    [Theory]
    [InlineData(null, null, "Neither DATA_ENCRYPTION_KEYS nor JWT_SECRET_KEY is set")]
    [InlineData(null, "short", "JWT_SECRET_KEY has 5 characters")]
    [InlineData("c2hvcnQ=", null, "DATA_ENCRYPTION_KEYS must be a comma list of id:key")]
    [InlineData("a:c2hvcnQ=", null, "DATA_ENCRYPTION_KEYS must be a comma list of id:key")]
    [InlineData("a:not base64", null, "DATA_ENCRYPTION_KEYS must be a comma list of id:key")]
    [InlineData("A!:{key}", null, "DATA_ENCRYPTION_KEYS must be a comma list of id:key")]
    [InlineData("a:{key},a:{key}", null, "DATA_ENCRYPTION_KEYS names an id twice")]
    public void Wrong_keys_stop_the_service_in_a_sentence_without_the_key(string? keys, string? secret, string sentence)
    {
        var result = new SecretsOptionsValidator().Validate(null, new SecretsOptions
        {
            DataEncryptionKeys = keys?.Replace("{key}", KeyA, StringComparison.Ordinal) ?? "", SecretKey = secret ?? "",
        });

        Assert.Contains(result.Failures!, failure => failure.StartsWith(sentence, StringComparison.Ordinal));
        Assert.All(result.Failures!, failure => Assert.DoesNotContain("c2hvcnQ=", failure, StringComparison.Ordinal));
        Assert.All(result.Failures!, failure => Assert.DoesNotContain(KeyA, failure, StringComparison.Ordinal));
    }

    [Fact]
    public void The_keys_come_from_the_variables_that_operators_set()
    {
        var builder = WebApplication.CreateBuilder();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["DATA_ENCRYPTION_KEYS"] = $"k7:{KeyA}", ["JWT_SECRET_KEY"] = Derived });
        builder.AddSecretProtection();
        using var app = builder.Services.BuildServiceProvider();

        Assert.StartsWith("k7.", app.GetRequiredService<SecretProtector>().ActiveKey, StringComparison.Ordinal);
    }

    private static SecretProtector Protector(string? keys, string? secret = null) =>
        new(Options.Create(new SecretsOptions { DataEncryptionKeys = keys ?? "", SecretKey = secret ?? "" }));

    private static string NewKey() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
}
