"""How the fields of a record are asked for: names, types, and which of them."""

from random import Random
from typing import Any

from trainer.base.corpus import ask
from trainer.base.corpus.domains import Slot
from trainer.base.corpus.kinds import YES
from trainer.base.corpus.pick import chance, pick

Json = dict[str, Any]


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


def typed(r: Random, slot: Slot, said: Any) -> tuple[Json, Any]:
    """Schema and value of a slot: text as written, now and then a number, yes or no mostly as a boolean."""
    if slot.many:
        return {"type": ["array", "null"], "items": {"type": "string"}}, said
    if slot.yes_no and chance(r, 0.75):
        return {"type": ["boolean", "null"]}, None if said is None else said.casefold() in YES
    if slot.number and chance(r, 0.35):
        kind = "integer" if said is None or said.isdigit() else "number"
        return {"type": [kind, "null"]}, None if said is None else int(said) if said.isdigit() else float(said)
    return ask.TEXT, said


def question(
    r: Random, values: Json, names: dict[str, tuple[str, ...]], standard: tuple[str, ...]
) -> tuple[Json, Json]:
    """The standard fields, or 1 to 9 of any, most of them stated."""
    keys = list(standard)
    if chance(r, 0.5):
        stated = [key for key in names if key in values]
        keys = r.sample(stated, r.randint(1, min(8, len(stated))))
        keys += r.sample([key for key in names if key not in values], pick(r, (0, 0, 1, 1, 2)))
    properties: Json = {}
    record: Json = {}
    for key in keys:
        field = names[key][0] if chance(r, 0.5) else pick(r, names[key])
        if field not in properties:
            properties[field], record[field] = ask.TEXT, values.get(key)
    return ask.schema_of(properties), record
