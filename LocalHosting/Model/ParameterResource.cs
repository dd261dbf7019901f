using System.Security.Cryptography;

namespace McpPlatform.LocalHosting;

/// <summary>A value from outside: configuration <c>Parameters:NAME</c>, environment <c>Parameters__NAME</c>, or its default.</summary>
public sealed class ParameterResource(string name, Func<ParameterDefault?, string> valueGetter, bool secret = false)
    : Resource(name), IValueProvider, IManifestExpressionProvider
{
    /// <summary>Whether the value must not be shown.</summary>
    public bool Secret { get; } = secret;

    /// <summary>The value to use when none is configured.</summary>
    public ParameterDefault? Default { get; set; }

    /// <summary>What the value is for, in one sentence.</summary>
    public string? Description { get; set; }

    /// <summary>The key in the configuration.</summary>
    public string ConfigurationKey => $"Parameters:{Name}";

    /// <inheritdoc />
    public string ValueExpression => $"{{{Name}.value}}";

    /// <inheritdoc />
    public ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default) => ValueTask.FromResult<string?>(GetValue());

    internal string GetValue() => valueGetter(Default);
}

/// <summary>Where a parameter's value comes from when none is configured.</summary>
public abstract class ParameterDefault
{
    /// <summary>The value.</summary>
    public abstract string GetDefaultValue();
}

/// <summary>A fixed value that the manifest may show.</summary>
internal sealed class ConstantParameterDefault(string value) : ParameterDefault
{
    public override string GetDefaultValue() => value;
}

/// <summary>A random value with at least 128 bits of entropy from 22 characters on.</summary>
public sealed class GenerateParameterDefault : ParameterDefault
{
    // Without i, l, o, I, L, O: people copy passwords by eye.
    private const string LowerCase = "abcdefghjkmnpqrstuvwxyz";
    private const string UpperCase = "ABCDEFGHJKMNPQRSTUVWXYZ";
    private const string Digits = "0123456789";
    private const string SpecialCharacters = "-_.{}~()*+!";

    /// <summary>The length of the value.</summary>
    public int MinLength { get; set; }

    /// <summary>Whether lower-case letters may occur.</summary>
    public bool Lower { get; set; } = true;

    /// <summary>Whether upper-case letters may occur.</summary>
    public bool Upper { get; set; } = true;

    /// <summary>Whether digits may occur.</summary>
    public bool Numeric { get; set; } = true;

    /// <summary>Whether <c>-_.{}~()*+!</c> may occur.</summary>
    public bool Special { get; set; } = true;

    /// <inheritdoc />
    public override string GetDefaultValue()
    {
        string[] sets = [Lower ? LowerCase : "", Upper ? UpperCase : "", Numeric ? Digits : "", Special ? SpecialCharacters : ""];
        var chosen = Array.FindAll(sets, set => set.Length > 0);
        var all = string.Concat(chosen);

        // One of each set, so that password rules are met, then shuffled.
        var value = chosen.Select(set => set[RandomNumberGenerator.GetInt32(set.Length)])
            .Concat(RandomNumberGenerator.GetItems<char>(all, Math.Max(0, MinLength - chosen.Length)))
            .ToArray();
        RandomNumberGenerator.Shuffle<char>(value);
        return new string(value);
    }
}
