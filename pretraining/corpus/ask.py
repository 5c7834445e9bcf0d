"""What is asked of a page: field names for slots, types, absent fields, and the record that answers."""

from random import Random
from typing import Any

from extraction.json import Json
from pretraining.corpus.pick import chance, pick
from pretraining.corpus.words import LISTS

STANDARD = ("name", "price", "category", "manufacturer")
NAMES = LISTS["fields"]
ABSENT = ("old_price", "sku", "ean", "warranty", "seller", "rating", "origin", "manufacturer", "category", "weight")
TEXT: Json = {"type": ["string", "null"]}


def schema_of(properties: Json) -> Json:
    """An object schema with every property required."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def standard(shown: Json) -> tuple[Json, Json]:
    """The four product fields in their fixed order."""
    return schema_of({name: TEXT for name in STANDARD}), {name: shown.get(name) for name in STANDARD}


def product(r: Random, shown: Json) -> tuple[Json, Json]:
    """Some of the slots that the page states, and some that it does not, under names drawn for them."""
    stated = [slot for slot in shown if slot in NAMES and slot != "breadcrumbs"]
    absent = [slot for slot in ABSENT if slot not in shown]
    keys = r.sample(stated, r.randint(1, len(stated))) if stated else []
    keys += r.sample(absent, min(len(absent), pick(r, (0, 0, 1, 1, 2, 3))))
    keys = keys or ["price"]
    r.shuffle(keys)
    properties: Json = {}
    record: Json = {}
    for key in keys[:12]:
        field = pick(r, NAMES[key]) if chance(r, 0.75) else NAMES[key][0]
        if field in properties:
            continue
        properties[field], record[field] = typed(r, key, shown)
    if chance(r, 0.05) and "breadcrumbs" in shown:
        field = pick(r, NAMES["breadcrumbs"])
        properties[field] = {"type": ["array", "null"], "items": {"type": "string"}}
        record[field] = shown["breadcrumbs"]
    if chance(r, 0.05) and "name" in shown and "offer" not in properties:
        inner = {"price": TEXT, "currency": TEXT}
        properties["offer"] = {**schema_of(inner), "type": ["object", "null"]}
        record["offer"] = {"price": shown.get("price"), "currency": shown.get("currency")}
    return schema_of(properties), record


def typed(r: Random, slot: str, shown: Json) -> tuple[Json, Any]:
    """Schema and value of a slot: text as written, now and then a number."""
    value = shown.get(slot)
    if slot == "price" and "amount" in shown and chance(r, 0.07):
        return {"type": ["number", "null"]}, shown["amount"] / 100
    if slot in ("rating",) and value and chance(r, 0.15):
        return {"type": ["number", "null"]}, float(value)
    if slot == "review_count" and value and chance(r, 0.15):
        return {"type": ["integer", "null"]}, int(value)
    return TEXT, value
