using System.ComponentModel.DataAnnotations;
using McpPlatform.Contracts.Messages;
using McpPlatform.McpService.Servers;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace McpPlatform.McpService.Credentials.OAuth;

/// <summary>How to get access tokens for a server.</summary>
/// <param name="Type"><c>oauth_authorization_code</c> (people log in; for each user or for everybody, as <c>credential_owner</c> says), <c>oauth_client_credentials</c> (the platform itself), or <c>token_exchange</c> (the caller's token is exchanged at an endpoint of the operator, RFC 8693).</param>
/// <param name="ClientId">The platform's client at the authorization server. Needed for client credentials; else the platform comes with its own document, or registers itself.</param>
/// <param name="ClientSecret">Its secret; kept encrypted, and never shown again.</param>
/// <param name="Issuer">The authorization server; without it the one that the server names.</param>
/// <param name="Scopes">What to ask for; without it what the server says is needed.</param>
/// <param name="Exchange">For a token exchange: the operator's name of the endpoint.</param>
public sealed record SetServerAuthRequest(
    [Required(ErrorMessage = AuthTypes.Sentence)] string? Type,
    [StringLength(2048, MinimumLength = 1, ErrorMessage = "The client_id must be 1 to 2048 characters.")] string? ClientId = null,
    [StringLength(4096, MinimumLength = 1, ErrorMessage = "The client_secret must be 1 to 4096 characters.")] string? ClientSecret = null,
    [StringLength(2048, MinimumLength = 1, ErrorMessage = "The issuer must be an absolute http or https address without query and fragment.")] string? Issuer = null,
    [MaxLength(50, ErrorMessage = "The scopes must be at most 50.")] IReadOnlyList<string?>? Scopes = null,
    string? Exchange = null);

internal static class SetServerAuth
{
    public static async Task<Results<Ok<CredentialResponse>, ProblemHttpResult, ValidationProblem>> SetAsync(
        string id, SetServerAuthRequest request, IOptions<TokenExchangeOptions> exchanges, [AsParameters] CredentialServices services, CancellationToken cancellationToken)
    {
        if (FindMistake(request, exchanges.Value) is { } mistake)
        {
            return mistake;
        }

        var (server, refusal) = await services.Access.FindToManageAsync(id, "mcp.credentials.auth", cancellationToken);
        if (server is null)
        {
            return refusal!;
        }

        if (server.Transport is not (Transports.Http or Transports.Sse))
        {
            return ProblemExtensions.Problem(StatusCodes.Status409Conflict, $"'{server.Name}' is not reached over HTTP, so it takes no tokens.");
        }

        var auth = new UpstreamAuth(request.Type!, request.Issuer, request.ClientId, request.Scopes is { Count: > 0 } scopes ? string.Join(' ', scopes) : null, request.Exchange);
        var client = request.ClientId is null ? null : UpstreamClient.Create(services.Protector, server.Id, string.Empty, new(request.ClientId, request.ClientSecret));
        return await ChangeAsync(server, auth, client, services, cancellationToken)
            ? TypedResults.Ok(await GetCredential.ReadAsync(services.Db, server, services.User.Id, cancellationToken))
            : ChangedMeanwhile(server);
    }

    public static async Task<Results<NoContent, ProblemHttpResult>> RemoveAsync(string id, [AsParameters] CredentialServices services, CancellationToken cancellationToken)
    {
        var (server, refusal) = await services.Access.FindToManageAsync(id, "mcp.credentials.auth", cancellationToken);
        return server is null ? refusal!
            : await ChangeAsync(server, null, null, services, cancellationToken) ? TypedResults.NoContent() : ChangedMeanwhile(server);
    }

    // Tokens of before are of another arrangement: whoever may change it is not to use them in the new one.
    private static async Task<bool> ChangeAsync(Server server, UpstreamAuth? auth, UpstreamClient? client, CredentialServices services, CancellationToken cancellationToken)
    {
        var (db, now) = (services.Db, services.Time.GetUtcNow());
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var old = ServerValues.Of(server);
        server.Authorize(auth, now);
        server.EndSessions(now);
        await db.ForgetTokensAsync(server.Id, cancellationToken);
        if (client is not null)
        {
            db.Add(client);
        }

        db.AddToOutbox(services.Activities.Create("mcp.credentials.auth", ActivityOutcomes.Succeeded, "mcp_server", server.Name, old, ServerValues.Of(server)));
        try
        {
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateConcurrencyException)
        {
            return false;
        }

        await transaction.CommitAsync(cancellationToken);
        await services.Registry.RefreshAsync(cancellationToken);
        services.Sweep.Wake();
        return true;
    }

    private static ProblemHttpResult ChangedMeanwhile(Server server) =>
        ProblemExtensions.Problem(StatusCodes.Status409Conflict, $"'{server.Name}' was changed at the same moment: look at it, and try again.");

    private static ValidationProblem? FindMistake(SetServerAuthRequest request, TokenExchangeOptions exchanges)
    {
        if (!AuthTypes.IsValid(request.Type))
        {
            return ProblemExtensions.Invalid("type", AuthTypes.Sentence);
        }

        if (request.Type == AuthTypes.ClientCredentials && (request.ClientId is null || request.ClientSecret is null))
        {
            return ProblemExtensions.Invalid("client_secret", "For oauth_client_credentials the client_id and the client_secret are needed.");
        }

        if (request.Type == AuthTypes.TokenExchange)
        {
            return request.ClientId is not null || request.Issuer is not null
                ? ProblemExtensions.Invalid("client_id", "For token_exchange the operator has set client and endpoint: there is no client_id, client_secret and issuer to give.")
                : request.Exchange is { } name && exchanges.Endpoints.ContainsKey(name) ? MistakenScope(request)
                : ProblemExtensions.Invalid("exchange", exchanges.Endpoints.Count == 0
                    ? $"The operator has set no endpoint for token exchange ({TokenExchangeOptions.Section}__Endpoints__…)."
                    : $"The exchange must be one of the operator's: {string.Join(", ", exchanges.Endpoints.Keys.Order(StringComparer.Ordinal))}.");
        }

        if (request.ClientSecret is not null && request.ClientId is null)
        {
            return ProblemExtensions.Invalid("client_id", "A client_secret needs its client_id.");
        }

        if (request.Exchange is not null)
        {
            return ProblemExtensions.Invalid("exchange", "An exchange is for token_exchange only.");
        }

        return request.Issuer is { } issuer && (!Uri.TryCreate(issuer, UriKind.Absolute, out var uri) || uri.Scheme is not ("https" or "http") || uri is not { UserInfo: "", Query: "", Fragment: "" })
            ? ProblemExtensions.Invalid("issuer", "The issuer must be an absolute http or https address without query and fragment.")
            : MistakenScope(request);
    }

    // RFC 6749, section 3.3.
    private static ValidationProblem? MistakenScope(SetServerAuthRequest request) =>
        request.Scopes?.All(scope => scope is { Length: > 0 and <= 256 } && scope.All(character => character is >= '!' and <= '~' and not ('"' or '\\'))) == false
            ? ProblemExtensions.Invalid("scopes", "The scopes must be words of 1 to 256 visible ASCII characters, without quotation marks and backslashes.")
            : null;
}
