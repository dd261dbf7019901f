using McpPlatform.AuthService.Telemetry;
using Microsoft.AspNetCore.Identity;

namespace McpPlatform.AuthService.Accounts;

/// <summary>Hashing takes a core for a fifth of a second: as many at once as there are cores, and a short queue.</summary>
internal sealed class PasswordWork(IPasswordHasher<Account> hasher, AuthTelemetry telemetry) : IDisposable
{
    private static readonly int QueueLimit = Environment.ProcessorCount * 8;
    private readonly SemaphoreSlim cores = new(Environment.ProcessorCount);
    private readonly Lazy<string> dummyHash = new(() => hasher.HashPassword(null!, "nobody has this password"));
    private int waiting;

    /// <summary>Hashes a new password.</summary>
    /// <exception cref="PasswordWorkBusyException">Too many wait.</exception>
    public Task<string> HashAsync(string password, CancellationToken cancellationToken) =>
        RunAsync(() => hasher.HashPassword(null!, password), cancellationToken);

    /// <summary>Verifies a password; without a hash it takes as long and fails, so that nobody learns from the time whether an account exists.</summary>
    /// <exception cref="PasswordWorkBusyException">Too many wait.</exception>
    public Task<PasswordVerificationResult> VerifyAsync(string? hash, string password, CancellationToken cancellationToken) => RunAsync(() =>
    {
        var result = hasher.VerifyHashedPassword(null!, hash ?? dummyHash.Value, password);
        return hash is null ? PasswordVerificationResult.Failed : result;
    }, cancellationToken);

    public void Dispose() => cores.Dispose();

    private async Task<T> RunAsync<T>(Func<T> work, CancellationToken cancellationToken)
    {
        if (Interlocked.Increment(ref waiting) > QueueLimit)
        {
            Interlocked.Decrement(ref waiting);
            throw new PasswordWorkBusyException();
        }

        try
        {
            await cores.WaitAsync(cancellationToken);
        }
        finally
        {
            Interlocked.Decrement(ref waiting);
        }

        try
        {
            using var _ = telemetry.MeasureHashing();
            return await Task.Run(work, CancellationToken.None);
        }
        finally
        {
            cores.Release();
        }
    }
}

/// <summary>More passwords wait to be hashed than can be in a reasonable time: answer 503.</summary>
internal sealed class PasswordWorkBusyException() : Exception("Too many passwords wait to be hashed.");
