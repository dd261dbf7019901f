using McpPlatform.AuthService.Accounts;
using McpPlatform.ServiceDefaults.Secrets;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace McpPlatform.AuthService.SecondFactor;

/// <summary>The secret that an account shares with an authenticator. In force from the moment that a code of it was confirmed.</summary>
internal sealed class TotpEnrollment
{
    private const int MaxWrongCodes = 10;

    private TotpEnrollment()
    {
    }

    public Guid UserId { get; private init; }

    /// <summary>Encrypted; see <see cref="SecretProtector"/>.</summary>
    public byte[] ProtectedSecret { get; private set; } = [];

    /// <summary>The key that it is encrypted under.</summary>
    public string SecretKey { get; private set; } = string.Empty;

    public DateTimeOffset CreatedAt { get; private set; }

    /// <summary>Null: the owner has not shown yet that the authenticator has it, and no login asks for it.</summary>
    public DateTimeOffset? ConfirmedAt { get; private set; }

    /// <summary>The newest time step whose code was used: it and all before it work no more (RFC 6238 section 5.2).</summary>
    public long? LastStep { get; private set; }

    /// <summary>How often a wrong code was given to confirm it.</summary>
    public int WrongCodes { get; private set; }

    public static TotpEnrollment Create(Guid userId, byte[] secret, SecretProtector protector, DateTimeOffset now)
    {
        var enrollment = new TotpEnrollment { UserId = userId };
        enrollment.Replace(secret, protector, now);
        return enrollment;
    }

    /// <summary>A new secret, which must be confirmed.</summary>
    public void Replace(byte[] secret, SecretProtector protector, DateTimeOffset now)
    {
        Protect(secret, protector);
        (CreatedAt, ConfirmedAt, LastStep, WrongCodes) = (now, null, null, 0);
    }

    public void Confirm(DateTimeOffset now) => ConfirmedAt = now;

    /// <summary>Somebody else in the same session could guess, and would get the recovery codes.</summary>
    /// <returns>Whether it may be tried again.</returns>
    public bool CountWrongCode() => ++WrongCodes < MaxWrongCodes;

    /// <exception cref="SecretUnreadableException">The key is not there, or the row is damaged.</exception>
    public byte[] Secret(SecretProtector protector) => protector.Unprotect(ProtectedSecret, Context);

    /// <summary>The same secret under the active key.</summary>
    /// <exception cref="SecretUnreadableException">The key is not there, or the row is damaged.</exception>
    public void Rewrap(SecretProtector protector) => Protect(Secret(protector), protector);

    private string Context => $"auth.totp_enrollments|{UserId:D}|{UserId:D}";

    private void Protect(byte[] secret, SecretProtector protector) =>
        (ProtectedSecret, SecretKey) = (protector.Protect(secret, Context), protector.ActiveKey);
}

/// <summary>A code that stands in for the authenticator, once.</summary>
internal sealed class RecoveryCode
{
    public required Guid Id { get; init; }

    public required Guid UserId { get; init; }

    /// <summary>SHA-256: the code is random, 80 bits.</summary>
    public required byte[] Hash { get; init; }

    public DateTimeOffset? UsedAt { get; init; }
}

internal sealed class TotpEnrollmentConfiguration : IEntityTypeConfiguration<TotpEnrollment>
{
    public void Configure(EntityTypeBuilder<TotpEnrollment> builder)
    {
        builder.ToTable("totp_enrollments");
        builder.HasKey(enrollment => enrollment.UserId);
        builder.Property(enrollment => enrollment.UserId).ValueGeneratedNever();
        builder.Property(enrollment => enrollment.ProtectedSecret).HasColumnName("totp_secret").HasMaxLength(512);
        builder.Property(enrollment => enrollment.SecretKey).HasMaxLength(64);
        builder.HasOne<Account>().WithOne().HasForeignKey<TotpEnrollment>(enrollment => enrollment.UserId).OnDelete(DeleteBehavior.Cascade);
    }
}

internal sealed class RecoveryCodeConfiguration : IEntityTypeConfiguration<RecoveryCode>
{
    public void Configure(EntityTypeBuilder<RecoveryCode> builder)
    {
        builder.ToTable("recovery_codes");
        builder.Property(code => code.Id).ValueGeneratedNever();
        builder.Property(code => code.Hash).HasMaxLength(32);
        builder.HasIndex(code => new { code.UserId, code.Hash }).IsUnique();
        builder.HasOne<Account>().WithMany().HasForeignKey(code => code.UserId).OnDelete(DeleteBehavior.Cascade);
    }
}
