using McpPlatform.TestSupport;

[assembly: AssemblyFixture(typeof(PlatformServers))]
[assembly: CollectionBehavior(DisableTestParallelization = true)]
