using System.Text.Json;
using McpPlatform.ServiceDefaults.Telemetry;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace McpPlatform.ServiceDefaults.Tests;

public sealed class RedactionTests
{
    [Theory]
    [InlineData("Host=db;Password=hunter2;Database=x", "hunter2")]
    [InlineData("amqp://guest:hunter2@host:5672", "hunter2")]
    [InlineData("Authorization: Bearer abc.def-ghi_jkl", "abc.def")]
    [InlineData("token eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl used", "eyJhbGci")]
    [InlineData("{\"password\": \"hunter2\", \"a\": 1}", "hunter2")]
    [InlineData("/x?access_token=hunter2&y=1", "hunter2")]
    [InlineData("key mcpp_0123456789abcdef", "0123456789abcdef")]
    public void A_secret_is_masked_by_its_shape_wherever_it_stands(string text, string secret)
    {
        var masked = Redaction.Apply(text);

        Assert.DoesNotContain(secret, masked, StringComparison.Ordinal);
        Assert.Contains(Redaction.Mask, masked, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET /api/mcp/servers answered 200 in 12 ms")]
    [InlineData("The user 018f0000-0000-7000-8000-000000000000 logged in from 127.0.0.1")]
    public void Ordinary_text_stays_as_it_is(string text) => Assert.Equal(text, Redaction.Apply(text));

    [Fact]
    public void A_log_line_is_one_json_object_without_secrets_whatever_was_logged()
    {
        var state = new List<KeyValuePair<string, object?>>
        {
            new("UserPassword", "hunter2"), new("Path", "/login?password=hunter2"), new("{OriginalFormat}", "x"),
        };
        var entry = new LogEntry<List<KeyValuePair<string, object?>>>(
            LogLevel.Warning, "Test", new EventId(7), state, new InvalidOperationException("Password=hunter2;"), (_, _) => "first\nsecond password=hunter2");
        var writer = new StringWriter();

        new RedactedJsonFormatter(TimeProvider.System).Write(entry, null, writer);

        var text = writer.ToString();
        Assert.Equal(1, text.Count(character => character == '\n'));
        Assert.DoesNotContain("hunter2", text, StringComparison.Ordinal);
        var line = JsonDocument.Parse(text).RootElement;
        Assert.Equal("Warning", line.GetProperty("level").GetString());
        Assert.Equal(Redaction.Mask, line.GetProperty("fields").GetProperty("UserPassword").GetString());
    }
}
