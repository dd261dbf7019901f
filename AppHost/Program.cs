using McpPlatform.AppHost;

// The platform's resource graph: what runs, and what needs what. Written in Aspire's API; see docs/adr/0005 for what runs it.
var builder = DistributedApplication.CreateBuilder(args);
// Parameters: generated here and kept in .data/secrets.json, asked for by a deployment.
var jwtSecretKey = builder.AddParameter(
    "jwt-secret-key", new GenerateParameterDefault { MinLength = 64, Special = false }, secret: true, persist: true);
var userServiceSecret = builder.AddParameter(
    "userservice-client-secret", new GenerateParameterDefault { MinLength = 48, Special = false }, secret: true, persist: true);
var gatewaySecret = builder.AddParameter(
    "gateway-client-secret", new GenerateParameterDefault { MinLength = 48, Special = false }, secret: true, persist: true);
var firstAdminPassword = builder.AddParameter(
        "first-admin-password", new GenerateParameterDefault { MinLength = 24, Special = false }, secret: true)
    .WithDescription("The first admin's name is admin; ./run.sh --first-admin-password prints the one-time password.");

// Data.
var postgres = builder.AddPostgres("postgres").WithDataVolume("mcpplatform-postgres");
var authDb = postgres.AddDatabase("authdb", "auth");
var usersDb = postgres.AddDatabase("usersdb", "users");
var mcpDb = postgres.AddDatabase("mcpdb", "mcp");
var analyticsDb = postgres.AddDatabase("analyticsdb", "analytics");
var redis = builder.AddRedis("redis").WithDataVolume("mcpplatform-redis");
var rabbitmq = builder.AddRabbitMQ("rabbitmq").WithManagementPlugin().WithDataVolume("mcpplatform-rabbitmq");

// Migrations: one step per database, which ends before its service starts. Services never migrate.
var authMigrations = builder.AddProject<Projects.AuthService>("authservice-migrations", launchProfileName: null)
    .WithArgs("migrate").WithReference(authDb).WaitFor(authDb);
var userMigrations = builder.AddProject<Projects.UserService>("userservice-migrations", launchProfileName: null)
    .WithArgs("migrate").WithReference(usersDb).WaitFor(usersDb);
var mcpMigrations = builder.AddProject<Projects.McpService>("mcpservice-migrations", launchProfileName: null)
    .WithArgs("migrate").WithReference(mcpDb).WaitFor(mcpDb);
var analyticsMigrations = builder.AddProject<Projects.AnalyticsService>("analyticsservice-migrations", launchProfileName: null)
    .WithArgs("migrate").WithReference(analyticsDb).WaitFor(analyticsDb);

// Services.
var replicas = builder.Configuration.GetValue("Replicas", 1);

var gateway = builder.AddProject<Projects.Gateway>("gateway")
    .WithExternalHttpEndpoints()
    .WithHttpHealthCheck("/health")
    .WithReplicas(replicas);
var issuer = gateway.GetEndpoint("http");

var authService = builder.AddProject<Projects.AuthService>("authservice")
    .WithReference(authDb).WithReference(redis).WithReference(rabbitmq)
    .WithEnvironment("Authentication__Issuer", issuer)
    .WithEnvironment("JWT_SECRET_KEY", jwtSecretKey)
    .WithEnvironment("BOOTSTRAP_PASSWORD", firstAdminPassword)
    .WithEnvironment("ServiceClients__userservice", userServiceSecret)
    .WithEnvironment("ServiceClients__gateway", gatewaySecret)
    .WaitForCompletion(authMigrations).WaitFor(redis).WaitFor(rabbitmq)
    .WithHttpHealthCheck("/health")
    .WithReplicas(replicas);

var userService = builder.AddProject<Projects.UserService>("userservice")
    .WithReference(usersDb).WithReference(redis).WithReference(rabbitmq).WithReference(authService)
    .WithEnvironment("Authentication__Issuer", issuer)
    .WithEnvironment("Authentication__ClientSecret", userServiceSecret)
    .WithEnvironment("JWT_SECRET_KEY", jwtSecretKey)
    .WaitForCompletion(userMigrations).WaitFor(redis).WaitFor(rabbitmq)
    .WithHttpHealthCheck("/health")
    .WithReplicas(replicas);

var mcpService = builder.AddProject<Projects.McpService>("mcpservice")
    .WithReference(mcpDb).WithReference(redis).WithReference(rabbitmq).WithReference(authService).WithReference(userService)
    .WithEnvironment("Authentication__Issuer", issuer)
    .WithEnvironment("JWT_SECRET_KEY", jwtSecretKey)
    .WaitForCompletion(mcpMigrations).WaitFor(redis).WaitFor(rabbitmq)
    .WithHttpHealthCheck("/health")
    .WithReplicas(replicas);

var analyticsService = builder.AddProject<Projects.AnalyticsService>("analyticsservice")
    .WithReference(analyticsDb).WithReference(redis).WithReference(rabbitmq).WithReference(authService)
    .WithEnvironment("Authentication__Issuer", issuer)
    .WithEnvironment("JWT_SECRET_KEY", jwtSecretKey)
    .WaitForCompletion(analyticsMigrations).WaitFor(redis).WaitFor(rabbitmq)
    .WithHttpHealthCheck("/health")
    .WithReplicas(replicas);

gateway
    .WithReference(redis).WithReference(rabbitmq)
    .WithReference(authService).WithReference(userService).WithReference(mcpService).WithReference(analyticsService)
    .WithEnvironment("Authentication__Issuer", issuer)
    .WithEnvironment("Authentication__ClientSecret", gatewaySecret)
    .WaitFor(authService).WaitFor(userService).WaitFor(mcpService).WaitFor(analyticsService)
    .WithUrl($"{issuer}/docs", "API documentation");

// What the operator may set for the services that keep secrets and connect to addresses that users give.
builder.PassOn(["OUTBOUND_ALLOW", "DATA_ENCRYPTION_KEYS"], authService, userService, mcpService);

// What MCP servers are run as processes, and which tools of the platform's own are there.
builder.PassOn(["Stdio", "Jenkins", "Confluence", "DatabaseTools", "TokenExchange", "LLM_BASE_URL", "LLM_API_KEY", "LLM_MODEL", "LLM_MODELS", "LLM_MAX_STEPS", "LLM_TIMEOUT_SECONDS"], mcpService);

// The default MCP server: the operator's own, else a sample here and a parameter in a deployment.
var mcpServerUrl = builder.Configuration["MCP_SERVER_URL"];
if (!builder.ExecutionContext.IsRunMode)
{
    mcpService.WithEnvironment("MCP_SERVER_URL", builder.AddParameter("mcp-server-url"));
}
else if (!string.IsNullOrEmpty(mcpServerUrl))
{
    mcpService.WithEnvironment("MCP_SERVER_URL", mcpServerUrl);
}
else
{
    var everything = builder.AddExecutable(
            "everything", "node", "../samples/everything-server",
            "--import", "./loopback.mjs", "node_modules/@modelcontextprotocol/server-everything/dist/index.js", "streamableHttp")
        .WithHttpEndpoint(env: "PORT");
    mcpService
        .WithEnvironment("MCP_SERVER_URL", $"{everything.GetEndpoint("http")}/mcp")
        .WithEnvironment("MCP_SERVER_NAME", "everything")
        .WaitForStart(everything);
}

builder.Build().Run();
