"""Two ways to read a product page without a model: rules on tags, classes and text, and schema.org's markup alone.

Both are written by hand for products. Those of eval/baselines.py learn from training rows, which labelled pages of a
benchmark do not come with.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from lxml import etree, html

from extraction.json import Json

PRICE = re.compile(
    r"(?:[$€£¥₹₽]|(?:US|CA|A|C)\$|[A-Z]{2,3})\s?\d[\d., ]*\d|\d[\d., \xa0]*\d?\s?(?:[$€£¥₹₽]|kr|zł|Kč|[A-Z]{3}\b)"
)
OLD = re.compile(r"old|was|regular|strike|cross|list-?price|rrp|before|save|discount", re.I)
TRAIL = "//*[contains(@class,'crumb') or contains(@id,'crumb')]"
MAKER = re.compile(r"brand|manufacturer|maker|vendor|designer", re.I)
MAKER_LABEL = re.compile(r"(?:brand|manufacturer|made by|marke|hersteller|marca|marque|merk)\s*:?\s+(.{2,40})", re.I)


def by_rules(page: str) -> Json:
    """Name: first h1. Price: first amount not marked as old. Category: the trail's last link. Maker: class or label."""
    tree = _tree(page)
    name = next((text for node in tree.xpath("//h1") if (text := _text(node))), None)
    return {"name": name, "price": _price(tree), "category": _category(tree, name), "manufacturer": _maker(tree)}


def _price(tree: Any) -> str | None:
    for node in tree.iter():
        marks = f"{node.get('class')} {node.get('id')} {node.tag}"
        found = PRICE.search(_text(node)) if len(node) == 0 or "price" in marks else None
        above = [*node.iterancestors(), node]
        if found and not any(OLD.search(f"{n.get('class') or ''} {n.tag}") or n.tag in ("s", "del") for n in above):
            return found[0].strip()
    return None


def _category(tree: Any, name: str | None) -> str | None:
    trail = [_text(link) for link in tree.xpath(f"{TRAIL}//a | {TRAIL}//li")]
    steps = [step for step in dict.fromkeys(trail) if step and step != name]
    return steps[-1] if steps else None


def _maker(tree: Any) -> str | None:
    for node in tree.iter():
        if MAKER.search(f"{node.get('class') or ''} {node.get('itemprop') or ''}") and 1 < len(_text(node)) < 40:
            return _text(node).split(":")[-1].strip()
    found = MAKER_LABEL.search(_text(tree))
    return found[1].strip() if found else None


def by_markup(page: str) -> Json:
    """What JSON-LD (schema.org's Product, BreadcrumbList) or else microdata says."""
    tree = _tree(page)
    things = list(_linked_data(tree))
    product = next((thing for thing in things if thing.get("@type") in ("Product", ["Product"])), {})
    trail = next((thing for thing in things if thing.get("@type") == "BreadcrumbList"), {})
    offer = product.get("offers") or {}
    offer = offer[0] if isinstance(offer, list) and offer else offer
    steps = [_name(step.get("item") or step) for step in trail.get("itemListElement", [])]
    values = {
        "name": product.get("name"),
        "price": offer.get("price", offer.get("lowPrice")) if isinstance(offer, dict) else None,
        "category": product.get("category") or (steps[-1] if steps else None),
        "manufacturer": _name(product.get("brand") or product.get("manufacturer")),
    }
    names = {"name": ["name"], "price": ["price"], "category": ["category"], "manufacturer": ["brand", "manufacturer"]}
    read = {field: value if value else _property(tree, names[field]) for field, value in values.items()}
    return {field: None if value is None else str(value) for field, value in read.items()}


def _linked_data(tree: Any) -> Iterator[Json]:
    for script in tree.xpath("//script[@type='application/ld+json']"):
        try:
            found = json.loads(script.text or "")
        except ValueError:
            continue
        for thing in found if isinstance(found, list) else [found]:
            if isinstance(thing, dict):
                yield thing
                yield from (one for one in thing.get("@graph", []) if isinstance(one, dict))


def _property(tree: Any, names: list[str]) -> str | None:
    nodes = [node for name in names for node in tree.xpath(f"//*[@itemprop='{name}']")]
    return next((text for node in nodes if (text := node.get("content") or _text(node))), None)


def _name(thing: Any) -> Any:
    return thing.get("name") if isinstance(thing, dict) else thing


def _tree(page: str) -> Any:
    return etree.fromstring(f"<div>{page}</div>", html.HTMLParser(remove_comments=True, remove_pis=True))


def _text(node: Any) -> str:
    return " ".join("".join(node.itertext()).split()) if isinstance(node.tag, str) else ""
