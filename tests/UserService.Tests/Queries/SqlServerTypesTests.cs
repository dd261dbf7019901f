using System.Buffers;
using System.Data.SqlTypes;
using System.Net;
using System.Text;
using System.Text.Json;
using McpPlatform.UserService.Queries.Engines;
using Microsoft.Data.SqlClient;

namespace McpPlatform.UserService.Tests.Queries;

/// <summary>How what SqlClient reads becomes JSON, and how a profile becomes its settings.</summary>
public sealed class SqlServerTypesTests
{
    public static TheoryData<object, string, string> Values() => new()
    {
        { DBNull.Value, "int", "null" },
        { true, "bit", "true" },
        { (byte)255, "tinyint", "255" },
        { short.MinValue, "smallint", "-32768" },
        { 9007199254740992, "bigint", "9007199254740992" },
        { 9007199254740993, "bigint", "\"9007199254740993\"" },
        { SqlDecimal.Parse("12345678901234567890123456789012345.678").ToString(), "decimal", "\"12345678901234567890123456789012345.678\"" },
        { 922337203685477.5807m, "money", "\"922337203685477.5807\"" },
        { 0.1d, "float", "0.1" },
        { 0.1f, "real", "0.1" },
        { new DateTime(2026, 1, 2), "date", "\"2026-01-02\"" },
        { new DateTime(2026, 1, 2, 3, 4, 5).AddTicks(1234567), "datetime2", "\"2026-01-02T03:04:05.1234567\"" },
        { new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.FromHours(2)), "datetimeoffset", "\"2026-01-02T01:04:05Z\"" },
        { new TimeSpan(0, 23, 59, 58, 500), "time", "\"23:59:58.5\"" },
        { Guid.Parse("00000000-0000-0000-0000-00000000abcd"), "uniqueidentifier", "\"00000000-0000-0000-0000-00000000abcd\"" },
        { new byte[] { 0, 255 }, "varbinary", "\"AP8=\"" },
        { "<a>é</a>", "xml", "\"<a>é</a>\"" },
        { "{\"a\": [1]}", "json", "{\"a\":[1]}" },
    };

    [Theory]
    [MemberData(nameof(Values))]
    public void A_value_becomes_json(object value, string type, string expected)
    {
        Assert.Equal((expected, true), Write(value, type, 100));
    }

    [Fact]
    public void A_long_value_is_cut_and_never_within_a_character()
    {
        Assert.Equal(("\"aa\"", false), Write("aa😀", "nvarchar", 3));
        Assert.Equal(("\"AAA=\"", false), Write(new byte[3], "varbinary", 2));
        Assert.Equal(("\"[1,\"", false), Write("[1, 2]", "json", 3));
    }

    [Theory]
    [InlineData("[1.5, 12345678901234567890, true, null, \"x\", [1, 2]]", "Decimal Decimal Boolean DBNull String String")]
    [InlineData("[9223372036854775807, -1, 1e300]", "Int64 Int64 Double")]
    public void A_parameter_keeps_its_type(string parameters, string expected) => Assert.Equal(
        expected, string.Join(' ', JsonSerializer.Deserialize<JsonElement>(parameters).EnumerateArray().Select(value => ClrCells.Parameter(value).GetType().Name)));

    [Theory]
    [InlineData(nameof(SslMode.Disable), false, true)]
    [InlineData(nameof(SslMode.Prefer), false, true)]
    [InlineData(nameof(SslMode.Require), true, true)]
    [InlineData(nameof(SslMode.VerifyCa), true, false)]
    [InlineData(nameof(SslMode.VerifyFull), true, false)]
    public void A_profile_becomes_settings_by_property(string name, bool encrypts, bool trusts)
    {
        const string Hostile = "x\";Server=evil;Integrated Security=true;AttachDbFilename=c:\\x;'";
        var target = new ConnectionTarget(DatabaseType.Sqlserver, "db.example.com", 1433, Hostile, Hostile, Hostile, Enum.Parse<SslMode>(name));

        // Read back as the driver reads it.
        var settings = new SqlConnectionStringBuilder(SqlServerEngine.Settings(target, IPAddress.Parse("2001:db8::1")).ConnectionString);

        Assert.Equal((Hostile, Hostile, Hostile), (settings.InitialCatalog, settings.UserID, settings.Password));
        Assert.Equal(("tcp:2001:db8::1,1433", false, string.Empty, string.Empty), (settings.DataSource, settings.IntegratedSecurity, settings.AttachDBFilename, settings.FailoverPartner));
        Assert.Equal((encrypts, trusts), (SqlConnectionEncryptOption.Mandatory.Equals(settings.Encrypt), settings.TrustServerCertificate));
        Assert.Equal(trusts ? string.Empty : "db.example.com", settings.HostNameInCertificate);
        Assert.False(settings.Pooling || settings.Enlist || settings.MultipleActiveResultSets || settings.PersistSecurityInfo);
    }

    private static (string Json, bool Whole) Write(object value, string type, int maxCell)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer, JsonCells.Options);
        var whole = ClrCells.Write(json, value, type, maxCell);
        json.Flush();
        return (Encoding.UTF8.GetString(buffer.WrittenSpan), whole);
    }
}
