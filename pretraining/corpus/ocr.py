"""What reading a receipt from its image does to it: characters taken for others, broken or glued words, lost ones."""

import re
from random import Random

from pretraining.corpus.pick import chance, pick

TAKEN_FOR = {
    "O": "0DQ", "0": "O", "I": "1l", "1": "I", "S": "5", "5": "S", "B": "8", "8": "B", "Z": "2", "G": "6", "E": "F",
    "T": "I7", "L": "I", "N": "H", "H": "N", "U": "V", "C": "G", "M": "N", "A": "4", "V": "Y", "o": "0", "l": "1",
    "e": "c", "n": "u", "m": "rn", "t": "f", ".": ",", ",": ".", ":": ";", "-": ".",
}  # fmt: skip


def damaged(r: Random, lines: list[str], values: list[str], rate: float) -> list[str]:
    """The lines, a share of them damaged in one place outside the values that they hold or belong to."""
    out = []
    for line in lines:
        if not chance(r, rate) or any(line.rstrip(",") in value for value in values):
            out.append(line)
            continue
        kept = sorted((value for value in values if value in line), key=len, reverse=True)
        parts = re.split(f"({'|'.join(map(re.escape, kept))})", line) if kept else [line]
        place = 2 * r.randrange((len(parts) + 1) // 2)
        parts[place] = smudge(r, parts[place])
        out.append(" ".join("".join(parts).split()))
    return [line for line in out if line]


def smudge(r: Random, text: str) -> str:
    """The text with one thing wrong."""
    if len(text) < 3:
        return text
    place = r.randrange(len(text))
    c, kind = text[place], r.randrange(8)
    if kind < 4:
        return text[:place] + pick(r, TAKEN_FOR.get(c, (c,))) + text[place + 1 :]
    if kind == 4:
        return text[:place] + text[place + 1 :]
    if kind == 5:
        return text[:place] + " " + text[place:]
    if kind == 6:
        return text.replace(" ", "", 1)
    return text[:place] + pick(r, "'.,*~^-_") + text[place:]
