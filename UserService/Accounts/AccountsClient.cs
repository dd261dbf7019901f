using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Polly;

namespace McpPlatform.UserService.Accounts;

/// <summary>Makes accounts in AuthService, which alone sees passwords.</summary>
internal sealed partial class AccountsClient(IHttpClientFactory clients, ServiceToken tokens, ILogger<AccountsClient> logger)
{
    private const string Address = "/internal/accounts";

    /// <summary>
    /// Makes an account. Tried a second time when the first try got no answer, a 5xx or a 401: AuthService knows the id again, so that no second account comes of it.
    /// </summary>
    public async Task<AccountCreation> CreateAsync(NewAccount account, CancellationToken cancellationToken)
    {
        string? token = null;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                token = await tokens.GetAsync(refused: token, cancellationToken);
                using var response = await SendAsync(account, token, cancellationToken);
                if (attempt > 1 || !(response.StatusCode == HttpStatusCode.Unauthorized || (int)response.StatusCode >= 500))
                {
                    return await ReadAsync(account, response, cancellationToken);
                }
            }
            catch (Exception exception) when (IsOutage(exception, cancellationToken))
            {
                if (attempt > 1)
                {
                    LogUnavailable(exception);
                    return new AccountCreation.Unavailable();
                }
            }
        }
    }

    private static bool IsOutage(Exception exception, CancellationToken cancellationToken) =>
        exception is HttpRequestException or ExecutionRejectedException or JsonException
        || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested);

    private async Task<HttpResponseMessage> SendAsync(NewAccount account, string token, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Address) { Content = JsonContent.Create(account, options: AccountsSetup.Json) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return await clients.CreateClient(AccountsSetup.HttpClientName).SendAsync(request, cancellationToken);
    }

    private async Task<AccountCreation> ReadAsync(NewAccount account, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        switch (response.StatusCode)
        {
            case HttpStatusCode.Created or HttpStatusCode.OK:
                var created = await response.Content.ReadFromJsonAsync<CreatedAccount>(AccountsSetup.Json, cancellationToken);
                return new AccountCreation.Created(created?.Username ?? throw new JsonException("AuthService's answer holds no username."));
            case HttpStatusCode.Conflict:
                var conflict = await response.Content.ReadFromJsonAsync<Refusal>(AccountsSetup.Json, cancellationToken);
                return new AccountCreation.Refused(StatusCodes.Status409Conflict, conflict?.Detail ?? $"The username '{account.Username}' is taken.", null);
            case HttpStatusCode.BadRequest:
                var refusal = await response.Content.ReadFromJsonAsync<Refusal>(AccountsSetup.Json, cancellationToken);
                return new AccountCreation.Refused(StatusCodes.Status400BadRequest, refusal?.Detail ?? "The account's data is not valid.", refusal?.Errors);
            default:
                LogUnexpected((int)response.StatusCode);
                return new AccountCreation.Unavailable();
        }
    }

    [LoggerMessage(101, LogLevel.Error, "AuthService cannot be reached, or does not give this service a token (is Authentication__ClientSecret the one it knows?)")]
    private partial void LogUnavailable(Exception exception);

    [LoggerMessage(102, LogLevel.Error, "AuthService answered {Status} to a new account")]
    private partial void LogUnexpected(int status);

    private sealed record CreatedAccount(string? Username);

    private sealed record Refusal(string? Detail, IDictionary<string, string[]>? Errors);
}
