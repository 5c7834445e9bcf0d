"""Pages of the other domains: a record drawn slot by slot, laid out in one of many generic ways, and asked about."""

from random import Random

from extraction.json import Json
from pretraining.corpus import ask, facts, open_domain, rows
from pretraining.corpus.asked import named, typed
from pretraining.corpus.domains import DOMAINS, HELD_OUT, Slot
from pretraining.corpus.draft import Draft, value
from pretraining.corpus.layouts import LAYOUTS, SHARES
from pretraining.corpus.page import Page
from pretraining.corpus.pick import chance, pick, weighted
from pretraining.corpus.product import product
from pretraining.corpus.surroundings import surround
from pretraining.corpus.words import SHOPS

NAMES = tuple(name for name in DOMAINS if name not in HELD_OUT)
ROWS = 0.2  # of these pages ask for a list of objects
OPEN = 0.5  # of the others are of no domain
AFTER = 0.35  # of the pages have a value before its label
AFTER_HELD_OUT = 0.3  # as it was when the judging pages were first drawn: they stay as they are
INLINE = 0.4  # of the others have several labels and values on a line
STRANGE = 0.25  # of the absent fields whose names no other page has are asked for
TITLE = 0.4  # of the records that have a title under a name of their own are surely asked for it


def sample(r: Random) -> tuple[str, Json, Json, str]:
    """(text, schema, record, domain) of one record."""
    if chance(r, ROWS):
        return rows.sample(r)
    draft = drawn(r, domain(r), pick(r, facts.LANGS))
    layout = weighted(r, SHARES)
    text = surround(draft, LAYOUTS[layout](draft), layout)
    schema, record = question(r, draft)
    return text, schema, record, draft.domain


def domain(r: Random) -> str:
    """One that is not held out."""
    return open_domain.NAME if chance(r, OPEN) else pick(r, NAMES)


def drawn(r: Random, domain: str, lang: str) -> Draft:
    """A record of the domain: its title, at least three of its other slots, and now and then labels without value."""
    slots = _slots(r, domain, lang)
    goods = product(r)
    page = Page(r, goods)
    if chance(r, AFTER_HELD_OUT if domain in HELD_OUT else AFTER):
        page.look = "after"
    elif domain not in HELD_OUT and chance(r, INLINE):
        page.look = "inline"
    goods.lang = lang if lang in SHOPS else "en"
    names = list(slots)
    stated = names[:1] + r.sample(names[1:], r.randint(min(3, len(names) - 1), len(names) - 1))
    absent = [name for name in names if name not in stated]
    empty = r.sample(absent, min(len(absent), r.randint(1, 3))) if chance(r, 0.15) else []
    sure = names[:1] if domain not in HELD_OUT and _own_title(slots, domain) and chance(r, TITLE) else []
    values = {name: value(r, slots[name], lang) for name in stated}
    return Draft(page, lang, domain, slots, values, empty, sure=tuple(sure))


def _slots(r: Random, domain: str, lang: str) -> dict[str, Slot]:
    if domain == open_domain.NAME:
        return open_domain.slots(r, lang)
    return DOMAINS[domain] if domain in HELD_OUT else open_domain.titled(r, DOMAINS[domain], lang)


def _own_title(slots: dict[str, Slot], domain: str) -> bool:
    """Whether the title is called otherwise than the domain calls it."""
    title, slot = next(iter(slots.items()))
    return domain == open_domain.NAME or slot.fields != DOMAINS[domain][title].fields


def question(r: Random, d: Draft) -> tuple[Json, Json]:
    """1 to 12 fields about the record, some of them absent from it."""
    absent = [name for name in d.slots if name not in d.values and name not in d.empty]
    if d.domain == open_domain.NAME:
        absent = [name for name in absent if name in open_domain.ATTRIBUTES or chance(r, STRANGE)]
    asked = r.sample(list(d.values), r.randint(1, min(11, len(d.values))))
    asked += [name for name in d.empty if chance(r, 0.6)]
    asked += r.sample(absent, min(len(absent), pick(r, (0, 0, 1, 1, 2, 3))))
    keys = list(dict.fromkeys([*d.sure, *asked]))
    if chance(r, 0.6):
        r.shuffle(keys)
    properties: Json = {}
    record: Json = {}
    for key in keys[:12]:
        field = named(r, d.slots[key])
        if field not in properties:
            properties[field], record[field] = typed(r, d.slots[key], d.values.get(key))
    if len(properties) > 3 and chance(r, 0.12):
        return _nested(r, properties, record)
    return ask.schema_of(properties), record


def _nested(r: Random, properties: Json, record: Json) -> tuple[Json, Json]:
    """Some of the fields moved into an object of their own."""
    inner = r.sample(list(properties), r.randint(2, 3))
    name = pick(r, ("details", "info", "data", "meta", "contact", "properties", "item"))
    if name in properties:
        return ask.schema_of(properties), record
    part = {key: properties.pop(key) for key in inner}
    properties[name] = {**ask.schema_of(part), "type": ["object", "null"]}
    values = {key: record.pop(key) for key in inner}
    record[name] = None if all(v is None for v in values.values()) else values
    return ask.schema_of(properties), record
