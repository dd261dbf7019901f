using McpPlatform.Contracts.Access;
using McpPlatform.ServiceDefaults.Authentication;

namespace McpPlatform.ServiceDefaults.Authorization;

/// <summary>Decides for the caller of the request. Listing and using ask the same question, so a list shows what may be used and nothing else.</summary>
/// <param name="source">The policy.</param>
/// <param name="user">The caller.</param>
public sealed class AccessDecider(AccessPolicySource source, CurrentUser user)
{
    private (CompiledPolicy Policy, CallerAccess Access)? latest;

    /// <summary>Decides under the newest policy, also when the scope lives long.</summary>
    /// <param name="permission">One of <see cref="Contracts.Identity.Permissions"/>.</param>
    /// <param name="resource">For what; null for a permission that concerns no resource.</param>
    /// <returns>The decision, and the rule or the role that made it.</returns>
    /// <exception cref="AccessPolicyMissingException">There is no policy yet; the request is answered with 503.</exception>
    public AccessDecision Decide(string permission, AccessResource? resource = null)
    {
        var policy = source.Current;
        if (latest is not { } known || known.Policy != policy)
        {
            latest = known = (policy, policy.For(user.ToCaller()));
        }

        return known.Access.Decide(permission, resource);
    }

    /// <summary>Keeps what the caller may use.</summary>
    /// <typeparam name="T">What is listed.</typeparam>
    /// <param name="items">The items.</param>
    /// <param name="permission">One of <see cref="Contracts.Identity.Permissions"/>.</param>
    /// <param name="resource">The resource that an item is.</param>
    /// <returns>Those that <see cref="Decide"/> allows, in their order; decided while they are read.</returns>
    /// <exception cref="AccessPolicyMissingException">There is no policy yet.</exception>
    public IEnumerable<T> Filter<T>(IEnumerable<T> items, string permission, Func<T, AccessResource> resource) =>
        items.Where(item => Decide(permission, resource(item)).Allowed);
}
