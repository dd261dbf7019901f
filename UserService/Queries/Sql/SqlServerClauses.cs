namespace McpPlatform.UserService.Queries.Sql;

/// <summary>Where the words that begin a statement of rows may stand in T-SQL, so that there is one statement.</summary>
internal static class SqlServerClauses
{
    /// <exception cref="StatementRefusedException">There is a second statement, or what could be one.</exception>
    public static void RefuseSecondStatement(IReadOnlyList<SqlToken> tokens, string kind)
    {
        var clauses = new Clauses(kind);
        var depth = 0;
        for (var i = 0; i < tokens.Count; i++)
        {
            depth += tokens[i].IsSymbol("(") ? 1 : tokens[i].IsSymbol(")") ? -1 : 0;
            if (depth < 0 || (tokens[i].Kind == TokenKind.Word && !SqlServerScreen.IsMember(tokens, i) && !clauses.Take(tokens[i].Value, i > 0 ? tokens[i - 1] : default, depth)))
            {
                throw new StatementRefusedException("Only one statement can be run at a time.");
            }
        }
    }

    private sealed class Clauses(string kind)
    {
        private bool started;
        private bool afterWith = kind == "with";
        private string main = kind;
        private bool sourced;
        private int updates;
        private int sets;

        /// <summary>Whether this word may stand here.</summary>
        public bool Take(string word, SqlToken previous, int depth) => word switch
        {
            "select" => Select(previous, depth),
            "values" or "default" when main == "insert" && depth == 0 => sourced = true,
            "set" => ++sets <= updates,
            _ when SqlServerScreen.Changes.Contains(word) => Change(word, previous, depth),
            _ => started = true,
        };

        // First, in parentheses, after a set operator, after WITH …, or as the source of INSERT.
        private bool Select(SqlToken previous, int depth)
        {
            var belongs = !started || previous.IsSymbol("(") || previous.IsWord("union") || previous.IsWord("all") || previous.IsWord("except") || previous.IsWord("intersect");
            started = true;
            if (belongs || depth > 0)
            {
                sourced |= main == "insert";
                return belongs;
            }

            if (afterWith)
            {
                (afterWith, main) = (false, "select");
                return true;
            }

            if (main != "insert" || sourced)
            {
                return false;
            }

            return sourced = true;
        }

        // First, after WITH …, or a branch of MERGE; never inside of another.
        private bool Change(string word, SqlToken previous, int depth)
        {
            updates += word == "update" ? 1 : 0;
            if (depth > 0)
            {
                return false;
            }

            if (!started || afterWith)
            {
                (started, afterWith, main) = (true, false, word);
                return true;
            }

            return main == "merge" && previous.IsWord("then");
        }
    }
}
