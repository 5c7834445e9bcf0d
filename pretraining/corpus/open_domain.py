"""Records of no domain: facts of any kind beside each other, some under names that no other page has.

A schema of a user's is seldom one of the domains. What carries over is to read a field by its label: these records mix
the attributes of `words/attributes.txt`, neighbours that are easily taken for each other among them, with fields whose
name and label are made of any words, so that nothing but their likeness says which value is asked for.
"""

from collections import Counter
from dataclasses import replace
from random import Random

from pretraining.corpus import facts, kinds, makers
from pretraining.corpus.domains import DOMAINS, FREE, HELD_OUT, Slot, read, unlike
from pretraining.corpus.facts import Make
from pretraining.corpus.letters import latin
from pretraining.corpus.pick import chance, pick, weighted
from pretraining.corpus.words import ENTITIES, words

NAME = "open"
ATTRIBUTES = read("attributes.txt", {})["attributes"]
ORDER = tuple(ATTRIBUTES)
TITLES = tuple(
    next(iter(slots.items())) for name, slots in DOMAINS.items() if name not in HELD_OUT
)  # what a page of some domain is called
CALLED = 0.75  # of the records have a title that a schema calls by what the page is about
CALLED_ELSEWHERE = 0.3  # of those of a domain do
ANYTHING = 0.7  # of these are about anything, so that a word which no label answers is the title's
TOLD = 0.4  # of the values whose kind no other field has stand without a label
FOREIGN = 0.25  # of the others of them have a label that says nothing, as in a language that the reader does not know
KINDS = {
    "date": "time", "stamp": "time", "month_year": "time", "date_range": "time", "person": "person", "city": "place",
    "address": "place", "company": "firm", "brand": "firm", "cash": "money", "big_cash": "money", "cash_range": "money",
    "email": "email", "phone": "phone", "url": "url",
}  # fmt: skip
INVENTED = 0.45  # of the slots, on pages that have any
MAKERS: tuple[tuple[str, Make], ...] = (
    *((make.__name__, make) for make in (
        facts.person, facts.date, facts.date, facts.clock, facts.phone, facts.email, facts.url, facts.city,
        facts.address, facts.company, facts.phrase, facts.phrase, facts.sentence, facts.cash, facts.cash,
        facts.big_cash, facts.code, facts.skill, facts.thing, kinds.stamp, kinds.month_year, kinds.date_range,
        kinds.cash_range, kinds.dims, kinds.measure_text, kinds.weekday, kinds.digits_long, makers.version,
        makers.user, makers.about_year, *(kinds.affirmed,) * 10,
    )),
    ("number", facts.number(0, 60)), ("number", facts.number(1900, 2040)), ("grouped", facts.grouped(900, 900_000, "")),
    ("decimal", facts.decimal(0, 90)), ("unit", facts.unit(1, 900, " kg", " m", " km", " %", " h", " cm", "°C", " MB")),
    ("decimal_unit", kinds.decimal_unit(0, 90, " l", " kW", " m²", " t", " %", " mm")),
)  # fmt: skip
NUMBERS = ("number", "decimal")
FREE_MAKERS = {name for name, _ in MAKERS} & FREE
MORE = ("of", "total", "no.", "main", "the", "our", "de", "(a)", "type")  # a word more in a label
JOINTS = {"_": 0.8, "": 0.06, "-": 0.04, ".": 0.03, " ": 0.07}


def slots(r: Random, lang: str) -> dict[str, Slot]:
    """The slots of one record, its title first: 5 to 20, in any order."""
    title, slot = pick(r, TITLES)
    slot = called(r, slot, lang) if chance(r, CALLED) else slot
    drawn = {title: slot}
    for name in _neighbours(r):
        drawn.setdefault(name, ATTRIBUTES[name])
    if chance(r, 0.75):
        names = list(drawn)
        for name in r.sample(names[1:], round(INVENTED * (len(names) - 1))):
            del drawn[name]
        drawn |= invented(r, lang, len(names) - len(drawn))
    rest = list(drawn.items())[1:]
    r.shuffle(rest)
    return _told(r, lang, unlike({title: slot, **dict(rest)}))


def titled(r: Random, slots: dict[str, Slot], lang: str) -> dict[str, Slot]:
    """The slots of a domain, the title's called by anything on some of its pages."""
    if not chance(r, CALLED_ELSEWHERE):
        return slots
    title, slot = next(iter(slots.items()))
    return unlike({**slots, title: called(r, slot, lang)})


