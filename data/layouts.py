"""The page layouts: `data/templates/<layout>.html` filled with a product.

A template is Jinja2. It sees the product's values (None where the shop does not say them), the shop's words
in the product's language as `t`, and `maybe(p)`, `pick(...)` and `shuffled([...])` for what varies.
"""

import html
import re
from html.entities import codepoint2name
from pathlib import Path
from random import Random
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from data.pages import furniture
from data.prices import parts
from data.values import VOCABULARY, Product

TEMPLATES = Path(__file__).parent / "templates"
LAYOUTS = sorted(path.stem for path in TEMPLATES.glob("*.html"))

PAGES = tuple(layout for layout in LAYOUTS if layout.startswith("page_"))  # whole pages; the others are snippets

# Layouts whose class names or wording are of one language.
ONLY = {
    "german_rows": "de",
    "french_classes": "fr",
    "polish_rows": "pl",
    "spanish_list": "es",
    "italian_old_table": "it",
    "swedish_block": "sv",
    "portuguese_spans": "pt",
    "dutch_split": "nl",
}

# Layouts that only the test split shows.
UNSEEN = (
    "caption_table",
    "definition_grid",
    "emotion_hashes",
    "fieldset_form",
    "figure_caption",
    "ins_del_summary",
    "marketplace_seller",
    "page_late",
    "page_offers",
    "portuguese_spans",
    "social_meta",
    "spec_spans",
    "sticky_bar",
    "text_trail",
    "unclosed_table",
)

_MARKS = dict(zip(("name", "price", "category", "manufacturer"), "\ue000\ue001\ue002\ue003", strict=True))
_ENVIRONMENT = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def encode(text: str, style: str) -> str:
    """Escape text for HTML: plainly, with named or numeric entities, or leaving ampersands bare."""
    text = text.replace('"', "&quot;") if style == "bare" else html.escape(text).replace("&#x27;", "&#39;")
    if style == "named":
        return "".join(f"&{codepoint2name[ord(c)]};" if c > "~" and ord(c) in codepoint2name else c for c in text)
    if style == "numeric":
        return "".join(f"&#{ord(c)};" if 127 < ord(c) < 0x250 or c in "€₽\u2013" else c for c in text)
    return text


def context(product: Product, rng: Random) -> dict[str, Any]:
    """A template's variables. A value asked for carries its field's mark, which tells that it was shown."""
    style = rng.choices(["plain", "named", "numeric", "bare"], [7, 2, 1, 1])[0]
    space = rng.choices([" ", "\u00a0", "&nbsp;"], [6, 1, 3])[0]

    def shown(text: str | None, field: str = "") -> Markup | None:
        return None if text is None else Markup(_MARKS.get(field, "") + encode(text, style))

    def money(text: str | None, field: str = "") -> Markup | None:
        return None if text is None else Markup(str(shown(text, field)).replace(" ", space))

    pieces: list[Markup | None] = [None] * 4
    if product.price:
        pieces = [money(p, "price" if i == 1 else "") for i, p in enumerate(parts(product.price))]
    crumbs = [shown(c) for c in product.crumbs]
    if product.category:
        crumbs[-1] = shown(product.category, "category")
    sums = {k: money(product.extras[k]) for k in ("was", "save", "rate", "unit", "ship")}
    plain = {k: product.extras[k] for k in ("sku", "rating", "reviews", "off")}
    words = VOCABULARY[product.language].items()
    labels = {k: shown(rng.choice(v)) for k, v in words if isinstance(v[0], str)}
    return {
        "name": shown(product.name, "name"),
        "price": money(product.price, "price"),
        "category": shown(product.category, "category"),
        "brand": shown(product.manufacturer, "manufacturer"),
        "crumbs": crumbs,
        "related": [(shown(n), money(p)) for n, p in product.related],
        "t": labels,
        "lang": product.language,
        "maybe": lambda p=0.5: rng.random() < p,
        "pick": lambda *options: rng.choice(options),
        "shuffled": lambda items: rng.sample(items, len(items)),
        **dict(zip(("before", "whole", "fraction", "after"), pieces, strict=True)),
        **sums,
        **plain,
    }


def lay_out(page: str, rng: Random) -> str:
    """The same markup indented, without indentation, or on one line."""
    page = re.sub(r"\n\s*\n", "\n", page.strip())
    style = rng.choice(["indented", "flush", "one line"])
    if style == "flush":
        return re.sub(r"\n[ \t]+", "\n", page)
    return re.sub(r"\n\s*", " ", re.sub(r">\n\s*<", "><", page)) if style == "one line" else page


def damage(page: str, rng: Random) -> str:
    """Break the markup as careless shops do, leaving its text and attributes as they are."""
    closings = list(re.finditer(r"</(?:div|span|li|p|td|tr|a|ul)>", page))
    if closings and rng.random() < 0.6:
        gone = rng.choice(closings)
        page = page[: gone.start()] + page[gone.end() :]
    if rng.random() < 0.5:
        page += rng.choice(["</div>", "</span></div>", "</p>", "</a>"])
    return re.sub(r'="(\w+)"', r"=\1", page, count=rng.randint(1, 3)) if rng.random() < 0.5 else page


def render(layout: str, product: Product, rng: Random) -> tuple[str, dict[str, str | None]]:
    """The snippet, and the record of the values that it shows."""
    variables = context(product, rng)
    if layout in PAGES:
        variables |= furniture(product, rng)
    page = _ENVIRONMENT.get_template(f"{layout}.html").render(variables)
    record = {f: getattr(product, f) if mark in page else None for f, mark in _MARKS.items()}
    page = lay_out(re.sub("[\ue000-\ue003]", "", page), rng)
    return (damage(page, rng) if rng.random() < 0.1 else page), record
