"""The one normaliser of text, by which values, pages and rows are compared."""

import html
import unicodedata

DIGIT_SIGNS = {"\N{ARABIC DECIMAL SEPARATOR}": ".", "\N{ARABIC THOUSANDS SEPARATOR}": ","}


def fold(text: str) -> str:
    """Text in NFKC without case, white space collapsed, digits of all scripts as 0 to 9. Accents stay."""
    # Case folding can undo NFKC: it is a letter and a combining mark that some capitals fold to.
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    if not folded.isascii():
        folded = "".join(DIGIT_SIGNS.get(c) or (str(unicodedata.decimal(c)) if c.isdecimal() else c) for c in folded)
    return " ".join(folded.split())


def squash(text: str) -> str:
    """Folded text, entities decoded, without white space, punctuation and control characters."""
    return "".join(c for c in fold(html.unescape(text)) if unicodedata.category(c)[0] not in "PZC")
