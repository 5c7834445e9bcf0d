"""What web pages call a property, in some twenty languages.

A small model finds a value by the likeness of its label and its field's name, and it cannot know every word of every
language. `glossary.txt` has a section for each of some hundred subjects, and in it a property a line: `names ; labels`,
the names that a schema may give it and the labels that pages write beside its value. Written by hand, from general
knowledge. It has no name, price, category and manufacturer: what shops call those, the base has learnt.
"""

from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from extraction.names import name_words, plain_words

FILE = Path(__file__).with_name("glossary.txt")
Section = dict[str, dict[str, None]]  # the labels of each plain name, in order


def called(fields: Iterable[str]) -> dict[str, list[str]]:
    """Of each of a schema's fields that the glossary has, what pages call it.

    A field is looked up in the section that has the most of the fields: the length of a boat is none of a film's. A
    label that two fields have, or that has a word of one of their names, is left out: nobody can tell, or the model
    reads it by itself.
    """
    fields = list(dict.fromkeys(fields))
    known = {field: found for field in fields if (found := _labels(field, fields))}
    common = Counter(label.casefold() for found in known.values() for label in found)
    words = {word for field in fields for word in plain_words(field)}
    listed = {
        field: [label for label in found if common[label.casefold()] == 1 and words.isdisjoint(plain_words(label))]
        for field, found in known.items()
    }
    return {field: found for field, found in listed.items() if found}


def _labels(field: str, fields: list[str]) -> list[str]:
    """What the sections that have the most of the fields call one of them."""
    having = [section for section in sections() if _plain(field) in section]
    shared = [sum(_plain(other) in section for other in fields) for section in having]
    most = max(shared, default=0)
    best = [section for section, n in zip(having, shared, strict=True) if n == most]
    return list(dict.fromkeys(label for section in best for label in section[_plain(field)]))


@cache
def sections() -> tuple[Section, ...]:
    """The glossary's sections."""
    found: list[Section] = []
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            found.append({})
            continue
        names, labels = line.split(" ; ")
        for name in names.split():
            found[-1].setdefault(_plain(name), {}).update(dict.fromkeys(labels.split("|")))
    return tuple(found)


def _plain(name: str) -> str:
    """A name without regard to how it is written; singular and plural are the same."""
    return "".join(name_words(name)).removesuffix("s")
