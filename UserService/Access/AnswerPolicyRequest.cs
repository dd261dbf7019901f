using MassTransit;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Authorization;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.UserService.Data;

namespace McpPlatform.UserService.Access;

/// <summary>Tells the policy again to who asks. Under the lock of the grants, so that no older policy follows a newer one.</summary>
internal sealed class AnswerPolicyRequest(UsersDbContext db, TimeProvider time) : IConsumer<AccessPolicyRequested>
{
    public Task Consume(ConsumeContext<AccessPolicyRequested> context) => db.ApplyOnceAsync(
        context.Message,
        nameof(AnswerPolicyRequest),
        async cancellationToken =>
        {
            await db.LockGrantsAsync(cancellationToken);
            if (await db.LoadAccessPolicyAsync(cancellationToken) is { } policy)
            {
                db.AnnouncePolicy(policy, time.GetUtcNow());
            }
        },
        context.CancellationToken);
}
