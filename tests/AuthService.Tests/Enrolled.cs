using McpPlatform.AuthService.SecondFactor;

namespace McpPlatform.AuthService.Tests;

/// <summary>Somebody with a second factor, and what their authenticator knows.</summary>
internal sealed record Enrolled(Guid Id, string Username, string Token, byte[] Secret, long Step, string[] RecoveryCodes)
{
    public static async Task<Enrolled> NewAsync(AuthServiceApplication app)
    {
        var (id, username) = await app.CreateAccountAsync();
        var token = (await app.LogInAsync(username)).AccessToken;
        var enrolled = await AuthServiceApplication.JsonAsync(await app.PostAsync("/api/auth/totp/enroll", new { password = AuthServiceApplication.Password }, token));
        var secret = Decode(enrolled.GetProperty("secret").GetString()!);
        var step = TotpCode.StepOf(DateTimeOffset.UtcNow);
        var confirmed = await AuthServiceApplication.JsonAsync(await app.PostAsync("/api/auth/totp/confirm", new { otp = TotpCode.Compute(secret, step) }, token));
        return new(id, username, token, secret, step, [.. confirmed.GetProperty("recovery_codes").EnumerateArray().Select(code => code.GetString()!)]);
    }

    /// <summary>Counted from the step at which the account was enrolled, so that no test depends on where in a step it runs; the one that confirmed it is used up.</summary>
    public string Code(int offset) => TotpCode.Compute(Secret, Step + offset);

    // The secret as the authenticator has it, from the base32 text.
    public static byte[] Decode(string base32)
    {
        var bits = string.Concat(base32.Select(one => Convert.ToString("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".IndexOf(one, StringComparison.Ordinal), 2).PadLeft(5, '0')));
        return [.. Enumerable.Range(0, bits.Length / 8).Select(i => Convert.ToByte(bits.Substring(i * 8, 8), 2))];
    }
}
