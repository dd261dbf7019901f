using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using McpPlatform.AuthService.Data;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Outbound;
using Microsoft.EntityFrameworkCore;
using OpenIddict.Abstractions;

namespace McpPlatform.AuthService.Authorization;

/// <summary>
/// Clients whose id is the address of a document that describes them (Client ID Metadata Documents). The document is fetched past the outbound guard and
/// kept; it makes the client known to OpenIddict, and from there on it is one like any other.
/// </summary>
internal sealed partial class ClientDocuments(
    AuthDbContext db, IOpenIddictApplicationManager applications, IHttpClientFactory http, ActivityLog activities, TimeProvider time, ILogger<ClientDocuments> logger)
{
    public const string Client = "client-documents";
    private const int MaxBytes = 5 * 1024;
    private static readonly TimeSpan Shortest = TimeSpan.FromMinutes(5), Longest = TimeSpan.FromDays(1);

    // Anybody can make us fetch; not more than this at once.
    private static readonly SemaphoreSlim Fetches = new(8);

    /// <summary>Whether an id is the address of a document: https with a path, and nothing that could be written in two ways.</summary>
    public static bool IsAddress(string clientId) =>
        clientId.StartsWith("https://", StringComparison.Ordinal) && clientId.Length <= ClientRegistrationConfiguration.MaxClientIdLength
        && Uri.TryCreate(clientId, UriKind.Absolute, out var uri) && uri.AbsoluteUri == clientId && uri.AbsolutePath.Length > 1
        && uri.UserInfo.Length == 0 && !clientId.Contains('#', StringComparison.Ordinal);

    /// <summary>Fetches the document when it is not known or no longer fresh.</summary>
    /// <returns>Null when the client may be used, else why not.</returns>
    public async Task<string?> EnsureAsync(string clientId, CancellationToken cancellationToken)
    {
        var known = await db.ClientRegistrations.SingleOrDefaultAsync(client => client.ClientId == clientId, cancellationToken);
        if (known?.FreshUntil > time.GetUtcNow())
        {
            return null;
        }

        if (known is null ? await applications.FindByClientIdAsync(clientId, cancellationToken) is not null : known.Origin != ClientOrigin.MetadataDocument)
        {
            // A client that the platform knows otherwise is not for a document to change.
            return null;
        }

        var (document, freshFor, fault) = await FetchAsync(clientId, cancellationToken);
        if (fault is not null)
        {
            return fault;
        }

        if (ClientMetadata.Text(document, "client_id") != clientId)
        {
            return "The client's document does not name its own address as client_id.";
        }

        if (document.TryGetProperty("client_secret", out _) || ClientMetadata.Text(document, "token_endpoint_auth_method") is not (null or "none"))
        {
            return "The client's document asks for a way to authenticate that a public document cannot have: token_endpoint_auth_method must be none.";
        }

        var (metadata, _, sentence) = ClientMetadata.Read(document, new Uri(clientId).Authority);
        if (metadata is null)
        {
            return sentence;
        }

        await StoreAsync(clientId, metadata, known, time.GetUtcNow() + freshFor, cancellationToken);
        return null;
    }

    private async Task StoreAsync(string clientId, ClientMetadata metadata, ClientRegistration? known, DateTimeOffset freshUntil, CancellationToken cancellationToken)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock(hashtextextended({"auth.client|" + clientId}, 0))", cancellationToken);
        if (await applications.FindByClientIdAsync(clientId, cancellationToken) is { } existing)
        {
            await applications.UpdateAsync(existing, metadata.ToDescriptor(clientId), cancellationToken);
            await db.ClientRegistrations.Where(client => client.ClientId == clientId)
                .ExecuteUpdateAsync(set => set.SetProperty(client => client.FreshUntil, freshUntil), cancellationToken);
        }
        else if (known is null)
        {
            await applications.CreateAsync(metadata.ToDescriptor(clientId), cancellationToken);
            db.ClientRegistrations.Add(new ClientRegistration
            {
                ClientId = clientId, Origin = ClientOrigin.MetadataDocument, CreatedAt = time.GetUtcNow(), FreshUntil = freshUntil,
            });
            db.AddToOutbox(activities.Create(
                "oauth.client.register", ActivityOutcomes.Succeeded, "oauth_client", clientId, newValues: new { client_name = metadata.Name, redirect_uris = metadata.RedirectUris }));
        }

        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private async Task<(JsonElement Document, TimeSpan FreshFor, string? Fault)> FetchAsync(string clientId, CancellationToken cancellationToken)
    {
        if (!await Fetches.WaitAsync(TimeSpan.FromSeconds(1), cancellationToken))
        {
            return (default, default, "Too many clients are being looked up at the moment: try again shortly.");
        }

        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, clientId);
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
            using var response = await http.CreateClient(Client).SendAsync(request, cancellationToken);
            if (response.StatusCode != HttpStatusCode.OK || response.Content.Headers.ContentType?.MediaType?.EndsWith("json", StringComparison.OrdinalIgnoreCase) != true)
            {
                return (default, default, "The client's document could not be fetched: its address must answer 200 with application/json, without a redirect.");
            }

            using var document = JsonDocument.Parse(
                await response.Content.ReadAsByteArrayAsync(cancellationToken), new JsonDocumentOptions { MaxDepth = 16, AllowDuplicateProperties = false });
            var freshFor = response.Headers.CacheControl is { NoStore: false, NoCache: false, MaxAge: { } age } ? age : Shortest;
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? (document.RootElement.Clone(), freshFor < Shortest ? Shortest : freshFor > Longest ? Longest : freshFor, null)
                : (default, default, "The client's document must be a JSON object.");
        }
        catch (Exception exception) when (exception is HttpRequestException or JsonException or InvalidOperationException or OutboundRefusedException
            || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            // Which of them it was is for the operator: to the caller it would tell what listens where.
            LogFetchFailed(new Uri(clientId).Authority, exception);
            return (default, default, $"The client's document could not be fetched: it must be JSON of at most {MaxBytes / 1024} KiB, at an address that may be reached from here, within 3 seconds.");
        }
        finally
        {
            Fetches.Release();
        }
    }

    internal static void Configure(IServiceCollection services) => services.AddHttpClient(Client, client =>
    {
        client.Timeout = TimeSpan.FromSeconds(3);
        client.MaxResponseContentBufferSize = MaxBytes;
    }).UseOutboundGuard();

    [LoggerMessage(251, LogLevel.Information, "The document of a client at {Host} could not be fetched")]
    private partial void LogFetchFailed(string host, Exception exception);
}
