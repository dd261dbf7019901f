using System.Globalization;
using System.Text.Json;
using OpenIddict.Abstractions;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace McpPlatform.AuthService.Authorization;

/// <summary>What a client says of itself (RFC 7591 section 2), in a registration or in a document. What we do not know is ignored, as the RFC asks.</summary>
internal sealed record ClientMetadata(string Name, IReadOnlyList<string> RedirectUris, IReadOnlyList<string> GrantTypes, string? Scope, JsonElement Document)
{
    /// <summary>Where OpenIddict's client keeps the grants that it asked for.</summary>
    public const string GrantTypesProperty = "mcpplatform:grant_types";

    private const int MaxNameLength = 100;
    private static readonly string[] Methods =
        [ClientAuthenticationMethods.None, ClientAuthenticationMethods.ClientSecretBasic, ClientAuthenticationMethods.ClientSecretPost];

    private static readonly string[] Grants = [OpenIddictConstants.GrantTypes.AuthorizationCode, OpenIddictConstants.GrantTypes.RefreshToken];

    /// <summary>Reads it.</summary>
    /// <returns>The metadata, or an error of RFC 7591 section 3.2.2 and a sentence.</returns>
    public static (ClientMetadata? Metadata, string Error, string Sentence) Read(JsonElement document, string defaultName)
    {
        if (document.ValueKind != JsonValueKind.Object)
        {
            return Invalid("The client's metadata must be a JSON object.");
        }

        if (Texts(document, "redirect_uris") is not { Count: > 0 and <= Authorization.RedirectUris.Most } redirects || !redirects.All(Authorization.RedirectUris.IsAllowed))
        {
            return (null, "invalid_redirect_uri", $"redirect_uris must name 1 to {Authorization.RedirectUris.Most} addresses. {Authorization.RedirectUris.Rule}");
        }

        var name = Text(document, "client_name") ?? defaultName;
        if (name.Length > MaxNameLength || name.Any(IsInvisible) || string.IsNullOrWhiteSpace(name))
        {
            return Invalid($"client_name must have 1 to {MaxNameLength} visible characters.");
        }

        // A client that would hold a secret gets none and is told so (RFC 7591 section 3.2.1); one with keys or certificates would wait for what never comes.
        if (document.TryGetProperty("token_endpoint_auth_method", out _) && !Methods.Contains(Text(document, "token_endpoint_auth_method"), StringComparer.Ordinal))
        {
            return Invalid("token_endpoint_auth_method must be none: clients that introduce themselves are public. client_secret_basic and client_secret_post are taken for none.");
        }

        var grants = Texts(document, "grant_types") ?? [OpenIddictConstants.GrantTypes.AuthorizationCode];
        if (!grants.Contains(OpenIddictConstants.GrantTypes.AuthorizationCode, StringComparer.Ordinal))
        {
            return Invalid("grant_types must contain authorization_code; besides it refresh_token is known.");
        }

        if (Texts(document, "response_types") is { } responses && !responses.Contains("code", StringComparer.Ordinal))
        {
            return Invalid("response_types must contain code.");
        }

        return (new(name, redirects, [.. Grants.Where(grant => grants.Contains(grant, StringComparer.Ordinal))], Text(document, "scope"), document), string.Empty, string.Empty);
    }

    /// <summary>The client for OpenIddict: public, as it has no secret to prove itself with, and asked for consent.</summary>
    public OpenIddictApplicationDescriptor ToDescriptor(string clientId)
    {
        var descriptor = new OpenIddictApplicationDescriptor
        {
            ClientId = clientId,
            ClientType = ClientTypes.Public,

            // Native, since only there the port of a loopback address is free.
            ApplicationType = ApplicationTypes.Native,
            ConsentType = ConsentTypes.Explicit,
            DisplayName = Name,
            Permissions =
            {
                OpenIddictConstants.Permissions.Endpoints.Authorization, OpenIddictConstants.Permissions.Endpoints.Token, OpenIddictConstants.Permissions.Endpoints.Revocation,
                OpenIddictConstants.Permissions.GrantTypes.AuthorizationCode, OpenIddictConstants.Permissions.GrantTypes.RefreshToken,
                OpenIddictConstants.Permissions.ResponseTypes.Code,
            },
            Requirements = { Requirements.Features.ProofKeyForCodeExchange },
        };
        descriptor.Properties[GrantTypesProperty] = JsonSerializer.SerializeToElement(GrantTypes);
        descriptor.RedirectUris.UnionWith(RedirectUris.Select(Authorization.RedirectUris.ToStore));
        return descriptor;
    }

    internal static string? Text(JsonElement document, string name) =>
        document.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && TryText(value, out var text) ? text : null;

    private static List<string>? Texts(JsonElement document, string name)
    {
        if (!document.TryGetProperty(name, out var value) || value.ValueKind != JsonValueKind.Array || value.GetArrayLength() > 50)
        {
            return null;
        }

        List<string> texts = [];
        foreach (var item in value.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.String || !TryText(item, out var text))
            {
                return null;
            }

            texts.Add(text);
        }

        return texts;
    }

    // Half of a surrogate pair is JSON, and no text.
    private static bool TryText(JsonElement value, out string text)
    {
        try
        {
            text = value.GetString()!;
            return true;
        }
        catch (InvalidOperationException)
        {
            text = string.Empty;
            return false;
        }
    }

    private static bool IsInvisible(char one) => char.GetUnicodeCategory(one) is
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse;

    private static (ClientMetadata?, string, string) Invalid(string sentence) => (null, "invalid_client_metadata", sentence);
}
