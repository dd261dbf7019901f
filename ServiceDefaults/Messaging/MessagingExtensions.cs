using MassTransit;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Data;
using McpPlatform.ServiceDefaults.Authorization;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using Npgsql;

namespace McpPlatform.ServiceDefaults.Messaging;

/// <summary>Events: facts through the outbox, telemetry in batches; see <see cref="IFact"/> and <see cref="ITelemetryEvent"/> for what each promises.</summary>
public static class MessagingExtensions
{
    /// <summary>
    /// The bus on <c>ConnectionStrings:rabbitmq</c>: quorum queues named after the service and the consumer, five retries, then the queue's <c>_error</c>.
    /// A broker that is away makes the service degraded, not unhealthy: requests go on. Also samples the process's own metrics.
    /// </summary>
    /// <param name="builder">The service.</param>
    /// <param name="configure">Adds the service's consumers.</param>
    public static void AddPlatformMessaging(this WebApplicationBuilder builder, Action<IBusRegistrationConfigurator>? configure = null)
    {
        var configuration = builder.Configuration;
        var service = builder.Environment.ApplicationName.ToLowerInvariant();
        builder.Services.AddMassTransit(bus =>
        {
            bus.SetEndpointNameFormatter(new KebabCaseEndpointNameFormatter(service, includeNamespace: false));
            bus.ConfigureHealthCheckOptions(health =>
            {
                health.Name = "rabbitmq";
                health.MinimalFailureStatus = HealthStatus.Degraded;
            });
            bus.AddConfigureEndpointsCallback((_, endpoint) =>
            {
                endpoint.UseMessageRetry(retry => retry.Exponential(5, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(10), TimeSpan.FromMilliseconds(200)));
                if (endpoint is IRabbitMqReceiveEndpointConfigurator rabbit)
                {
                    rabbit.SetQuorumQueue();
                }
            });
            configure?.Invoke(bus);
            bus.UsingRabbitMq((context, rabbit) =>
            {
                var address = new Uri(DatabaseUrl.Required(configuration, "rabbitmq"));
                var user = address.UserInfo.Split(':', 2);
                var path = address.AbsolutePath is "" or "/" ? "/" : Uri.UnescapeDataString(address.AbsolutePath[1..]);
                rabbit.Host(address.Host, (ushort)(address.IsDefaultPort ? 5672 : address.Port), path, service, host =>
                {
                    host.Username(Uri.UnescapeDataString(user[0]));
                    host.Password(Uri.UnescapeDataString(user.ElementAtOrDefault(1) ?? string.Empty));
                    host.Heartbeat(TimeSpan.FromSeconds(15));
                });
                // Interfaces that mark a message's class are no topics of their own.
                rabbit.Publish<IFact>(topology => topology.Exclude = true);
                rabbit.ConfigureEndpoints(context);
            });
        });
        builder.AddTelemetryEvents<SystemMetricsSampled, SystemMetricsSampledBatch>(events => new(events));
        builder.Services.AddHostedService<SystemMetricsSampler>();
    }

    /// <summary>
    /// The same for a service with a database: what <see cref="OutboxExtensions.AddToOutbox"/> put into a transaction is published after its commit, in order.
    /// Requests that are refused for want of a permission leave an audit record.
    /// </summary>
    /// <typeparam name="TContext">The database, whose model calls <see cref="DataExtensions.AddOutboxAndInbox"/>.</typeparam>
    /// <param name="builder">The service.</param>
    /// <param name="configure">Adds the service's consumers.</param>
    public static void AddPlatformMessaging<TContext>(this WebApplicationBuilder builder, Action<IBusRegistrationConfigurator>? configure = null)
        where TContext : DbContext
    {
        builder.AddPlatformMessaging(configure);
        builder.Services.AddSingleton<OutboxSignal>();
        builder.Services.AddSingleton<IInterceptor, OutboxInterceptor>();
        builder.Services.AddSingleton(provider => new OutboxTable(new(() =>
        {
            using var scope = provider.CreateScope();
            return scope.ServiceProvider.GetRequiredService<TContext>().Model.GetDefaultSchema() + ".outbox";
        })));
        builder.Services.AddSingleton(provider => new OutboxWriter(
            provider.GetRequiredService<NpgsqlDataSource>(), provider.GetRequiredService<OutboxSignal>(), provider.GetRequiredService<OutboxTable>()));
        builder.Services.AddHostedService<OutboxRelay>();
        builder.Services.AddScoped<ActivityLog>();
        builder.Services.AddSingleton<IAuthorizationMiddlewareResultHandler, RecordDenials<TContext>>();
    }

    /// <summary>Lets the service record telemetry of one kind through <see cref="TelemetryEvents{TEvent}"/>.</summary>
    /// <typeparam name="TEvent">The event.</typeparam>
    /// <typeparam name="TBatch">The message that carries many of them.</typeparam>
    /// <param name="builder">The service.</param>
    /// <param name="pack">Makes the message.</param>
    public static void AddTelemetryEvents<TEvent, TBatch>(this WebApplicationBuilder builder, Func<IReadOnlyList<TEvent>, TBatch> pack)
        where TEvent : class, ITelemetryEvent
        where TBatch : class, ITelemetryBatch<TEvent>
    {
        builder.Services.AddOptions<TelemetryOptions>().BindConfiguration(TelemetryOptions.Section).ValidateOnStart();
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<TelemetryOptions>, TelemetryOptionsValidator>());
        builder.Services.TryAddSingleton<TelemetryEvents<TEvent>>();
        builder.Services.TryAddSingleton<TelemetrySpool<TBatch>>();
        builder.Services.AddSingleton(pack);
        builder.Services.AddHostedService<TelemetryPublisher<TEvent, TBatch>>();
    }
}
