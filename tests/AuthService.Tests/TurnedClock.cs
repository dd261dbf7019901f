namespace McpPlatform.AuthService.Tests;

/// <summary>A clock that goes like any other and is set forward by hand: timers run on, while days pass.</summary>
internal sealed class TurnedClock(TimeSpan offset) : TimeProvider
{
    private long ticks = offset.Ticks;

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddTicks(Volatile.Read(ref ticks));

    public void Advance(TimeSpan by) => Interlocked.Add(ref ticks, by.Ticks);
}
