using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using McpPlatform.ServiceDefaults.Secrets;

namespace McpPlatform.McpService.Relay;

/// <summary>What a task's id stands for.</summary>
/// <param name="User">Whose task it is.</param>
/// <param name="Server">Where it runs.</param>
/// <param name="Tool">The tool that it is a call of.</param>
/// <param name="Id">What the server calls it.</param>
internal sealed record TaskTicket(Guid User, Guid Server, string Tool, string Id);

/// <summary>
/// The ids by which clients know tasks: sealed tickets, which say whose task it is, where, and of which tool. Nothing is kept, every replica reads them, and an id that
/// somebody guesses or finds is of no use.
/// </summary>
internal sealed class TaskTickets(SecretProtector protector)
{
    public const string RelatedTask = "io.modelcontextprotocol/related-task";
    private const string Context = "task", Member = "taskId";

    /// <summary>Puts tickets in the place of a server's own ids, in the result of a call that has become a task.</summary>
    public void Seal(JsonObject? result, Guid user, Guid server, string tool)
    {
        var task = result?["task"] as JsonObject ?? (Text(result, "resultType") == "task" ? result : null);
        if (Text(task, Member) is { } id)
        {
            var ticket = Base64Url.EncodeToString(protector.Protect(JsonSerializer.SerializeToUtf8Bytes(new TaskTicket(user, server, tool, id)), Context));
            Replace(result!, id, ticket);
        }
    }

    /// <summary>Reads a ticket of the caller's.</summary>
    /// <returns>Null when it is none, or somebody else's.</returns>
    public TaskTicket? Open(RelayCall call, string ticket)
    {
        try
        {
            var opened = JsonSerializer.Deserialize<TaskTicket>(protector.Unprotect(Base64Url.DecodeFromChars(ticket), Context));
            return opened?.User == call.Caller.User.Id ? opened : null;
        }
        catch (Exception exception) when (exception is SecretUnreadableException or FormatException or JsonException or CryptographicException or ArgumentException)
        {
            return null;
        }
    }

    /// <summary>Puts one id in the place of another, wherever a task names itself.</summary>
    public static void Replace(JsonObject message, string old, string id)
    {
        foreach (var place in (JsonObject?[])[message, message["task"] as JsonObject, message["_meta"]?[RelatedTask] as JsonObject, (message["result"] as JsonObject)?["_meta"]?[RelatedTask] as JsonObject])
        {
            if (Text(place, Member) == old)
            {
                place![Member] = id;
            }
        }
    }

    private static string? Text(JsonObject? item, string member) => item?[member] is JsonValue value && value.TryGetValue(out string? text) ? text : null;
}
