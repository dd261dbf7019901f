using McpPlatform.McpService.Credentials;
using McpPlatform.McpService.Credentials.OAuth;
using McpPlatform.McpService.Health;
using McpPlatform.McpService.Upstream;
using McpPlatform.McpService.Upstream.Stdio;

namespace McpPlatform.McpService.Servers;

/// <summary>A registered MCP server, and how it was when last looked at.</summary>
internal sealed class Server
{
    private Server()
    {
    }

    public Guid Id { get; private init; }

    public string Name { get; private init; } = string.Empty;

    public string? Description { get; private set; }

    public string Transport { get; private init; } = Transports.Http;

    public string Url { get; private set; } = string.Empty;

    public bool Enabled { get; private set; } = true;

    /// <summary>The server of MCP_SERVER_URL: its address is the operator's to change, not the API's.</summary>
    public bool IsDefault { get; private set; }

    /// <summary>The user who registered it; null for the default server.</summary>
    public Guid? CreatedBy { get; private init; }

    public DateTimeOffset CreatedAt { get; private init; }

    public DateTimeOffset UpdatedAt { get; private set; }

    /// <summary>One of <see cref="Definitions.DefinitionLock"/>.</summary>
    public string DefinitionLock { get; private set; } = Definitions.DefinitionLock.Changes;

    /// <summary>When the list of tools was asked for that is on record: one that was asked for before, and comes later, is out of date.</summary>
    public DateTimeOffset? ToolsListedAt { get; private set; }

    /// <summary>One of <see cref="CredentialOwners"/>.</summary>
    public string CredentialOwner { get; private set; } = CredentialOwners.Server;

    /// <summary>How access tokens for it are got; null when none are.</summary>
    public UpstreamAuth? Auth { get; private set; }

    /// <summary>Conversations with it from before end, at every replica: a credential was stored or removed, or somebody disconnected it.</summary>
    public DateTimeOffset? SessionsSince { get; private set; }

    public ServerHealth Health { get; private set; } = new();

    /// <summary>When a person's tool call last went through.</summary>
    public DateTimeOffset? LastGoodCallAt { get; private set; }

    public static Server Register(string name, string? description, string transport, Uri url, bool enabled, Guid? createdBy, DateTimeOffset now) => new()
    {
        Id = Guid.CreateVersion7(now),
        Name = name,
        Description = Blank(description),
        Transport = transport,
        Url = url.AbsoluteUri,
        Enabled = enabled,
        CreatedBy = createdBy,
        CreatedAt = now,
        UpdatedAt = now,
    };

    /// <summary>One that is part of this service.</summary>
    public static Server RegisterBuiltIn(string name, string description, DateTimeOffset now) => new()
    {
        Id = Guid.CreateVersion7(now),
        Name = name,
        Description = description,
        Transport = Transports.BuiltIn,
        DefinitionLock = Definitions.DefinitionLock.Off,
        Url = $"{Transports.BuiltIn}:{name}",
        CreatedAt = now,
        UpdatedAt = now,
    };

    /// <summary>For one that runs as a process: from which template, and how.</summary>
    public StdioLaunch? Launch => Transport == Transports.Stdio ? StdioLaunch.Of(new Uri(Url)) : null;

    public bool IsBuiltIn => Transport == Transports.BuiltIn;

    public void MarkDefault(bool isDefault) => IsDefault = isDefault;

    public void Describe(string description, DateTimeOffset now)
    {
        Description = Blank(description);
        UpdatedAt = now;
    }

    public void MoveTo(Uri url, DateTimeOffset now)
    {
        if (Url != url.AbsoluteUri)
        {
            Url = url.AbsoluteUri;
            UpdatedAt = now;
            Health = new();
        }
    }

    public void Enable(bool enabled, DateTimeOffset now)
    {
        if (Enabled != enabled)
        {
            Enabled = enabled;
            UpdatedAt = now;
            Health = new();
        }
    }

    public void EndSessions(DateTimeOffset now) => SessionsSince = now;

    public void RequireCredentialOf(string owner, DateTimeOffset now)
    {
        if (CredentialOwner != owner)
        {
            CredentialOwner = owner;
            UpdatedAt = now;
            Health = new();
        }
    }

    public void Authorize(UpstreamAuth? auth, DateTimeOffset now)
    {
        if (Auth != auth)
        {
            Auth = auth;
            UpdatedAt = now;
            Health = new();
        }
    }

    public void LockDefinitions(string mode, DateTimeOffset now)
    {
        if (DefinitionLock != mode)
        {
            DefinitionLock = mode;
            UpdatedAt = now;
        }
    }

    public UpstreamServer ToUpstream() => new(Id, Name, new Uri(Url), Transport == Transports.Sse)
    {
        SessionsSince = SessionsSince, Auth = Auth, NeedsUsersCredential = CredentialOwner == CredentialOwners.User || Auth?.Type == AuthTypes.TokenExchange,
    };

    private static string? Blank(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();
}

/// <summary>How a server is reached.</summary>
internal static class Transports
{
    public const string Http = "http";
    public const string Sse = "sse";
    public const string Stdio = "stdio";

    /// <summary>Part of this service.</summary>
    public const string BuiltIn = "builtin";
}
