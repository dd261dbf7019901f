using System.Text.Json;

namespace McpPlatform.LocalHosting;

/// <summary>The generated parameters of this checkout, in <c>secrets.json</c> of the data folder, readable by its owner only.</summary>
internal sealed class SecretStore
{
    private static readonly JsonSerializerOptions Format = new() { WriteIndented = true };
    private readonly Lock _lock = new();
    private readonly string _path;
    private readonly Dictionary<string, string> _kept;
    private readonly Dictionary<string, string> _ofThisRun = new(StringComparer.Ordinal);

    public SecretStore(string dataDirectory)
    {
        _path = Path.Combine(dataDirectory, "secrets.json");
        try
        {
            _kept = File.Exists(_path) ? JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllText(_path)) ?? [] : [];
        }
        catch (JsonException error)
        {
            throw new DistributedApplicationException($"{_path} is not valid JSON: mend it, or delete the folder {dataDirectory} to start with empty databases.", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DistributedApplicationException($"{_path} cannot be read ({error.Message}): give it to the user that starts the AppHost.", error);
        }
    }

    /// <summary>The value of this run. What is not kept is written too, so that a one-time password can be shown, but never read again.</summary>
    public string GetOrAdd(string name, ParameterDefault value, bool keep)
    {
        lock (_lock)
        {
            if (_ofThisRun.TryGetValue(name, out var known) || (keep && _kept.TryGetValue(name, out known)))
            {
                return known;
            }

            known = value.GetDefaultValue();
            _ofThisRun[name] = known;
            _kept[name] = known;
            Write();
            return known;
        }
    }

    private void Write()
    {
        try
        {
            new PrivateFile(_path).Write(stream => JsonSerializer.Serialize(stream, _kept, Format));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DistributedApplicationException($"{_path} cannot be written ({error.Message}): give its folder to the user that starts the AppHost.", error);
        }
    }
}
