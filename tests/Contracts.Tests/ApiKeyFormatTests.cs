using McpPlatform.Contracts.Identity;

namespace McpPlatform.Contracts.Tests;

public sealed class ApiKeyFormatTests
{
    [Fact]
    public void A_key_is_read_back_and_no_two_are_the_same()
    {
        var (key, name) = ApiKeyFormat.Create();

        Assert.Equal(ApiKeyFormat.Length, key.Length);
        Assert.True(ApiKeyFormat.TryParse(key, out var read));
        Assert.Equal(name, read);
        Assert.NotEqual(key, ApiKeyFormat.Create().Key);
        Assert.NotEqual(ApiKeyFormat.Hash(key), ApiKeyFormat.Hash(ApiKeyFormat.Create().Key));
    }

    [Fact]
    public void One_wrong_character_anywhere_is_seen_without_asking_anybody()
    {
        var (key, _) = ApiKeyFormat.Create();

        for (var position = 0; position < key.Length; position++)
        {
            var wrong = key[..position] + (key[position] == 'x' ? 'y' : 'x') + key[(position + 1)..];
            Assert.False(ApiKeyFormat.TryParse(wrong, out _), $"position {position}");
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("mcpp_")]
    [InlineData("mcpp_0123456789abcdef_short")]
    [InlineData("mcpp_0123456789abcdef_\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9")]
    public void What_is_no_key_is_refused(string? text) => Assert.False(ApiKeyFormat.TryParse(text, out _));
}
