"""When two values are equal: the same rules for the evaluation, the benchmarks and everybody else.

What counts as equal is declared per field with the keyword `x-match` in its JSON Schema, or inferred from the training
outputs (`annotated`):

    exact     the same JSON
    text      without regard to case, white space and how characters are encoded; accents count (extraction/text.py)
    money     amount and currency: "€ 1.299,00" is "1299.00 EUR", and "€ 12" is not "12"
    number    the number, also where it is written as text
    date      the day (and the time where both have one); 03/04/2024 is in April
    date-mdy  the same; 03/04/2024 is in March
    url       without regard to the case of scheme and host, a default port, a last slash, percent-encoding
    list      item by item, in order
    set       items in any order
    objects   a list of objects in any order, aligned so that as many values as possible agree

A value that cannot be read as its rule wants is compared as text. Objects are compared property by property. Blank text
and empty containers are null.
"""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from datetime import datetime, time
from typing import Any
from urllib.parse import unquote, urlsplit

from extraction.json import Json
from extraction.numbers import date, money, number
from extraction.text import fold

KEYWORD = "x-match"
KINDS = ("exact", "text", "money", "number", "date", "date-mdy", "url", "list", "set", "objects")
READABLE, MARKED = 0.8, 0.5  # shares of a field's values, from which on it is dates, addresses or money
NUMERIC_DATE = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-]\d{2,4}")
PORTS = {"http": 80, "https": 443, "ftp": 21}


def same_raw(reference: Any, prediction: Any) -> bool:
    """Whether both are the same JSON; object keys in any order."""
    return json.dumps(reference, sort_keys=True) == json.dumps(prediction, sort_keys=True)


def same(reference: Any, prediction: Any, schema: Json) -> bool:
    """Whether both are the same value by the rules of `schema`, the value's own JSON Schema."""
    return agreement(reference, prediction, schema) == 1


def agreement(reference: Any, prediction: Any, schema: Json) -> float:
    """How much of a value is right, 0 to 1: the mean over an object's properties and a list's aligned items."""
    if absent(reference) or absent(prediction):
        return float(absent(reference) and absent(prediction))
    kind = schema.get(KEYWORD)
    if kind == "exact":
        return float(same_raw(reference, prediction))
    if isinstance(reference, dict) and isinstance(prediction, dict):
        children = schema.get("properties", {})
        names = reference | prediction
        found = [agreement(reference.get(n), prediction.get(n), children.get(n, {})) for n in names]
        return sum(found) / len(found)
    if isinstance(reference, list) and isinstance(prediction, list):
        align = _in_any_order if kind in ("set", "objects") else _in_order
        return align(reference, prediction, schema.get("items", {})) / max(len(reference), len(prediction))
    if isinstance(reference, str) and isinstance(prediction, str):
        return float(_same_text(reference, prediction, kind))
    # In Python true is 1, in JSON it is not.
    return float(isinstance(reference, bool) == isinstance(prediction, bool) and bool(reference == prediction))


def is_null(value: Any) -> bool:
    """Whether a value is null as it stands."""
    return value is None


def absent(value: Any) -> bool:
    """Whether a value says nothing: null, blank text, a container of nothing else."""
    if isinstance(value, str):
        return not value.strip()
    if isinstance(value, dict):
        return all(absent(child) for child in value.values())
    if isinstance(value, list):
        return all(absent(child) for child in value)
    return value is None


def annotated(schema: Json, records: Iterable[Json]) -> Json:
    """The schema with a rule for every value: the declared one, or the one that fits the records' own values."""
    return _annotated(deepcopy(schema), [record for record in records if record is not None])


def plain(schema: Any) -> Any:
    """The schema without rules, as the model and the server get it."""
    if isinstance(schema, dict):
        properties = schema.get("properties")
        kept = {key: plain(value) for key, value in schema.items() if key not in (KEYWORD, "properties")}
        # A field may have the keyword's name.
        return kept if properties is None else kept | {"properties": {n: plain(v) for n, v in properties.items()}}
    return [plain(child) for child in schema] if isinstance(schema, list) else schema


def unknown_rule(schema: Any) -> str | None:
    """The first declared rule that is none, or None."""
    if not isinstance(schema, dict):
        return None
    if (kind := schema.get(KEYWORD)) is not None and kind not in KINDS:
        return str(kind)
    children = [*schema.get("properties", {}).values(), schema.get("items")]
    return next((found for child in children if (found := unknown_rule(child))), None)


