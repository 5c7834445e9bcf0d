"""The words of names, and which class names say what an element holds."""

import re
from functools import lru_cache

NAME_WORD = re.compile(r"[^\W_]+")
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
SHORTEST = 3  # letters of a word that says something
# Words of where an element stands and how it looks.
LAYOUT = {
    *("wrap", "wrapper", "container", "inner", "outer", "content", "block", "box", "row", "col", "column", "clearfix"),
    *("item", "flex", "grid", "group", "left", "right", "top", "bottom", "center", "full", "auto", "small", "large"),
    *("text", "font", "bold", "semibold", "medium", "weight", "size", "view", "component", "module", "element"),
}

Names = tuple[str, ...]


@lru_cache(maxsize=1 << 14)
def name_words(text: str) -> tuple[str, ...]:
    """The words of a field's or class's name: snake_case, kebab-case and camelCase apart."""
    return tuple(NAME_WORD.findall(CAMEL.sub(" ", text).casefold()))


def plain_words(text: str) -> set[str]:
    """The words of a name or label that say something; singular and plural are the same."""
    return {word.removesuffix("s") for word in name_words(text) if len(word) >= SHORTEST}


@lru_cache(maxsize=1 << 14)
def is_telling(name: str) -> bool:
    """Whether a class name says more than where an element stands, how it looks, or which tool made it."""
    return any(len(word) >= SHORTEST and word.isalpha() and word not in LAYOUT for word in name_words(name))


def telling(names: Names) -> Names:
    """Those of the class names that are telling."""
    return tuple(filter(is_telling, names))


def class_of(own: Names, handed: Names) -> str:
    """The class that a leaf reads with: its own names after one of those that its wrappers hand it, or, without own
    ones, those; only telling ones where there are any."""
    names = (*telling(handed)[:1], *own) if own else handed
    return " ".join(list(dict.fromkeys(telling(names) or names))[:2])


def handed_on(own: Names, handed: Names) -> Names:
    """What an element hands its only child: its own names, unless those that it was handed itself say more."""
    return own if telling(own) or not handed else handed
