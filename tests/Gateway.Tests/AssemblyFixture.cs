using McpPlatform.TestSupport;

[assembly: AssemblyFixture(typeof(PlatformServers))]
