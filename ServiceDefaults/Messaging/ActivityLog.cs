using System.Diagnostics;
using System.Text.Json;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Http;
using Microsoft.AspNetCore.Http;

namespace McpPlatform.ServiceDefaults.Messaging;

/// <summary>Makes audit records that say who, from where and in which trace, taken from the request that is being answered.</summary>
/// <param name="accessor">The request, when there is one.</param>
/// <param name="identity">The service.</param>
/// <param name="time">The clock.</param>
public sealed class ActivityLog(IHttpContextAccessor accessor, ServiceIdentity identity, TimeProvider time)
{
    /// <summary>Makes a record; pass it to <see cref="OutboxExtensions.AddToOutbox"/> in the transaction of what it tells of.</summary>
    /// <param name="action">Such as <c>users.create</c>.</param>
    /// <param name="outcome">One of <see cref="ActivityOutcomes"/>.</param>
    /// <param name="targetType">The kind of thing it was done to.</param>
    /// <param name="target">Which one.</param>
    /// <param name="oldValues">For a change: the values before. Never secrets.</param>
    /// <param name="newValues">For a change: the values after. Never secrets.</param>
    /// <returns>The record, whose remaining properties a <c>with</c> expression may set.</returns>
    public ActivityRecorded Create(
        string action, string outcome, string? targetType = null, string? target = null, object? oldValues = null, object? newValues = null)
    {
        var context = accessor.HttpContext;
        var user = context is null ? null : CurrentUser.From(context.User);
        return new ActivityRecorded
        {
            EventId = Guid.CreateVersion7(),
            OccurredAt = time.GetUtcNow(),
            Service = identity.Name,
            Action = action,
            Outcome = outcome,
            UserId = user?.Id,
            Username = user?.Username,
            TargetType = targetType,
            Target = target,
            ClientIp = context?.Connection.RemoteIpAddress?.ToString(),
            TraceId = Activity.Current?.TraceId.ToHexString(),
            OldValues = oldValues is null ? null : JsonSerializer.SerializeToElement(oldValues, HttpExtensions.Json),
            NewValues = newValues is null ? null : JsonSerializer.SerializeToElement(newValues, HttpExtensions.Json),
        };
    }
}
