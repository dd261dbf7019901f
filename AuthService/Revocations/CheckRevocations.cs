using System.ComponentModel.DataAnnotations;
using McpPlatform.ServiceDefaults.Authentication;
using Microsoft.AspNetCore.Http.HttpResults;

namespace McpPlatform.AuthService.Revocations;

/// <summary>Which tokens are asked about.</summary>
public sealed record CheckRevocationsRequest
{
    /// <summary>At most 256; none asks for the keys alone.</summary>
    [Required]
    [MaxLength(256, ErrorMessage = "queries must have at most 256 entries.")]
    public required IReadOnlyList<RevocationQuery> Queries { get; init; }
}

internal static class CheckRevocations
{
    public static async Task<Ok<RevocationAnswer>> HandleAsync(CheckRevocationsRequest request, IRevocationTruth truth, CancellationToken cancellationToken) =>
        TypedResults.Ok(await truth.AskAsync(request.Queries, cancellationToken));
}
