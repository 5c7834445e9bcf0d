"""How the fields of a record are asked for: names, types, and which of them."""

import re
from random import Random
from typing import Any

from extraction.json import Json
from extraction.numbers import readings
from pretraining.corpus import ask
from pretraining.corpus.domains import Slot
from pretraining.corpus.kinds import YES
from pretraining.corpus.pick import chance, pick

CASH = ("cash", "big_cash", "amount_only")
NUMBER = re.compile(r"(-?)(\d+(?:[.,'\u2019\s]\d+)*)")


def named(r: Random, slot: Slot) -> str:
    """A field name for the slot: snake_case, camelCase, now and then Title case or with a space."""
    field = slot.fields[0] if chance(r, 0.3) else pick(r, slot.fields)
    kind = r.randrange(20)
    if kind < 3 and "_" in field:
        head, *rest = field.split("_")
        return head + "".join(part.capitalize() for part in rest)
    if kind == 3:
        return field.replace("_", " ").capitalize()
    return field.upper() if kind == 4 and chance(r, 0.3) else field


def typed(r: Random, slot: Slot, text: Any) -> tuple[Json, Any]:
    """Schema and value of a slot: text as written, now and then a number, yes or no mostly as a boolean."""
    if slot.many:
        return {"type": ["array", "null"], "items": {"type": "string"}}, text
    if slot.yes_no and chance(r, 0.75):
        return {"type": ["boolean", "null"]}, None if text is None else text.casefold() in YES
    if slot.number and chance(r, 0.35):
        kind = "integer" if text is None or text.isdigit() else "number"
        return {"type": [kind, "null"]}, None if text is None else int(text) if text.isdigit() else float(text)
    if slot.maker in CASH and chance(r, 0.08):
        return {"type": ["number", "null"]}, None if text is None else amount_of(text)
    if slot.maker == "unit" and chance(r, 0.08):
        return {"type": ["integer", "null"]}, None if text is None else int(amount_of(text) or 0)
    return ask.TEXT, text


def amount_of(text: str) -> float | None:
    """The first number in a text such as "1.299,50 €", by its likeliest reading; None where there is none."""
    found = NUMBER.search(text)
    amounts = readings(found[2]) if found else []
    return float(f"{found[1]}{amounts[0]}") if found and amounts else None


def question(
    r: Random, values: Json, names: dict[str, tuple[str, ...]], standard: tuple[str, ...]
) -> tuple[Json, Json]:
    """The standard fields, or 1 to 9 of any, most of them stated."""
    keys = list(standard)
    if chance(r, 0.5):
        stated = [key for key in names if key in values]
        keys = r.sample(stated, r.randint(1, min(8, len(stated))))
        absent = [key for key in names if key not in values]
        keys += r.sample(absent, min(len(absent), pick(r, (0, 0, 1, 1, 2))))
    properties: Json = {}
    record: Json = {}
    for key in keys:
        field = names[key][0] if chance(r, 0.5) else pick(r, names[key])
        if field not in properties:
            properties[field], record[field] = ask.TEXT, values.get(key)
    return ask.schema_of(properties), record
