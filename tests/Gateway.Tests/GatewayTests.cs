namespace McpPlatform.Gateway.Tests;

/// <summary>The tests that share one Gateway.</summary>
[CollectionDefinition(Name)]
public sealed class GatewayTests : ICollectionFixture<GatewayApplication>
{
    public const string Name = "gateway";
}
