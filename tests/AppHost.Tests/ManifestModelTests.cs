using System.Text.Json.Nodes;
using McpPlatform.LocalHosting;
using McpPlatform.LocalHosting.Publishing;
using McpPlatform.LocalHosting.Testing;

namespace McpPlatform.AppHost.Tests;

/// <summary>What the publisher writes for each kind of resource; the expected texts are those of Aspire's own tests where it has one.</summary>
public sealed class ManifestModelTests : IDisposable
{
    private const string ServersOfAspire =
        """
        {
          "pg-user": {
            "type": "parameter.v0", "value": "{pg-user.inputs.value}",
            "inputs": { "value": { "type": "string", "default": { "value": "app" } } }
          },
          "postgres": {
            "type": "container.v0",
            "connectionString": "Host={postgres.bindings.tcp.host};Port={postgres.bindings.tcp.port};Username={pg-user.value};Password={postgres-password.value}",
            "image": "docker.io/library/postgres:18.3",
            "volumes": [{ "name": "apphost-feed4158f1-postgres-data", "target": "/var/lib/postgresql", "readOnly": false }],
            "env": {
              "POSTGRES_HOST_AUTH_METHOD": "scram-sha-256",
              "POSTGRES_INITDB_ARGS": "--auth-host=scram-sha-256 --auth-local=scram-sha-256",
              "POSTGRES_USER": "{pg-user.value}",
              "POSTGRES_PASSWORD": "{postgres-password.value}"
            },
            "bindings": { "tcp": { "scheme": "tcp", "protocol": "tcp", "transport": "tcp", "port": 5433, "targetPort": 5432 } }
          },
          "catalogdb": { "type": "value.v0", "connectionString": "{postgres.connectionString};Database=catalog" },
          "cache": {
            "type": "container.v0",
            "connectionString": "{cache.bindings.tcp.host}:{cache.bindings.tcp.port},password={cache-password.value}{cond-cache-bindings-tcp-tlsenabled-3eddb73a.connectionString}",
            "image": "docker.io/library/redis:8.6",
            "entrypoint": "/bin/sh",
            "args": ["-c", "redis-server --requirepass $REDIS_PASSWORD --save 60 1"],
            "volumes": [{ "name": "cache-data", "target": "/data", "readOnly": false }],
            "env": { "REDIS_PASSWORD": "{cache-password.value}" },
            "bindings": { "tcp": { "scheme": "redis", "protocol": "tcp", "transport": "tcp", "targetPort": 6379 } }
          },
          "mq": {
            "type": "container.v0",
            "connectionString": "amqp://guest:{mq-password-uri-encoded.value}@{mq.bindings.tcp.host}:{mq.bindings.tcp.port}",
            "image": "docker.io/library/rabbitmq:4.3-management",
            "volumes": [{ "name": "mq-data", "target": "/var/lib/rabbitmq", "readOnly": true }],
            "env": { "RABBITMQ_DEFAULT_USER": "guest", "RABBITMQ_DEFAULT_PASS": "{mq-password.value}" },
            "bindings": {
              "tcp": { "scheme": "tcp", "protocol": "tcp", "transport": "tcp", "targetPort": 5672 },
              "management": { "scheme": "http", "protocol": "tcp", "transport": "http", "targetPort": 15672 }
            }
          },
          "postgres-password": {
            "type": "parameter.v0", "value": "{postgres-password.inputs.value}",
            "inputs": { "value": { "type": "string", "secret": true, "default": { "generate": { "minLength": 22 } } } }
          },
          "cache-password": {
            "type": "parameter.v0", "value": "{cache-password.inputs.value}",
            "inputs": { "value": { "type": "string", "secret": true, "default": { "generate": { "minLength": 22, "special": false } } } }
          },
          "mq-password": {
            "type": "parameter.v0", "value": "{mq-password.inputs.value}",
            "inputs": { "value": { "type": "string", "secret": true, "default": { "generate": { "minLength": 22, "special": false } } } }
          },
          "mq-password-uri-encoded": { "type": "annotated.string", "value": "{mq-password.value}", "filter": "uri" },
          "cond-cache-bindings-tcp-tlsenabled-3eddb73a": { "type": "value.v0", "connectionString": "" }
        }
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("manifest-").FullName;

    [Theory]
    [InlineData("redis", "d148d83a")]
    [InlineData("rediscontainer", "c16dc063")]
    [InlineData("cache", "3eddb73a")]
    public void Condition_has_the_name_that_Aspire_gives_it(string resourceName, string hash)
    {
        var redis = DistributedApplicationTestingBuilder.Create().AddRedis(resourceName);

        Assert.Equal($"cond-{resourceName}-bindings-tcp-tlsenabled-{hash}", new TlsSuffix(redis.Resource.PrimaryEndpoint).ManifestName);
    }

    [Fact]
    public async Task Servers_are_containers_whatever_runs_here()
    {
        var resources = await PublishAsync(builder =>
        {
            var user = builder.AddParameter("pg-user", "app", publishValueAsDefault: true);
            var postgres = builder.AddPostgres("postgres", user, port: 5433).WithDataVolume().WithLifetime(ContainerLifetime.Persistent);
            postgres.AddDatabase("catalogdb", "catalog");
            builder.AddRedis("cache").WithDataVolume("cache-data");
            builder.AddRabbitMQ("mq").WithManagementPlugin().WithDataVolume("mq-data", isReadOnly: true);
        });

        AssertJson(ServersOfAspire, resources);
    }

    [Fact]
    public async Task Project_with_a_launch_profile_has_both_bindings_and_the_variables_of_its_references()
    {
        var resources = await PublishAsync(builder =>
        {
            var database = builder.AddPostgres("postgres", password: builder.AddParameter("pg-password", secret: true)).AddDatabase("authdb");
            var auth = builder.AddProject<WebProject>("auth-service").WithReference(database).WithReplicas(2).WaitFor(database);
            builder.AddProject<WebProject>("gateway").WithExternalHttpEndpoints().WithHttpHealthCheck("/health")
                .WithReference(auth).WithEnvironment("AUTH_URL", auth.GetEndpoint("http"));
        });

        AssertJson(
            """
            {
              "type": "project.v0", "path": "Web/Web.csproj",
              "env": {
                "OTEL_DOTNET_EXPERIMENTAL_OTLP_RETRY": "in_memory",
                "ASPNETCORE_FORWARDEDHEADERS_ENABLED": "true",
                "HTTP_PORTS": "{auth-service.bindings.http.targetPort}",
                "ConnectionStrings__authdb": "{authdb.connectionString}",
                "AUTHDB_HOST": "{postgres.bindings.tcp.host}",
                "AUTHDB_PORT": "{postgres.bindings.tcp.port}",
                "AUTHDB_USERNAME": "postgres",
                "AUTHDB_PASSWORD": "{pg-password.value}",
                "AUTHDB_URI": "postgresql://postgres:{pg-password-uri-encoded.value}@{postgres.bindings.tcp.host}:{postgres.bindings.tcp.port}/authdb",
                "AUTHDB_JDBCCONNECTIONSTRING": "jdbc:postgresql://{postgres.bindings.tcp.host}:{postgres.bindings.tcp.port}/authdb",
                "AUTHDB_DATABASENAME": "authdb"
              },
              "bindings": {
                "http": { "scheme": "http", "protocol": "tcp", "transport": "http" },
                "https": { "scheme": "https", "protocol": "tcp", "transport": "http" }
              }
            }
            """,
            resources["auth-service"]);
        AssertJson(
            """
            {
              "type": "project.v0", "path": "Web/Web.csproj",
              "env": {
                "OTEL_DOTNET_EXPERIMENTAL_OTLP_RETRY": "in_memory",
                "ASPNETCORE_FORWARDEDHEADERS_ENABLED": "true",
                "HTTP_PORTS": "{gateway.bindings.http.targetPort}",
                "AUTH_SERVICE_HTTP": "{auth-service.bindings.http.url}",
                "services__auth-service__http__0": "{auth-service.bindings.http.url}",
                "AUTH_SERVICE_HTTPS": "{auth-service.bindings.https.url}",
                "services__auth-service__https__0": "{auth-service.bindings.https.url}",
                "AUTH_URL": "{auth-service.bindings.http.url}"
              },
              "bindings": {
                "http": { "scheme": "http", "protocol": "tcp", "transport": "http", "external": true },
                "https": { "scheme": "https", "protocol": "tcp", "transport": "http", "external": true }
              }
            }
            """,
            resources["gateway"]);
        Assert.Equal(
            ["pg-password", "postgres", "authdb", "auth-service", "gateway", "pg-password-uri-encoded"], resources.Select(resource => resource.Key));
    }

    [Fact]
    public async Task Project_without_a_launch_profile_has_no_bindings_but_its_arguments()
    {
        var resources = await PublishAsync(builder => builder.AddProject<WebProject>("migrations", launchProfileName: null).WithArgs("migrate"));

        AssertJson(
            """
            { "migrations": { "type": "project.v0", "path": "Web/Web.csproj", "args": ["migrate"], "env": { "OTEL_DOTNET_EXPERIMENTAL_OTLP_RETRY": "in_memory" } } }
            """,
            resources);
    }

    [Fact]
    public async Task Endpoints_beyond_the_first_get_ports_from_8000_on()
    {
        var resources = await PublishAsync(builder =>
        {
            builder.AddProject<WebProject>("proj", launchProfileName: null).WithHttpEndpoint(name: "hp").WithHttpEndpoint(name: "hp2");
            builder.AddExecutable("tool", "node", "tools", "--verbose").WithHttpEndpoint(env: "PORT");
        });

        AssertJson(
            """
            {
              "proj": {
                "type": "project.v0", "path": "Web/Web.csproj",
                "env": {
                  "OTEL_DOTNET_EXPERIMENTAL_OTLP_RETRY": "in_memory",
                  "ASPNETCORE_FORWARDEDHEADERS_ENABLED": "true",
                  "HTTP_PORTS": "{proj.bindings.hp.targetPort};{proj.bindings.hp2.targetPort}"
                },
                "bindings": {
                  "hp": { "scheme": "http", "protocol": "tcp", "transport": "http" },
                  "hp2": { "scheme": "http", "protocol": "tcp", "transport": "http", "targetPort": 8000 }
                }
              },
              "tool": {
                "type": "executable.v0", "workingDirectory": "WORKING_DIRECTORY", "command": "node", "args": ["--verbose"],
                "env": { "PORT": "{tool.bindings.http.targetPort}" },
                "bindings": { "http": { "scheme": "http", "protocol": "tcp", "transport": "http", "targetPort": 8001 } }
              }
            }
            """.Replace("WORKING_DIRECTORY", Path.GetRelativePath(_folder, Path.GetFullPath("tools")).Replace('\\', '/'), StringComparison.Ordinal),
            resources);
    }

    [Fact]
    public async Task Publishing_neither_reads_nor_makes_secrets()
    {
        var builder = Builder("--publisher", "manifest", "--output-path", Path.Combine(_folder, "manifest.json"));
        builder.AddRedis("cache");
        builder.AddParameter("needed", secret: true);

        await builder.Build().RunAsync(TestContext.Current.CancellationToken);

        Assert.False(builder.Secrets.IsValueCreated);
        Assert.False(builder.DataDirectory.IsValueCreated);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static DistributedApplicationBuilder Builder(params string[] args) =>
        (DistributedApplicationBuilder)DistributedApplicationTestingBuilder.Create(args);

    private async Task<JsonObject> PublishAsync(Action<IDistributedApplicationBuilder> describe)
    {
        WebProject.Write(_folder);
        var path = Path.Combine(_folder, "manifest.json");
        var builder = Builder("--publisher", "manifest", "--output-path", path);
        describe(builder);
        await ManifestPublisher.WriteAsync(builder, TestContext.Current.CancellationToken);
        return JsonNode.Parse(await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken))!["resources"]!.AsObject();
    }

    /// <summary>Compares texts, not values: the order is part of what tools and diffs see.</summary>
    private static void AssertJson(string expected, JsonNode? actual) => Assert.Equal(JsonNode.Parse(expected)!.ToString(), actual!.ToString());
}
