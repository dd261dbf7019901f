namespace McpPlatform.AuthService.Sessions;

/// <summary>Lets one login per name through at a time, in this process; the booking in the database holds across replicas.</summary>
internal sealed class LoginTurns : IDisposable
{
    private readonly SemaphoreSlim[] stripes = [.. Enumerable.Range(0, 256).Select(_ => new SemaphoreSlim(1))];

    /// <summary>Waits for the name's turn.</summary>
    /// <returns>Dispose it to let the next one through.</returns>
    public async Task<IDisposable> TakeAsync(string username, CancellationToken cancellationToken)
    {
        var stripe = stripes[username.GetHashCode(StringComparison.Ordinal) & 255];
        await stripe.WaitAsync(cancellationToken);
        return new Turn(stripe);
    }

    public void Dispose()
    {
        foreach (var stripe in stripes)
        {
            stripe.Dispose();
        }
    }

    private sealed class Turn(SemaphoreSlim stripe) : IDisposable
    {
        public void Dispose() => stripe.Release();
    }
}
