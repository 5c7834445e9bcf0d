"""The functions of Go's text/template that model templates call. Wrong arguments are a TypeError."""

from collections.abc import Callable
from typing import Any

MOST_FORMATTED = 1_000_000  # characters of a printf, which may be given its own text again


def _printf(form: str, *values: str) -> str:
    """Go's printf of texts: `%s` is all that it may hold."""
    pieces = str.split(form, "%s")  # a TypeError for what is no text
    if len(pieces) != len(values) + 1 or "%" in "".join(pieces):
        raise TypeError(f"{form!r} must have a %s for each of its {len(values)} values, and no other verb")
    if len(form) + sum(map(len, values)) > MOST_FORMATTED:
        raise TypeError(f"the text exceeds {MOST_FORMATTED} characters")
    return "".join(text for pair in zip(pieces, (*values, ""), strict=True) for text in pair)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "eq": lambda first, *others: any(first == other for other in others),
    "ne": lambda first, other: first != other,
    "lt": lambda first, other: first < other,
    "le": lambda first, other: first <= other,
    "gt": lambda first, other: first > other,
    "ge": lambda first, other: first >= other,
    "not": lambda value: not value,
    "len": len,
    "slice": lambda value, *bounds: value[slice(*(bounds if len(bounds) > 1 else (*bounds, None)))],
    # Go's and/or give the deciding argument itself
    "and": lambda *values: next((value for value in values if not value), values[-1]),
    "or": lambda *values: next((value for value in values if value), values[-1]),
    "printf": _printf,
}
