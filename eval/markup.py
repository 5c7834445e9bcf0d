"""What a page's markup states for machines: schema.org as JSON-LD, microdata or RDFa, and OpenGraph's meta elements.

Its properties are selectors, as those of eval/places.py are: `Thing.part.name` is the `name` of the `part` of a
`Thing`, `og:title` a meta element. An amount whose currency stands beside it (`fee`, `feeCurrency`) is
also there with it, as `Thing.fee feeCurrency`.
"""

import html
import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from lxml import etree

from eval.places import Texts, parsed, whole
from extraction.json import Json
from extraction.text import squash

LINKED_DATA, CURRENCY = "application/ld+json", "Currency"
FORMS = (("itemscope", "itemtype", "itemprop"), ("typeof", "typeof", "property"))  # microdata's and RDFa's attributes


def properties(page: str) -> Texts:
    """All texts of a page's markup by property; empty where it has none."""
    found: Texts = defaultdict(list)
    root = parsed(page)
    if root is None:
        return found
    things = [*_linked(root), *(thing for form in FORMS for thing in _items(root, *form))]
    for thing in things:
        _add(found, thing, _kind(thing))
    for meta in root.iter("meta"):
        name, content = meta.get("property") or meta.get("name") or "", _text(meta.get("content"))
        if ":" in name and content:
            found[name].append(content)
    return found


def by_name(field: str, kind: str, found: Texts) -> str | None:
    """The text of the property that is called as a field, the least nested one; None without one.

    `kind`: the field's rule of equality; money is read with its currency.
    """
    named = [selector for selector in found if squash(field) in _last_names(selector)]
    plain = kind == "money"
    best = min(named, key=lambda selector: (selector.count("."), (" " in selector) != plain), default=None)
    return found[best][0] if best else None


def _last_names(selector: str) -> set[str]:
    """What a property may be called: `author.name` is a name and an author."""
    *outer, last = selector.replace(":", ".").split(".")
    last = last.split()[0]
    return {squash(last), *(squash(name) for name in outer[-1:] if last == "name")}


def _linked(root: etree._Element) -> Iterator[Json]:
    """The things of JSON-LD, those of a @graph too."""
    for script in root.iter("script"):
        if not script.get("type", "").strip().lower().startswith(LINKED_DATA):
            continue
        try:
            found = json.loads(script.text or "", strict=False)
        except (ValueError, RecursionError):
            continue
        for thing in found if isinstance(found, list) else [found]:
            if isinstance(thing, dict):
                graph = thing.get("@graph")
                yield from (one for one in graph if isinstance(one, dict)) if isinstance(graph, list) else [thing]


def _items(root: etree._Element, scope: str, kind: str, prop: str) -> list[Json]:
    """The things of microdata or RDFa, by their attributes' names; properties outside of all are one thing's."""
    outside: Json = {}
    things, within = [outside], [outside]
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if not isinstance(element.tag, str):
            continue
        names = [name.split(":")[-1] for name in element.get(prop, "").split()]
        if scope in element.attrib:
            if event == "end":
                within.pop()
                continue
            thing: Json = {"@type": element.get(kind, "")}
            for name in names:
                within[-1].setdefault(name, []).append(thing)
            things += [] if names else [thing]
            within.append(thing)
        elif event == "start" and not (element.tag == "meta" and ":" in element.get(prop, "")):
            for name in names:
                within[-1].setdefault(name, []).append(_value(element))
    return things


def _value(element: etree._Element) -> str:
    """What an element says as the value of a property."""
    said = (element.get("content"), element.get("datetime"), whole(element), element.get("value"))
    return next((text for text in (*said, element.get("href"), element.get("src")) if text), "")


def _add(found: Texts, thing: Json, path: str) -> None:
    """Add all texts of a thing."""
    for name, value in thing.items():
        if name.startswith("@"):
            continue
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict):
                _add(found, one, f"{path}.{name}".strip("."))
            elif text := _text(one):
                found[f"{path}.{name}".strip(".")].append(text)
        amount, currency = _first(value), _first(thing.get(name + CURRENCY))
        if amount and currency:
            found[f"{path}.{name} {name}{CURRENCY}".strip(".")].append(f"{amount} {currency}")


def _first(value: Any) -> str:
    return _text(value[0] if isinstance(value, list) and value else value)


def _text(value: Any) -> str:
    """A text or number as one line; empty for anything else."""
    known = isinstance(value, str | int | float) and not isinstance(value, bool)
    return " ".join(html.unescape(str(value)).split()) if known else ""


def _kind(thing: Json) -> str:
    """The name of a thing's type, such as "Product" of "https://schema.org/Product"."""
    return _first(thing.get("@type")).split()[0].split("/")[-1].split(":")[-1] if _first(thing.get("@type")) else ""