def called(r: Random, slot: Slot, lang: str) -> Slot:
    """The title's slot under names for what the page is about, alone or with a word for a name."""
    entity = _field(r, [pick(r, _words(r, lang))]) if chance(r, ANYTHING) else pick(r, ENTITIES)
    word = pick(r, ("name", "name", "title", "label", "heading"))
    field = pick(r, (*(entity,) * 6, f"{entity}_{word}", f"{word}_of_{entity}", f"{entity}{word}"))
    return replace(slot, fields=(field, field, word))


def _told(r: Random, lang: str, slots: dict[str, Slot]) -> dict[str, Slot]:
    """Some slots of a known name whose kind no other slot is of need no label, or have one that says nothing."""
    counts = Counter(kind_of(slot) for slot in slots.values())
    told = dict(slots)
    for name, slot in list(slots.items())[1:]:
        if counts[kind_of(slot)] > 1 or not (slot.yes_no or (name in ATTRIBUTES and slot.maker in KINDS)):
            continue
        if not slot.yes_no and chance(r, TOLD):
            told[name] = replace(slot, plain=True)
        elif chance(r, FOREIGN):
            told[name] = replace(slot, labels=_labels(r, [pick(r, _words(r, lang))]))
    return told


def kind_of(slot: Slot) -> str | None:
    """What is told from a value alone; None for most."""
    return "yes_no" if slot.yes_no else KINDS.get(slot.maker)


def _neighbours(r: Random) -> list[str]:
    """Names of attributes in runs of one to four that stand next to each other in the file."""
    names: list[str] = []
    for _ in range(r.randint(3, 7)):
        start = r.randrange(len(ORDER))
        names += ORDER[start : start + pick(r, (1, 1, 2, 3, 4))]
    return names


def invented(r: Random, lang: str, n: int) -> dict[str, Slot]:
    """Slots whose names and labels are made of any words; some share words, and some are of one kind."""
    pool = _words(r, lang)
    shared = [pick(r, pool) for _ in range(2)]
    few = [pick(r, MAKERS) for _ in range(2)]
    found: dict[str, Slot] = {}
    for _ in range(n):
        spelt = [pick(r, shared) if chance(r, 0.3) else pick(r, pool) for _ in range(pick(r, (1, 1, 2, 2, 2, 3)))]
        spelt = list(dict.fromkeys(spelt))
        kind, make = pick(r, few) if chance(r, 0.5) else pick(r, MAKERS)
        many = kind in ("skill", "thing", "phrase") and chance(r, 0.2)
        field = _field(r, spelt)
        found[field] = Slot(
            make,
            kind,
            (field,),
            _labels(r, spelt),
            many,
            kind in NUMBERS and not many,
            False,
            kind == "affirmed",
            kind in FREE_MAKERS,
        )
    return found


def _words(r: Random, lang: str) -> list[str]:
    """Single words of the language, or English ones for a page of another, and some of no language."""
    code = "en" if chance(r, 0.3) else lang
    texts = [*words(code, "words"), *words(code, "nouns"), *words(code, "things")]
    single = [text.casefold() for text in r.sample(texts, 60) if " " not in text and text.isalnum()]
    return single[:30] + [latin(r) for _ in range(4)]


def _field(r: Random, spelt: list[str]) -> str:
    """The words as a key: snake_case, camelCase or otherwise joined, now and then shortened."""
    parts = [_short(r, word) if chance(r, 0.06) else word for word in spelt]
    if chance(r, 0.15):
        return parts[0] + "".join(part.capitalize() for part in parts[1:])
    return weighted(r, JOINTS).join(parts)


def _short(r: Random, word: str) -> str:
    """Its first letters, or its consonants."""
    if chance(r, 0.5) or not word.isascii():
        return word[: r.randint(3, 5)]
    return word[0] + "".join(c for c in word[1:] if c not in "aeiou")


def _labels(r: Random, spelt: list[str]) -> tuple[str, ...]:
    """The words as a label: mostly the same ones, sometimes with one more or one fewer, or in another order."""
    parts = list(spelt)
    if len(parts) > 1 and chance(r, 0.12):
        parts.reverse()
    elif len(parts) > 1 and chance(r, 0.1):
        parts.pop(r.randrange(len(parts)))
    if chance(r, 0.12):
        parts.insert(
            r.randint(0, len(parts)), pick(r, ("of", "total", "no.", "main", "the", "our", "de", "(a)", "type"))
        )
    text = " ".join(parts)
    return (pick(r, (text.capitalize(), text.capitalize(), text.title(), text, text.upper())),)
