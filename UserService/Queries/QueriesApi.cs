using McpPlatform.Contracts.Identity;
using McpPlatform.ServiceDefaults.Authorization;
using McpPlatform.UserService.Connections;
using McpPlatform.UserService.Queries.Schema;

namespace McpPlatform.UserService.Queries;

internal static class QueriesApi
{
    public static void MapQueriesApi(this IEndpointRouteBuilder app)
    {
        var group = app.MapGroup(ConnectionsApi.Route + "/{id:guid}").WithTags("Database connections").RequirePermission(Permissions.DbQuery)
            .ProducesProblem(StatusCodes.Status401Unauthorized).ProducesProblem(StatusCodes.Status403Forbidden).ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status422UnprocessableEntity).ProducesProblem(StatusCodes.Status429TooManyRequests)
            .ProducesProblem(StatusCodes.Status502BadGateway).ProducesProblem(StatusCodes.Status504GatewayTimeout);
        group.MapPost("/query", RunQuery.HandleAsync).WithName("RunQuery")
            .Produces<RunQueryResponse>(StatusCodes.Status200OK, "application/json", StreamedResult.MediaType).ProducesValidationProblem();
        group.MapGet("/schema", GetSchema.HandleAsync).WithName("GetSchema").Produces<SchemaResponse>().ProducesValidationProblem();
    }
}
