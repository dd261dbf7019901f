using System.CommandLine;

namespace McpPlatform.AuthService.Admin;

/// <summary>
/// <c>dotnet run --project AuthService -- admin …</c>: what an operator with access to the machine does when nobody can log in, or in bulk. Needs the database and
/// nothing else: what must be told to the other services waits in the outbox for the running ones.
/// </summary>
internal static class AdminCommand
{
    public static async Task<int> RunAsync(IServiceProvider services, string[] args)
    {
        await using var scope = services.CreateAsyncScope();
        return await Create(scope.ServiceProvider).Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
    }

    private static RootCommand Create(IServiceProvider services)
    {
        var root = new RootCommand("Administers the platform's accounts and keys. Every act is on record, as done by 'console'.");
        root.Subcommands.Add(ForUser("unlock", "Lets an account that was locked by failed logins try again.", services, (admin, user, cancel) => admin.UnlockAsync(user, cancel)));
        root.Subcommands.Add(ForUser(
            "reset-password", "Gives an account a new random password, prints it, and ends all of its sessions.", services, (admin, user, cancel) => admin.ResetPasswordAsync(user, cancel)));
        root.Subcommands.Add(ForUser("end-sessions", "Ends all sessions of an account.", services, (admin, user, cancel) => admin.EndSessionsAsync(user, cancel)));
        root.Subcommands.Add(ForUser(
            "reset-totp", "Takes the second factor of an account away: for whoever has lost the authenticator and the recovery codes.", services, (admin, user, cancel) => admin.ResetTotpAsync(user, cancel)));
        root.Subcommands.Add(Bootstrap(services));
        root.Subcommands.Add(Import(services));
        root.Subcommands.Add(ListKeys(services));
        root.Subcommands.Add(RotateKeys(services));
        return root;
    }

    private static Command ForUser(
        string name, string description, IServiceProvider services, Func<AccountAdministration, string, CancellationToken, Task<string>> act)
    {
        var user = new Argument<string>("user") { Description = "The account's username." };
        var command = new Command(name, description) { user };
        command.SetAction((parsed, cancellationToken) => SayAsync(parsed, () => act(services.GetRequiredService<AccountAdministration>(), parsed.GetRequiredValue(user), cancellationToken)));
        return command;
    }

    private static Command Bootstrap(IServiceProvider services)
    {
        var command = new Command("bootstrap", "Prints a new one-time password for the first admin, if there is none yet.");
        command.SetAction((parsed, cancellationToken) => SayAsync(parsed, () => services.GetRequiredService<NewBootstrapSecret>().CreateAsync(cancellationToken)));
        return command;
    }

    private static Command Import(IServiceProvider services)
    {
        var file = new Argument<FileInfo>("file") { Description = "CSV with the header username,email,password_hash,roles,is_active; roles separated by ';'." };
        var dryRun = new Option<bool>("--dry-run") { Description = "Checks every line and changes nothing." };
        var command = new Command("import", "Makes accounts from a file, with bcrypt hashes of another system. Usernames that exist are left as they are.") { file, dryRun };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var output = parsed.InvocationConfiguration.Output;
            return await SayAsync(parsed, async () =>
            {
                var path = parsed.GetRequiredValue(file);
                if (!path.Exists)
                {
                    throw new AdminException($"There is no file {path.FullName}.");
                }

                using var reader = path.OpenText();
                var result = await services.GetRequiredService<ImportAccounts>().RunAsync(reader, parsed.GetValue(dryRun), line => output.WriteLine(line), cancellationToken);
                return result.Failed == 0 ? result.ToString() : throw new AdminException(result.ToString());
            });
        });
        return command;
    }

    private static Command ListKeys(IServiceProvider services)
    {
        var command = new Command("list-keys", "Lists the keys that sign and encrypt tokens: what each does, from when it signs, when it ends.");
        command.SetAction((parsed, cancellationToken) => SayAsync(parsed, () => services.GetRequiredService<KeyAdministration>().ListAsync(cancellationToken)));
        return command;
    }

    private static Command RotateKeys(IServiceProvider services)
    {
        var compromised = new Option<string?>("--compromised") { Description = "Removes this key at once instead: whatever it signed is refused, and a new one signs.", HelpName = "KEY" };
        var command = new Command("rotate-keys", "Publishes new keys, which sign when every service knows them; nobody notices.") { compromised };
        command.SetAction((parsed, cancellationToken) => SayAsync(parsed, () =>
        {
            var keys = services.GetRequiredService<KeyAdministration>();
            return parsed.GetValue(compromised) is { } id ? keys.RemoveAsync(id, cancellationToken) : keys.RotateAsync(cancellationToken);
        }));
        return command;
    }

    private static async Task<int> SayAsync(ParseResult parsed, Func<Task<string>> act)
    {
        try
        {
            await parsed.InvocationConfiguration.Output.WriteLineAsync(await act());
            return 0;
        }
        catch (AdminException exception)
        {
            await parsed.InvocationConfiguration.Error.WriteLineAsync(exception.Message);
            return 1;
        }
    }
}

/// <summary>A command cannot be carried out; the message is the sentence for the operator.</summary>
internal sealed class AdminException(string sentence) : Exception(sentence);
