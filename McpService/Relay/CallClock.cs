using McpPlatform.McpService.Upstream;

namespace McpPlatform.McpService.Relay;

/// <summary>The time that a server has for a request. It stands still while a person is asked something.</summary>
internal sealed class CallClock : IDisposable
{
    private readonly Lock gate = new();
    private readonly CancellationTokenSource timer;
    private readonly CancellationTokenSource either;
    private readonly TimeSpan timeout, askTimeout;
    private readonly TimeProvider time;
    private TimeSpan left;
    private long started;
    private int pauses;

    public CallClock(TimeSpan timeout, TimeSpan askTimeout, TimeProvider time, CancellationToken aborted)
    {
        (this.timeout, left, this.askTimeout, this.time) = (timeout, timeout, askTimeout, time);
        timer = new CancellationTokenSource(timeout, time);
        either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, aborted);
        started = time.GetTimestamp();
    }

    public CancellationToken Token => either.Token;

    public bool HasRunOut => timer.IsCancellationRequested;

    /// <summary>Stops the clock until disposed of; another one runs, for the person.</summary>
    public IDisposable Pause()
    {
        lock (gate)
        {
            if (pauses++ == 0)
            {
                left -= time.GetElapsedTime(started);
            }

            timer.CancelAfter(askTimeout);
            return new Pausing(this);
        }
    }

    /// <summary>What to say when it has run out.</summary>
    public UpstreamException Late(Exception inner) => new(UpstreamFailure.Timeout, pauses > 0
        ? "asked something that was not answered in time"
        : $"gave no answer within {timeout.TotalMilliseconds:0} ms", inner);

    /// <summary>Ends the call now.</summary>
    public void Cancel()
    {
        lock (gate)
        {
            if (pauses < int.MaxValue)
            {
                timer.CancelAfter(TimeSpan.Zero);
            }
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            either.Dispose();
            timer.Dispose();
            pauses = int.MaxValue;
        }
    }

    private void Resume()
    {
        lock (gate)
        {
            // A question may outlive its call.
            if (pauses < int.MaxValue && --pauses == 0)
            {
                started = time.GetTimestamp();
                timer.CancelAfter(left > TimeSpan.Zero ? left : TimeSpan.FromMilliseconds(1));
            }
        }
    }

    private sealed class Pausing(CallClock clock) : IDisposable
    {
        public void Dispose() => clock.Resume();
    }
}
