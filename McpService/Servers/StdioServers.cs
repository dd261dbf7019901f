using McpPlatform.McpService.Upstream.Stdio;
using McpPlatform.ServiceDefaults.Http;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace McpPlatform.McpService.Servers;

/// <summary>What a request says of a server that runs as a process of the platform.</summary>
internal static class StdioServers
{
    /// <returns>The server's address, or what is wrong.</returns>
    public static (Uri? Url, ValidationProblem? Mistake) Read(
        string? url, string? template, IReadOnlyDictionary<string, string>? parameters, bool hasOwnCommand, StdioOptions options)
    {
        if (url is not null)
        {
            return (null, ProblemExtensions.Invalid("url", "A server that runs as a process of the platform has no url."));
        }

        if (hasOwnCommand)
        {
            return (null, ProblemExtensions.Invalid(
                "args", "Nobody runs commands of their own choice here: leave out args and env, and name one of the operator's templates, with its parameters (GET /api/mcp/stdio/templates)."));
        }

        if (template is null)
        {
            return (null, ProblemExtensions.Invalid("template", "A server that runs as a process of the platform needs one of the operator's templates (GET /api/mcp/stdio/templates)."));
        }

        if (parameters?.Any(parameter => parameter.Value is null) == true)
        {
            return (null, ProblemExtensions.Invalid("parameters", "Each of the parameters must have a text as its value."));
        }

        var launch = new StdioLaunch(template, parameters ?? new Dictionary<string, string>(StringComparer.Ordinal));
        if (launch.FindMistake(options) is { } mistake)
        {
            return (null, ProblemExtensions.Invalid(mistake.Member, mistake.Sentence));
        }

        return launch.ToUri() is { AbsoluteUri.Length: <= ServerUrls.MaxLength } address ? (address, null)
            : (null, ProblemExtensions.Invalid("parameters", "The parameters must have at most 1900 characters together."));
    }
}

/// <summary>What can be run.</summary>
/// <param name="Name">To name it when a server is registered.</param>
/// <param name="Description">What it is.</param>
/// <param name="Parameters">What a server gives.</param>
internal sealed record StdioTemplateResponse(string Name, string? Description, IReadOnlyList<StdioParameterResponse> Parameters);

/// <summary>A parameter of a template.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Description">What it means.</param>
/// <param name="Pattern">A regular expression that the whole value must match.</param>
/// <param name="Values">The values that are allowed.</param>
/// <param name="Default">What it is when it is not given; null when it must be.</param>
internal sealed record StdioParameterResponse(string Name, string? Description, string? Pattern, IReadOnlyList<string>? Values, string? Default);

internal static class ListTemplates
{
    /// <summary>The templates that the operator has configured. Commands and environments are not shown.</summary>
    public static Ok<Page<StdioTemplateResponse>> Handle(IOptions<StdioOptions> options) => TypedResults.Ok(new Page<StdioTemplateResponse>(
        [
            .. options.Value.Templates.OrderBy(template => template.Key, StringComparer.Ordinal).Select(template => new StdioTemplateResponse(
                template.Key, template.Value.Description,
                [.. template.Value.Parameters.OrderBy(parameter => parameter.Key, StringComparer.Ordinal).Select(parameter => new StdioParameterResponse(parameter.Key, parameter.Value.Description, parameter.Value.Pattern, parameter.Value.Values, parameter.Value.Default))])),
        ], null));
}
