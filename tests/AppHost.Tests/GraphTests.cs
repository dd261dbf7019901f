using McpPlatform.LocalHosting;
using McpPlatform.LocalHosting.Testing;

namespace McpPlatform.AppHost.Tests;

public sealed class GraphTests
{
    [Fact]
    public async Task Every_service_waits_for_its_migration_and_has_a_health_check()
    {
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Program>();
        var services = builder.Resources.OfType<ProjectResource>().Where(project => project.Name.EndsWith("service", StringComparison.Ordinal)).ToList();

        Assert.Equal(["authservice", "userservice", "mcpservice", "analyticsservice"], services.Select(service => service.Name));
        Assert.All(services, service =>
        {
            Assert.Contains(service.Annotations.OfType<WaitAnnotation>(), wait => wait.Type == WaitType.WaitForCompletion && wait.Resource.Name == $"{service.Name}-migrations");
            Assert.Equal("/health", service.Annotations.OfType<HttpHealthCheckAnnotation>().Single().Path);
        });
    }

    [Fact]
    public async Task Every_service_checks_tokens_of_the_same_issuer()
    {
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Program>();
        var issuers = builder.Resources.OfType<ProjectResource>()
            .Select(project => EnvironmentExtensions.EnvironmentOf(project, builder.ExecutionContext).GetValueOrDefault("Authentication__Issuer"))
            .OfType<EndpointReference>().ToList();

        Assert.Equal(5, issuers.Count);
        Assert.All(issuers, issuer => Assert.Equal("{gateway.bindings.http.url}", issuer.ValueExpression));
    }

    [Fact]
    public async Task Only_the_gateway_is_reachable_from_outside()
    {
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Program>();

        Assert.Equal(["gateway"], builder.Resources.Where(one => one.Endpoints().Any(endpoint => endpoint.IsExternal)).Select(one => one.Name));
    }

    [Fact]
    public async Task Replicas_are_configured_for_all_services_at_once()
    {
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Program>(["--Replicas", "3"], TestContext.Current.CancellationToken);

        Assert.Equal([3, 3, 3, 3, 3], builder.Resources.OfType<ProjectResource>().Select(one => one.Last<ReplicaAnnotation>()?.Replicas).OfType<int>());
    }
}
