"""Records of other domains: for each, its slots with how a value is made, field names and labels.

Read from `words/domains.txt`: `[domain]`, then `slot: maker ; field names ; labels ; flags`, the record's title first.
A line with a name alone takes the slot of `[common]`. A maker is a function of `kinds`, `makers` or `facts`, with
arguments (`_` for a space) where it makes makers. Flags: l a list, n readable as a number, p understood without a label
beside the title, b yes or no.
"""

from dataclasses import dataclass, replace
from typing import Any, cast

from pretraining.corpus import facts, kinds, makers
from pretraining.corpus.facts import Make
from pretraining.corpus.words import HERE

HELD_OUT = ("boat", "exhibition", "medicine", "volunteer")  # their pages are for judging alone
RANGES = {"number", "unit", "grouped", "decimal", "decimal_unit"}
FREE = {
    "phrase", "company", "person", "brand", "thing", "skill", "sentence", "paragraph", "code", "city", "user", "hotel",
    "car", "device", "chip", "street", "address", "repo", "drug", "team", "latin_word", "filename", "word_of(job)",
    "headline",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Slot:
    """One property of a domain.

    `many` makes a list of values, `number` says that the text can be read as a number, `free` that it may be any text.
    """

    make: Make
    maker: str
    fields: tuple[str, ...]
    labels: tuple[str, ...]
    many: bool
    number: bool
    plain: bool
    yes_no: bool
    free: bool


def _maker(text: str) -> Make:
    name, _, rest = text.partition("(")
    function: Any = getattr(kinds, name, None) or getattr(makers, name, None) or getattr(facts, name)
    if not rest:
        return cast(Make, function)
    given = [part.replace("_", " ") for part in rest.removesuffix(")").split(",")]
    numbers = 2 if name in RANGES else 0
    return cast(Make, function(*map(int, given[:numbers]), *given[numbers:]))


def _slot(text: str) -> Slot:
    make, fields, labels, flags = (*(part.strip() for part in text.split(" ; ")), "")[:4]
    many, number, plain, yes_no = (flag in flags for flag in "lnpb")
    free = make in FREE
    return Slot(
        _maker(make),
        make.partition("(")[0],
        tuple(fields.split()),
        tuple(labels.split("|")),
        many,
        number,
        plain,
        yes_no,
        free,
    )


def read(file: str, common: dict[str, Slot]) -> dict[str, dict[str, Slot]]:
    """Sections of slots; a name alone is one of `common`, or of the file's own first section."""
    domains: dict[str, dict[str, Slot]] = {}
    for line in (HERE / file).read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            slots = domains.setdefault(line[1:-1], {})
        else:
            name, _, rest = line.partition(": ")
            slots[name] = _slot(rest) if rest else {**common, **domains.get("common", {})}[name]
    return {name: unlike(slots) for name, slots in domains.items()}


def unlike(slots: dict[str, Slot]) -> dict[str, Slot]:
    """The slots, each field name left to one of them: the one that has it first, or the first that has it."""
    owner = {slot.fields[0]: name for name, slot in reversed(slots.items())}
    for name, slot in slots.items():
        for field in slot.fields:
            owner.setdefault(field, name)
    kept = {name: tuple(f for f in slot.fields if owner[f] == name) for name, slot in slots.items()}
    return {name: replace(slot, fields=kept[name] or slot.fields[:1]) for name, slot in slots.items()}


DOMAINS = read("domains.txt", {})
COMMON = DOMAINS.pop("common")
