using System.Text.Json;

namespace McpPlatform.LocalHosting;

/// <summary>What the person in front of the terminal is told, and the scripts that start the AppHost.</summary>
internal static class Report
{
    private static readonly JsonSerializerOptions Format = new() { WriteIndented = true };

    public static void Line(string text) => Console.Out.WriteLine(text);

    public static void Failure(Exception error) => Console.Error.WriteLine($"error: {error.Message.ReplaceLineEndings(" ")}");

    /// <summary>A table of the addresses, for people.</summary>
    public static void Table(DistributedApplicationBuilder builder, Dashboard.DashboardLaunch? dashboard, ResourceNotificationService notifications)
    {
        var rows = new List<(string Name, string Value)>();
        if (dashboard is not null)
        {
            rows.Add(("Dashboard", dashboard.LoginUrl));
        }

        foreach (var resource in External(builder))
        {
            rows.AddRange(UrlsOf(resource, notifications).Select(url => (url.DisplayText ?? char.ToUpperInvariant(resource.Name[0]) + resource.Name[1..], url.Url)));
        }

        rows.AddRange(builder.Resources.OfType<ParameterResource>()
            .Where(parameter => parameter.Description is not null)
            .Select(parameter => (parameter.Name, parameter.Description!)));
        var width = rows.Max(row => row.Name.Length);
        Line("");
        foreach (var (name, value) in rows)
        {
            Line($"  {name.PadRight(width)}  {value}");
        }

        Line("");
        Line("Everything is healthy. Ctrl-C stops it.");
    }

    /// <summary>The same for scripts, in <c>endpoints.json</c> of the data folder, which is there while everything is healthy.</summary>
    public static IDisposable Publish(DistributedApplicationBuilder builder, Dashboard.DashboardLaunch? dashboard, ResourceNotificationService notifications)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        if (dashboard is not null)
        {
            values["dashboard_url"] = dashboard.Url;
            values["dashboard_login_url"] = dashboard.LoginUrl;
            values["dashboard_api_key"] = dashboard.ApiKey;
        }

        foreach (var resource in External(builder))
        {
            values[$"{resource.Name}_url"] = UrlsOf(resource, notifications).First(url => url.EndpointName is not null).Url;
        }

        var file = new PrivateFile(Path.Combine(builder.DataDirectory.Value.Path, "endpoints.json"));
        file.Write(stream => JsonSerializer.Serialize(stream, values, Format));
        return file;
    }

    private static IEnumerable<IResource> External(DistributedApplicationBuilder builder) =>
        builder.Resources.Where(one => one.Endpoints().Any(endpoint => endpoint.IsExternal));

    private static IEnumerable<ResourceUrl> UrlsOf(IResource resource, ResourceNotificationService notifications) =>
        notifications.Of(resource.Name).SelectMany(instance => instance.Urls).Distinct().Where(url => !url.IsInternal);
}
