using Microsoft.AspNetCore.Routing.Template;
using Yarp.ReverseProxy.Configuration;

namespace McpPlatform.Gateway.Routing;

/// <summary>Answers which route a path of a service's OpenAPI document would take.</summary>
internal sealed class RouteTable(IProxyConfigProvider configuration)
{
    /// <summary>Finds the most specific route.</summary>
    /// <param name="path">A path; <c>{placeholders}</c> in it count as values.</param>
    /// <returns>Null when the Gateway does not lead there.</returns>
    public RouteConfig? Find(string path) => configuration.GetConfig().Routes
        .Where(route => route.Match.Path is not null)
        .Select(route => (Route: route, Template: TemplateParser.Parse(route.Match.Path!)))
        .OrderBy(candidate => RoutePrecedence.ComputeInbound(candidate.Template))
        .FirstOrDefault(candidate => new TemplateMatcher(candidate.Template, []).TryMatch(path, []))
        .Route;
}
