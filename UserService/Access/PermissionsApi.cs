using McpPlatform.Contracts.Identity;
using McpPlatform.ServiceDefaults.Authorization;
using McpPlatform.UserService.Access.Decisions;
using McpPlatform.UserService.Access.Rules;
using McpPlatform.UserService.Access.Teams;

namespace McpPlatform.UserService.Access;

internal static class PermissionsApi
{
    public const string Route = "/api/permissions";

    public static void AddAccess(this WebApplicationBuilder builder)
    {
        builder.Services.AddScoped<EscalationGuard>();
        builder.Services.AddScoped<AccessChange>();
        builder.Services.AddScoped<SetMember>();
    }

    public static void MapPermissionsApi(this IEndpointRouteBuilder app)
    {
        var group = app.MapGroup(Route).WithTags("Permissions").RequireAuthorization()
            .ProducesProblem(StatusCodes.Status401Unauthorized).ProducesProblem(StatusCodes.Status403Forbidden);
        group.MapGet("/", ListPermissions.HandleAsync).WithName("ListPermissions");
        group.MapGet("/me", GetMyPermissions.HandleAsync).WithName("GetMyPermissions").ProducesProblem(StatusCodes.Status404NotFound);
        group.MapGet("/roles", ListRoles.HandleAsync).WithName("ListRoles").RequirePermission(Permissions.PermissionsManage);
        group.MapPost("/roles", CreateRole.HandleAsync).WithName("CreateRole").RequirePermission(Permissions.PermissionsManage)
            .ProducesProblem(StatusCodes.Status409Conflict);
        group.MapGet("/roles/{name}", GetRole.HandleAsync).WithName("GetRole").RequirePermission(Permissions.PermissionsManage)
            .ProducesProblem(StatusCodes.Status404NotFound);
        group.MapPut("/roles/{name}", UpdateRole.HandleAsync).WithName("UpdateRole").RequirePermission(Permissions.PermissionsManage)
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
        group.MapDelete("/roles/{name}", DeleteRole.HandleAsync).WithName("DeleteRole").RequirePermission(Permissions.PermissionsManage)
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
        group.MapPut("/users/{id:guid}/roles", SetUserRoles.HandleAsync).WithName("SetUserRoles")
            .RequirePermission(Permissions.PermissionsManage)
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
        group.MapPost("/roles/{name}/preview", PreviewRole.HandleAsync).WithName("PreviewRole").RequirePermission(Permissions.PermissionsManage)
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
        group.MapGet("/explain", Explain.HandleAsync).WithName("ExplainDecision").RequirePermission(Permissions.PermissionsManage);
        group.MapGrants();
        group.MapTeams();
    }

    private static void MapGrants(this RouteGroupBuilder group)
    {
        group.MapGet("/grants", ListGrants.HandleAsync).WithName("ListGrants").RequirePermission(Permissions.PermissionsManage);
        group.MapPut("/grants", SetGrants.HandleAsync).WithName("SetGrants").RequirePermission(Permissions.PermissionsManage)
            .ProducesProblem(StatusCodes.Status409Conflict);
        group.MapPost("/grants/preview", PreviewGrants.HandleAsync).WithName("PreviewGrants").RequirePermission(Permissions.PermissionsManage);
    }

    private static void MapTeams(this RouteGroupBuilder group)
    {
        var teams = group.MapGroup("/teams").RequirePermission(Permissions.PermissionsManage);
        teams.MapGet("/", ListTeams.HandleAsync).WithName("ListTeams");
        teams.MapPost("/", CreateTeam.HandleAsync).WithName("CreateTeam").ProducesProblem(StatusCodes.Status409Conflict);
        var team = teams.MapGroup("/{name}").ProducesProblem(StatusCodes.Status404NotFound);
        team.MapGet("/", GetTeam.HandleAsync).WithName("GetTeam");
        team.MapPut("/", UpdateTeam.HandleAsync).WithName("UpdateTeam").ProducesProblem(StatusCodes.Status409Conflict);
        team.MapDelete("/", DeleteTeam.HandleAsync).WithName("DeleteTeam").ProducesProblem(StatusCodes.Status409Conflict);
        team.MapGet("/members", ListMembers.HandleAsync).WithName("ListTeamMembers");
        team.MapPut("/members/{user_id:guid}", SetMember.AddAsync).WithName("AddTeamMember").ProducesProblem(StatusCodes.Status409Conflict);
        team.MapDelete("/members/{user_id:guid}", SetMember.RemoveAsync).WithName("RemoveTeamMember");
    }
}
