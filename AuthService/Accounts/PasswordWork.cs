using McpPlatform.AuthService.Telemetry;
using Microsoft.AspNetCore.Identity;

namespace McpPlatform.AuthService.Accounts;

/// <summary>Hashing takes a core for a fifth of a second: as many at once as there are cores, and a short queue.</summary>
internal sealed class PasswordWork(IPasswordHasher<Account> hasher, AuthTelemetry telemetry) : IDisposable
{
    private static readonly int QueueLimit = Environment.ProcessorCount * 8;
    private readonly IPasswordHasher<Account> hasher = hasher;
    private readonly SemaphoreSlim cores = new(Environment.ProcessorCount);
    private readonly Lazy<string> dummyHash = new(() => hasher.HashPassword(null!, "nobody has this password"));
    private int waiting;

    /// <summary>Waits for a core. Whoever has one will not be shed any more, so that nothing is booked for an attempt that is then not made.</summary>
    /// <returns>Dispose it to let the next one through.</returns>
    /// <exception cref="PasswordWorkBusyException">Too many wait.</exception>
    public async Task<Place> EnterAsync(CancellationToken cancellationToken)
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

        return new Place(this);
    }

    /// <summary>Hashes a new password.</summary>
    /// <exception cref="PasswordWorkBusyException">Too many wait.</exception>
    public async Task<string> HashAsync(string password, CancellationToken cancellationToken)
    {
        using var place = await EnterAsync(cancellationToken);
        return await place.HashAsync(password);
    }

    public void Dispose() => cores.Dispose();

    private async Task<T> RunAsync<T>(Func<T> work)
    {
        using var _ = telemetry.MeasureHashing();

        // On a thread of its own: as many hashes as there are cores would take all threads of the pool, and whatever else is under way would wait for them.
        return await Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default);
    }

    /// <summary>A core to hash on.</summary>
    internal sealed class Place(PasswordWork work) : IDisposable
    {
        public Task<string> HashAsync(string password) => work.RunAsync(() => work.hasher.HashPassword(null!, password));

        /// <summary>Verifies a password; without a hash it takes as long and fails, so that nobody learns from the time whether an account exists.</summary>
        public Task<PasswordVerificationResult> VerifyAsync(string? hash, string password) => work.RunAsync(() =>
        {
            var result = work.hasher.VerifyHashedPassword(null!, hash ?? work.dummyHash.Value, password);
            return hash is null ? PasswordVerificationResult.Failed : result;
        });

        public void Dispose() => work.cores.Release();
    }
}

/// <summary>More passwords wait to be hashed than can be in a reasonable time: answer 503.</summary>
internal sealed class PasswordWorkBusyException() : Exception("Too many passwords wait to be hashed.");
