"""Records of other domains: for each, its slots with how a value is made, field names and labels.

Read from `words/domains.txt`: `[domain]`, then `slot: maker ; field names ; labels ; flags`, the record's title first.
A maker is a function of `facts` or `makers`, with arguments (`_` for a space) where it makes makers. Flags: l a list,
n readable as a number, p understood without a label beside the title.
"""

from dataclasses import dataclass
from typing import Any, cast

from trainer.base.corpus import facts, makers
from trainer.base.corpus.facts import Make
from trainer.base.corpus.words import HERE


@dataclass(frozen=True, slots=True)
class Slot:
    """One property of a domain. `many` makes a list of values; `number` says that the text can be read as a number."""

    make: Make
    fields: tuple[str, ...]
    labels: tuple[str, ...]
    many: bool
    number: bool
    plain: bool


def _maker(text: str) -> Make:
    name, _, rest = text.partition("(")
    function: Any = getattr(makers, name, None) or getattr(facts, name)
    if not rest:
        return cast(Make, function)
    given = [part.replace("_", " ") for part in rest.removesuffix(")").split(",")]
    numbers = {facts.number: 2, facts.unit: 2, facts.grouped: 2, facts.decimal: 2}.get(function, 0)
    return cast(Make, function(*map(int, given[:numbers]), *given[numbers:]))


def _slot(text: str) -> Slot:
    make, fields, labels, flags = (*(part.strip() for part in text.split(" ; ")), "")[:4]
    many, number, plain = ("l" in flags, "n" in flags, "p" in flags)
    return Slot(_maker(make), tuple(fields.split()), tuple(labels.split("|")), many, number, plain)


def _read() -> dict[str, dict[str, Slot]]:
    domains: dict[str, dict[str, Slot]] = {}
    for line in (HERE / "domains.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            slots = domains.setdefault(line[1:-1], {})
        else:
            name, _, rest = line.partition(": ")
            slots[name] = _slot(rest)
    return domains


DOMAINS = _read()
