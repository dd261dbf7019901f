using System.Reflection;
using Microsoft.Extensions.Options;

namespace McpPlatform.AnalyticsService.Events;

/// <summary>How many whole days are kept beside today.</summary>
internal sealed class RetentionOptions
{
    public const string Section = "Retention";

    public int RequestLogDays { get; set; } = 30;

    /// <summary>The audit trail.</summary>
    public int ActivityDays { get; set; } = 365;

    public int PageViewDays { get; set; } = 90;

    public int SystemMetricDays { get; set; } = 14;

    public int ServerStatusDays { get; set; } = 30;

    /// <summary>Figures of each minute; longer ago an hour is the shortest that there is beside the rows.</summary>
    public int MinuteRollupDays { get; set; } = 7;

    /// <summary>Figures of each hour.</summary>
    public int HourRollupDays { get; set; } = 400;

    /// <summary>Figures of each day.</summary>
    public int DayRollupDays { get; set; } = 1100;

    /// <summary>Events that could not be stored.</summary>
    public int RejectedEventDays { get; set; } = 30;
}

internal sealed class RetentionOptionsValidator : IValidateOptions<RetentionOptions>
{
    private const int MaxDays = 3650;

    public ValidateOptionsResult Validate(string? name, RetentionOptions options)
    {
        var failures = typeof(RetentionOptions).GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Select(property => (Key: $"{RetentionOptions.Section}__{property.Name}", Days: (int)property.GetValue(options)!))
            .Where(setting => setting.Days is < 1 or > MaxDays)
            .Select(setting => $"{setting.Key} is {setting.Days}, but must be a number of days from 1 to {MaxDays}.")
            .ToList();
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }
}
