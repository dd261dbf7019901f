using Microsoft.ML.Tokenizers;

namespace McpPlatform.McpService.Budget;

/// <summary>
/// What a definition costs of a model's context. Counted with o200k_base, the vocabulary of OpenAI's current models; others differ by some percent, which is
/// enough to see which tool is the expensive one. The vocabulary (about 40 MB) is loaded when the first definition is counted.
/// </summary>
internal static class ContextTokens
{
    private static readonly Lazy<Tokenizer> Vocabulary = new(() => TiktokenTokenizer.CreateForEncoding("o200k_base"));

    /// <summary>Tokens of a text.</summary>
    public static int Count(string text) => Vocabulary.Value.CountTokens(text);
}
