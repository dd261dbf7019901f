using System.Text;

namespace McpPlatform.AuthService.Accounts;

/// <summary>
/// Names that are written to be taken for another one. Not all of UTS 39: letters of the alphabets that share shapes may not be mixed, and a name of another
/// alphabet may not consist of letters alone that look Latin.
/// </summary>
internal static class Confusables
{
    // Small letters of Cyrillic, Greek and Armenian that look like small Latin ones (after the table of UTS 39).
    private const string LookLatin = "аеорсухіѕјһԁԛԝӏѵαοριυνσϲϳօոսհցզյ";

    private enum Alphabet
    {
        None,
        Latin,
        Greek,
        Cyrillic,
        Armenian,

        /// <summary>Cherokee, Lisu and Deseret: most of their letters are Latin ones to the eye.</summary>
        Lookalike,
        Other,
    }

    /// <summary>Whether a canonical name could be taken for one of other letters.</summary>
    public static bool LooksLikeAnother(string canonical)
    {
        var seen = Alphabet.None;
        var looksLatin = true;

        // Decomposed, so that an accent does not hide the letter below it.
        foreach (var rune in canonical.Normalize(NormalizationForm.FormKD).EnumerateRunes().Where(Rune.IsLetter))
        {
            var alphabet = AlphabetOf(rune.Value);
            if (alphabet == Alphabet.Lookalike || (alphabet != seen && seen != Alphabet.None && !(MayMix(alphabet) && MayMix(seen))))
            {
                return true;
            }

            seen = alphabet;
            looksLatin &= rune.IsBmp && LookLatin.Contains((char)rune.Value, StringComparison.Ordinal);
        }

        return looksLatin && seen != Alphabet.None;
    }

    // Japanese, Chinese and Korean names have Latin letters in them, and share no shapes with them.
    private static bool MayMix(Alphabet alphabet) => alphabet is Alphabet.Latin or Alphabet.Other;

    private static Alphabet AlphabetOf(int letter) => letter switch
    {
        <= 0x02AF or (>= 0x1E00 and <= 0x1EFF) or (>= 0x2C60 and <= 0x2C7F) or (>= 0xA720 and <= 0xA7FF) or (>= 0xAB30 and <= 0xAB6F) => Alphabet.Latin,
        (>= 0x0370 and <= 0x03FF) or (>= 0x1F00 and <= 0x1FFF) => Alphabet.Greek,
        (>= 0x0400 and <= 0x052F) or (>= 0x1C80 and <= 0x1C8F) or (>= 0x2DE0 and <= 0x2DFF) or (>= 0xA640 and <= 0xA69F) => Alphabet.Cyrillic,
        >= 0x0530 and <= 0x058F => Alphabet.Armenian,
        (>= 0x13A0 and <= 0x13FF) or (>= 0xAB70 and <= 0xABBF) or (>= 0xA4D0 and <= 0xA4FF) or (>= 0x10400 and <= 0x1044F) => Alphabet.Lookalike,
        _ => Alphabet.Other,
    };
}
