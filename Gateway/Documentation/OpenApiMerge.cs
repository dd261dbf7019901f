using System.Text.Json.Nodes;
using McpPlatform.Gateway.Routing;

namespace McpPlatform.Gateway.Documentation;

/// <summary>Merges OpenAPI documents. A component that two services call the same and mean differently gets the service's name in front in both.</summary>
internal sealed class OpenApiMerge(RouteTable routes)
{
    private const string Components = "components", Reference = "#/components/";
    private readonly List<(string Service, JsonObject Document)> documents = [];
    private readonly List<string> missing = [];

    /// <summary>Adds a service's document.</summary>
    /// <param name="service">The service's name.</param>
    /// <param name="document">Null when it gave none.</param>
    public void Add(string service, JsonObject? document)
    {
        if (document is null)
        {
            missing.Add(service);
        }
        else
        {
            documents.Add((service, document));
        }
    }

    public JsonObject ToDocument()
    {
        var ambiguous = FindAmbiguous();
        var (paths, components, tags, operations) = (new JsonObject(), new JsonObject(), new JsonObject(), new HashSet<string>(StringComparer.Ordinal));
        var used = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (service, document) in documents)
        {
            Rename(document, reference => ambiguous.Contains(reference) ? Qualify(reference, service) : reference);
            foreach (var (path, item) in Take(document["paths"]))
            {
                if (routes.Find(path) is { } route && item is JsonObject methods)
                {
                    paths[path] = methods;
                    Describe(methods, service, RouteRules.IsAnonymous(route), operations);
                    used.UnionWith(methods.Select(method => method.Value?["tags"]).OfType<JsonArray>().SelectMany(names => names).Select(name => name!.GetValue<string>()));
                }
            }

            foreach (var (section, key, component) in TakeComponents(document))
            {
                var reference = $"{Reference}{section}/{key}";
                var name = ambiguous.Contains(reference) ? Prefix(service) + key : key;
                (components[section] ??= new JsonObject())[name] = component;
            }

            foreach (var (_, tag) in Take(document["tags"]))
            {
                tags[tag!["name"]!.GetValue<string>()] = tag;
            }
        }

        components["securitySchemes"] = new JsonObject { ["bearer"] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer", ["bearerFormat"] = "JWT" } };
        var merged = new JsonObject
        {
            ["openapi"] = documents.Count == 0 ? "3.1.1" : documents[0].Document["openapi"]?.DeepClone(),
            ["info"] = new JsonObject { ["title"] = "McpPlatform", ["version"] = "v1" },
            ["servers"] = new JsonArray(new JsonObject { ["url"] = "/" }),
            ["security"] = new JsonArray(new JsonObject { ["bearer"] = new JsonArray() }),
            ["paths"] = paths,
            [Components] = components,
            ["tags"] = new JsonArray([.. Take(tags).Where(tag => used.Contains(tag.Key)).Select(tag => tag.Value)]),
        };
        if (missing.Count > 0)
        {
            merged["x-missing-services"] = new JsonArray([.. missing.Select(service => JsonValue.Create(service))]);
        }

        return merged;
    }

    // Two services that mean the same by a name share it; one that refers to an ambiguous name is ambiguous itself, though its text be equal.
    private HashSet<string> FindAmbiguous()
    {
        var named = documents.SelectMany(entry => Each(entry.Document)).GroupBy(entry => entry.Reference).Where(group => group.Skip(1).Any())
            .Select(group => (Reference: group.Key, First: group.First().Component, Others: group.Skip(1).Select(entry => entry.Component).ToList())).ToList();
        var ambiguous = named.Where(entry => entry.Others.Exists(other => !JsonNode.DeepEquals(entry.First, other)))
            .Select(entry => entry.Reference).ToHashSet(StringComparer.Ordinal);
        while (named.Find(entry => !ambiguous.Contains(entry.Reference) && RefersTo(entry.First, ambiguous)) is { Reference: { } next })
        {
            ambiguous.Add(next);
        }

        return ambiguous;
    }

    private static bool RefersTo(JsonNode? node, HashSet<string> references)
    {
        var found = false;
        Rename(node?.DeepClone(), reference =>
        {
            found |= references.Contains(reference);
            return reference;
        });
        return found;
    }

    private static void Rename(JsonNode? node, Func<string, string> rename)
    {
        switch (node)
        {
            case JsonObject properties:
                foreach (var (name, value) in properties.ToList())
                {
                    if (IsReference(value, out var reference))
                    {
                        properties[name] = rename(reference);
                    }
                    else
                    {
                        Rename(value, rename);
                    }
                }

                break;
            case JsonArray items:
                foreach (var item in items)
                {
                    Rename(item, rename);
                }

                break;
        }
    }

    // Beside $ref also the values of a discriminator's mapping.
    private static bool IsReference(JsonNode? node, out string reference)
    {
        reference = node is JsonValue value && value.TryGetValue<string>(out var text) ? text : string.Empty;
        return reference.StartsWith(Reference, StringComparison.Ordinal);
    }

    private static void Describe(JsonObject methods, string service, bool anonymous, HashSet<string> operations)
    {
        foreach (var operation in methods.Select(method => method.Value).OfType<JsonObject>())
        {
            operation.Remove("security");
            if (anonymous)
            {
                operation["security"] = new JsonArray();
            }

            if (operation["operationId"]?.GetValue<string>() is { } id && !operations.Add(id))
            {
                operation["operationId"] = Prefix(service) + id;
            }
        }
    }

    private static IEnumerable<(string Reference, JsonNode? Component)> Each(JsonObject document) =>
        from section in document[Components] as JsonObject ?? []
        where section.Key != "securitySchemes"
        from component in section.Value as JsonObject ?? []
        select ($"{Reference}{section.Key}/{component.Key}", component.Value);

    private static List<(string Section, string Key, JsonNode? Component)> TakeComponents(JsonObject document) =>
        [.. from section in Take(document[Components])
            where section.Key != "securitySchemes"
            from component in Take(section.Value)
            select (section.Key, component.Key, component.Value)];

    // A node has one parent: it must leave the old document before it enters the new one.
    private static List<KeyValuePair<string, JsonNode?>> Take(JsonNode? container)
    {
        List<KeyValuePair<string, JsonNode?>> taken = container switch
        {
            JsonObject properties => [.. properties],
            JsonArray items => [.. items.Select(item => KeyValuePair.Create(string.Empty, item))],
            _ => [],
        };
        (container as JsonObject)?.Clear();
        (container as JsonArray)?.Clear();
        return taken;
    }

    private static string Qualify(string reference, string service)
    {
        var name = reference.LastIndexOf('/') + 1;
        return string.Concat(reference.AsSpan(0, name), Prefix(service), reference.AsSpan(name));
    }

    // authservice → Auth
    private static string Prefix(string service) => char.ToUpperInvariant(service[0]) + service[1..].Replace("service", string.Empty, StringComparison.Ordinal);
}
