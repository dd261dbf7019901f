using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace McpPlatform.ServiceDefaults.Problems;

/// <summary>Who accepts no JSON is told an error in JSON all the same (RFC 9110, section 12.5.1 leaves that open): the framework's own writer would send no body.</summary>
internal sealed class UnconditionalProblemWriter : IProblemDetailsWriter
{
    public bool CanWrite(ProblemDetailsContext context) => true;

    public ValueTask WriteAsync(ProblemDetailsContext context)
    {
        var writer = context.HttpContext.RequestServices.GetServices<IProblemDetailsWriter>().First(other => other is not UnconditionalProblemWriter);
        context.HttpContext.Request.Headers.Accept = "application/problem+json";
        return writer.WriteAsync(context);
    }
}
