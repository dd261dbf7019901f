using McpPlatform.AuthService.Data;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.AuthService.Accounts;

internal static class LockAccount
{
    /// <summary>
    /// Reads an account for change, until the transaction ends. Facts come side by side, to one replica and to others: without this both would compare their
    /// version with the same row, and the older could be written last.
    /// </summary>
    public static Task<Account?> LockAccountAsync(this AuthDbContext db, Guid id, CancellationToken cancellationToken) =>
        db.Users.FromSql($"SELECT * FROM auth.users WHERE id = {id} FOR UPDATE").SingleOrDefaultAsync(cancellationToken);
}