def described(schema: Json) -> dict[str, str]:
    """The rule by field, with a dot before nested names and [] after lists."""
    found: dict[str, str] = {}
    for name, child in schema.get("properties", {}).items():
        if KEYWORD in child:
            found[name] = child[KEYWORD]
        found |= {f"{name}.{inner}": kind for inner, kind in described(child).items()}
        found |= {f"{name}[].{inner}": kind for inner, kind in described(child.get("items", {})).items()}
        if kind := child.get("items", {}).get(KEYWORD):
            found[f"{name}[]"] = kind
    return found


def _same_text(reference: str, prediction: str, kind: str | None) -> bool:
    reader = READERS.get(kind or "text")
    if reader:
        expected, found = reader(reference), reader(prediction)
        if isinstance(expected, datetime) and isinstance(found, datetime):
            return expected == found or (expected.date() == found.date() and time() in (expected.time(), found.time()))
        if expected is not None and found is not None:
            return bool(expected == found)
    return fold(reference) == fold(prediction)


def _address(text: str) -> tuple[str, str, int | None, str, str] | None:
    """(scheme, host, port, path, query and fragment) of a whole address; None where it is none."""
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not host:
        return None
    port = None if port == PORTS.get(parts.scheme) else port
    return parts.scheme, host, port, unquote(parts.path).rstrip("/"), f"{parts.query}#{parts.fragment}"


READERS: dict[str, Callable[[str], Any]] = {
    "money": money,
    "number": number,
    "date": date,
    "date-mdy": lambda text: date(text, month_first=True),
    "url": _address,
}


def _in_order(reference: Sequence[Any], prediction: Sequence[Any], items: Json) -> float:
    return sum(agreement(expected, found, items) for expected, found in zip(reference, prediction, strict=False))


def _in_any_order(reference: Sequence[Any], prediction: Sequence[Any], items: Json) -> float:
    """The largest sum of agreements that any one-to-one alignment has."""
    from scipy.optimize import linear_sum_assignment  # not needed where models are only asked

    scores = [[agreement(expected, found, items) for found in prediction] for expected in reference]
    rows, columns = linear_sum_assignment(scores, maximize=True)
    return float(sum(scores[row][column] for row, column in zip(rows, columns, strict=True)))


def _annotated(schema: Json, values: list[Any]) -> Json:
    if "properties" in schema:
        objects = [value for value in values if isinstance(value, dict)]
        inner = {n: _annotated(child, [o.get(n) for o in objects]) for n, child in schema["properties"].items()}
        return schema | {"properties": inner}
    if "items" in schema:
        items = [item for value in values if isinstance(value, list) for item in value]
        schema = schema | {"items": _annotated(schema["items"], items)}
        return {KEYWORD: "objects" if "properties" in schema["items"] else "list"} | schema
    return {KEYWORD: _fitting([value for value in values if not absent(value)])} | schema


def _fitting(values: list[Any]) -> str:
    """The rule that fits values of one field which are not null."""
    if values and all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return "number"
    texts = list(dict.fromkeys(value for value in values if isinstance(value, str)))
    if not texts:
        return "exact" if values else "text"
    amounts = [read for text in texts if (read := money(text))]
    # Without a currency a number may be a version or a code: "1.10" is then not "1.1".
    if len(amounts) >= READABLE * len(texts) and sum(code is not None for _, code in amounts) >= MARKED * len(texts):
        return "money"
    if _mostly(texts, _address):
        return "url"
    if _mostly(texts, date):
        return "date-mdy" if any(map(_is_month_first, texts)) else "date"
    return "text"


def _is_month_first(text: str) -> bool:
    """Whether a date in figures has its day where others have their month."""
    found = NUMERIC_DATE.match(fold(text))
    return found is not None and int(found[1]) <= 12 < int(found[2])


def _mostly(texts: list[str], reader: Callable[[str], Any]) -> bool:
    """Whether most texts can be read; stops as soon as too many cannot, because reading dates is slow."""
    allowed = (1 - READABLE) * len(texts)
    for text in texts:
        if reader(text) is None:
            allowed -= 1
            if allowed < 0:
                return False
    return True
