namespace McpPlatform.LocalHosting.Dcp;

/// <summary>Asks the instances for their health: often until they are well, then every few seconds.</summary>
internal sealed class HealthMonitor(ResourceNotificationService notifications, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan WhileStarting = TimeSpan.FromMilliseconds(150), WhileHealthy = TimeSpan.FromSeconds(5), Patience = TimeSpan.FromSeconds(4);
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false });

    /// <summary>Runs a check for as long as the application runs.</summary>
    public async Task WatchAsync(string instanceName, string key, Func<CancellationToken, Task> check, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            var healthy = false;
            if (notifications.Find(instanceName)?.State == KnownResourceStates.Running)
            {
                healthy = await CheckAsync(instanceName, key, check, cancellationToken);
            }

            await Task.Delay(healthy ? WhileHealthy : WhileStarting, time, cancellationToken);
        }
    }

    public Func<CancellationToken, Task> Http(Instance instance, HttpHealthCheckAnnotation annotation) => async cancellationToken =>
    {
        var address = new Uri(Address(instance, annotation), annotation.Path);
        using var response = await _http.GetAsync(address, cancellationToken);
        if ((int)response.StatusCode != annotation.StatusCode)
        {
            var body = await response.Content.ReadAsStringAsync(cancellationToken);
            throw new HttpRequestException($"{address} answered {(int)response.StatusCode}: {(body.Length > 500 ? body[..500] : body)}");
        }
    };

    /// <summary>Returns once the address answers, whatever it says.</summary>
    public async Task UntilAnswersAsync(Uri address, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                using var response = await _http.GetAsync(address, cancellationToken);
                return;
            }
            catch (HttpRequestException)
            {
                await Task.Delay(WhileStarting, time, cancellationToken);
            }
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<bool> CheckAsync(string instanceName, string key, Func<CancellationToken, Task> check, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        var (healthy, description) = (true, "Healthy");
        try
        {
            await check(patience.Token);
        }
        catch (Exception error) when (error is not DistributedApplicationException && !cancellationToken.IsCancellationRequested)
        {
            (healthy, description) = (false, error is OperationCanceledException ? $"No answer within {Patience.TotalSeconds} s" : error.Message);
        }

        Set(instanceName, key, healthy, description);
        return healthy;
    }

    private void Set(string instanceName, string key, bool healthy, string description) => notifications.Update(instanceName, snapshot =>
    {
        var before = snapshot.HealthReports.FirstOrDefault(report => report.Key == key);
        var report = new ResourceHealth(key, healthy, description, time.GetUtcNow());
        return snapshot.State != KnownResourceStates.Running || (before is not null && before.Healthy == healthy && healthy)
            ? snapshot
            : snapshot with { HealthReports = [.. snapshot.HealthReports.Where(other => other.Key != key), report] };
    });

    /// <summary>The address of this very instance: behind the proxy every replica would answer for every other.</summary>
    private static Uri Address(Instance instance, HttpHealthCheckAnnotation annotation)
    {
        var endpoint = instance.Resource.Endpoints().First(one => one.Name == annotation.EndpointName);
        string? Value(string name) => instance.EffectiveEnv.FirstOrDefault(variable => variable.Name == name)?.Value;
        if (endpoint.FromLaunchProfile && Value("ASPNETCORE_URLS") is { } urls)
        {
            return new Uri(urls.Split(';').First(url => url.StartsWith($"{endpoint.UriScheme}:", StringComparison.Ordinal)));
        }

        return endpoint.PortVariable is { } variable && Value(variable) is { } port
            ? new Uri($"{endpoint.UriScheme}://localhost:{port}")
            : new Uri(new EndpointReference((IResourceWithEndpoints)instance.Resource, endpoint.Name).Url);
    }
}
