using System.Text;
using System.Xml.Linq;
using McpPlatform.AuthService.Data;
using McpPlatform.ServiceDefaults.Secrets;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace McpPlatform.AuthService.Authorization;

/// <summary>The keys of cookies and forms: ASP.NET Core's, in the database so that all replicas have them, and encrypted there.</summary>
internal static class CookieKeys
{
    private const string Context = "data_protection_keys";

    public static void AddCookieKeys(this WebApplicationBuilder builder)
    {
        builder.AddSecretProtection();
        builder.Services.AddDataProtection().SetApplicationName("mcpplatform.authservice").PersistKeysToDbContext<AuthDbContext>();
        builder.Services.AddOptions<KeyManagementOptions>().Configure<SecretProtector>((options, protector) => options.XmlEncryptor = new Encryptor(protector));
        builder.Services.AddHostedService<FirstKey>();
    }

    private sealed class Encryptor(SecretProtector protector) : IXmlEncryptor
    {
        public EncryptedXmlInfo Encrypt(XElement plaintextElement) => new(
            new XElement("secret", Convert.ToBase64String(protector.Protect(Encoding.UTF8.GetBytes(plaintextElement.ToString(SaveOptions.DisableFormatting)), Context))),
            typeof(Decryptor));
    }

    /// <summary>Named in the stored XML and made by the framework, with the services as its only argument.</summary>
    internal sealed class Decryptor(IServiceProvider services) : IXmlDecryptor
    {
        public XElement Decrypt(XElement encryptedElement) => XElement.Parse(Encoding.UTF8.GetString(
            services.GetRequiredService<SecretProtector>().Unprotect(Convert.FromBase64String(encryptedElement.Value), Context)));
    }

    /// <summary>Replicas that start together on an empty database wait for each other, so that they share the first key.</summary>
    private sealed class FirstKey(IServiceScopeFactory scopes, IKeyManager keys, IDataProtectionProvider protection) : IHostedLifecycleService
    {
        public async Task StartingAsync(CancellationToken cancellationToken)
        {
            await using var scope = scopes.CreateAsyncScope();
            var db = scope.ServiceProvider.GetRequiredService<AuthDbContext>();
            await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
            await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock(hashtextextended('auth.data_protection_keys', 0))", cancellationToken);
            if (keys.GetAllKeys().Count == 0)
            {
                protection.CreateProtector("first key").Protect([1]);
            }

            await transaction.CommitAsync(cancellationToken);
        }

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
