"""A page is data: no text of it may become a special token of the base model, such as the one that ends a turn.

Every program that serves a model seeks its special tokens in the rendered prompt, and takes them for what they are
wherever they stand. So the text itself is changed: `hide` puts a WORD JOINER, which no reader sees, into each of them,
`show` takes it out again. A joiner of the text's own is doubled, so that nothing is lost: show(hide(text)) == text.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

JOINER = "\u2060"
JOINERS = re.compile(JOINER + "+")


def hide(text: str, special: Sequence[str]) -> str:
    """The text without any of the special tokens' strings in it."""
    doubled = text.replace(JOINER, 2 * JOINER)
    return _starts(tuple(special)).sub(lambda start: start[0] + JOINER, doubled) if special else doubled


def show(text: str) -> str:
    """What `hide` was given."""
    return JOINERS.sub(lambda run: JOINER * (len(run[0]) // 2), text)


@lru_cache(maxsize=8)
def _starts(special: tuple[str, ...]) -> re.Pattern[str]:
    """The first characters of the tokens, where all of a token follows; those that differ in a number are one."""
    rests: dict[str, set[str]] = {}
    for token in special:
        if len(token) > 1 and JOINER not in token:  # else there is no place to break it
            rests.setdefault(token[0], set()).add(re.sub(r"\d+", r"\\d+", re.escape(token[1:])))
    starts = [f"{re.escape(first)}(?={'|'.join(sorted(rest))})" for first, rest in sorted(rests.items())]
    return re.compile("|".join(starts) or r"(?!)")
