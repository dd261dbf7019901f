using System.Text.Json;
using McpPlatform.AuthService.Data;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Messaging;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using OpenIddict.Abstractions;

namespace McpPlatform.AuthService.Authorization;

/// <summary>
/// A client introduces itself (RFC 7591). Anybody may, so it is worth little: the client is public, users are asked, and a registration that nobody used
/// is gone after a day.
/// </summary>
internal static class RegisterClient
{
    /// <summary>So many unused registrations at once; then it is somebody's flood and not a team's clients.</summary>
    private const int MaxUnused = 10_000;

    public static async Task<IResult> HandleAsync(
        HttpContext context, AuthDbContext db, IOpenIddictApplicationManager applications, RegistrationLimit limit, ActivityLog activities, TimeProvider time,
        CancellationToken cancellationToken)
    {
        context.Response.Headers.CacheControl = "no-store";
        if (limit.RetryAfter(context.Connection.RemoteIpAddress) is { } wait)
        {
            context.Response.Headers.RetryAfter = ((int)Math.Ceiling(wait.TotalSeconds)).ToString();
            return Error(StatusCodes.Status429TooManyRequests, "temporarily_unavailable", "Too many registrations from this address: try again later.");
        }

        if (await ReadAsync(context.Request, cancellationToken) is not { } document)
        {
            return Error(StatusCodes.Status400BadRequest, "invalid_client_metadata", "Send the client's metadata as a JSON object (application/json).");
        }

        var (metadata, error, sentence) = ClientMetadata.Read(document, "A client without a name");
        if (metadata is null)
        {
            return Error(StatusCodes.Status400BadRequest, error, sentence);
        }

        if (await db.ClientRegistrations.CountAsync(client => client.UsedAt == null, cancellationToken) >= MaxUnused)
        {
            context.Response.Headers.RetryAfter = "3600";
            return Error(StatusCodes.Status503ServiceUnavailable, "temporarily_unavailable", "Too many clients have registered and were not used: try again in an hour.");
        }

        var now = time.GetUtcNow();
        var clientId = Guid.CreateVersion7(now).ToString("N");
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await applications.CreateAsync(metadata.ToDescriptor(clientId), cancellationToken);
        db.ClientRegistrations.Add(new ClientRegistration { ClientId = clientId, Origin = ClientOrigin.Registered, CreatedAt = now });
        db.AddToOutbox(activities.Create(
            "oauth.client.register", ActivityOutcomes.Succeeded, "oauth_client", clientId, newValues: new { client_name = metadata.Name, redirect_uris = metadata.RedirectUris }));
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return TypedResults.Json(
            new RegisteredClient(
                clientId, now.ToUnixTimeSeconds(), metadata.Name, metadata.RedirectUris, metadata.GrantTypes, ["code"], "none",
                string.Join(' ', OAuthScopes.Of(metadata.Scope?.Split(' ') ?? []))),
            statusCode: StatusCodes.Status201Created);
    }

    private static async Task<JsonElement?> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (!request.HasJsonContentType())
        {
            return null;
        }

        try
        {
            using var document = await JsonDocument.ParseAsync(request.Body, new JsonDocumentOptions { MaxDepth = 16, AllowDuplicateProperties = false }, cancellationToken);
            return document.RootElement.Clone();
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static JsonHttpResult<RegistrationError> Error(int status, string error, string sentence) =>
        TypedResults.Json(new RegistrationError(error, sentence), statusCode: status);

    private sealed record RegistrationError(string Error, string ErrorDescription);

    private sealed record RegisteredClient(
        string ClientId, long ClientIdIssuedAt, string ClientName, IReadOnlyList<string> RedirectUris, IReadOnlyList<string> GrantTypes,
        IReadOnlyList<string> ResponseTypes, string TokenEndpointAuthMethod, string Scope);
}
