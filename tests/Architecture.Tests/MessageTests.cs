using System.Reflection;
using System.Text.Json;
using McpPlatform.Contracts.Messages;

namespace McpPlatform.Architecture.Tests;

/// <summary>Messages outlive the version that published them: what is in a queue or an outbox must stay readable.</summary>
public sealed class MessageTests
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, NewLine = "\n" };

    public static TheoryData<Type> Messages() => [.. Known];

    /// <summary>The messages, and what they carry: a property of a part that is renamed loses as much.</summary>
    private static HashSet<Type> Known { get; } = [.. typeof(IFact).Assembly.GetTypes().Where(IsMessage).SelectMany(Parts)];

    [Theory]
    [MemberData(nameof(Messages))]
    public void A_message_keeps_the_shape_of_its_snapshot(Type message)
    {
        var shape = JsonSerializer.Serialize(Describe(message), Indented) + "\n";
        var file = Path.Combine(Repository.Root, "tests", "Architecture.Tests", "Snapshots", message.Name + ".json");
        if (Environment.GetEnvironmentVariable("UPDATE_SNAPSHOTS") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, shape);
        }

        Assert.True(File.Exists(file), $"{message.Name} has no snapshot: run this test with UPDATE_SNAPSHOTS=1 and commit the file.");
        Assert.Equal(File.ReadAllText(file), shape);
    }

    [Theory]
    [MemberData(nameof(Messages))]
    public void A_message_is_a_sealed_record_whose_properties_are_set_once(Type message)
    {
        Assert.True(message.IsSealed, $"{message.Name} must be sealed: MassTransit would publish base types as topics of their own.");
        Assert.NotNull(message.GetMethod("<Clone>$"));
        Assert.All(message.GetProperties(), property => Assert.True(
            property.SetMethod is null || property.SetMethod.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(System.Runtime.CompilerServices.IsExternalInit)),
            $"{message.Name}.{property.Name} can be changed after the message was made."));
    }

    [Fact]
    public void A_snapshot_of_a_message_that_is_gone_is_gone_too()
    {
        var known = Known.Select(type => type.Name).ToHashSet(StringComparer.Ordinal);
        var snapshots = Directory.EnumerateFiles(Path.Combine(Repository.Root, "tests", "Architecture.Tests", "Snapshots")).Select(file => Path.GetFileNameWithoutExtension(file));
        Assert.All(snapshots, name => Assert.Contains(name, known));
    }

    private static bool IsMessage(Type type) => type is { IsClass: true, IsAbstract: false }
        && (type.IsAssignableTo(typeof(IFact)) || type.IsAssignableTo(typeof(ITelemetryEvent))
            || type.GetInterfaces().Any(contract => contract.IsGenericType && contract.GetGenericTypeDefinition() == typeof(ITelemetryBatch<>)));

    private static IEnumerable<Type> Parts(Type type) => type.GetProperties()
        .SelectMany(property => property.PropertyType.GetGenericArguments().Append(property.PropertyType))
        .Where(part => part != type && part.IsClass && part.Assembly == typeof(IFact).Assembly)
        .SelectMany(Parts).Prepend(type);

    private static SortedDictionary<string, string> Describe(Type message)
    {
        var nullability = new NullabilityInfoContext();
        var shape = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var property in message.GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            var optional = nullability.Create(property).WriteState == NullabilityState.Nullable
                || Nullable.GetUnderlyingType(property.PropertyType) is not null;
            shape[property.Name] = Name(property.PropertyType) + (optional ? "?" : string.Empty);
        }

        return shape;
    }

    private static string Name(Type type) => Nullable.GetUnderlyingType(type) is { } inner
        ? Name(inner)
        : type.IsGenericType
            ? $"{type.Name.Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>"
            : type.Name;
}
