"""Pages as long as the context: some samples get paragraphs of loose words before and after, which answer nothing."""

from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

import regex

SHARE = 0.05  # of the samples; they are about a fifth of the tokens
CHARACTERS = (3_000, 8_500)  # of a lengthened page; 8,500 are about 3,900 tokens
WORDS = 400  # the last words seen, of which the paragraphs are made
WORD = regex.compile(r"(?<=[>\s])\p{L}{2,}(?=[<\s.,])")


def lengthen(samples: Iterator[Any], seed: int) -> Iterator[Any]:
    """The samples, one in twenty with a longer page (its domain ends in ", long"). Same seed, same pages."""
    r = Random(seed)
    words: list[str] = []
    for sample in samples:
        if words and r.random() < SHARE:
            missing = r.randint(*CHARACTERS) - len(sample.text)
            before = r.randint(0, max(0, missing))
            text = filler(words, before, r) + sample.text + filler(words, missing - before, r)
            yield replace(sample, text=text, domain=f"{sample.domain}, long")
        else:
            yield sample
        words = (words + WORD.findall(sample.text))[-WORDS:]


def filler(words: list[str], characters: int, r: Random) -> str:
    """Paragraphs of about so many characters."""
    pieces: list[str] = []
    while characters > 0:
        sentence = " ".join(r.choices(words, k=r.randint(5, 40))).capitalize()
        pieces.append(f"<p>{sentence}.</p>" if r.random() < 0.7 else f"<div>{sentence}</div>\n")
        characters -= len(pieces[-1])
    return "".join(pieces)
