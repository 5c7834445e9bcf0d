"""What surrounds the values on a page and holds none of them."""

import json
from typing import Any

from pretraining.corpus.goods import measure
from pretraining.corpus.letters import digits, latin
from pretraining.corpus.naming import hashed
from pretraining.corpus.page import Page
from pretraining.corpus.pick import chance, pick
from pretraining.corpus.words import words

SCRIPTS = (
    "window.dataLayer=window.dataLayer||[];dataLayer.push({'event':'*','id':#});",
    'var *={"*":"x#","items":[#,{"*":#}]};',
    "(function(){var s=document.createElement('script');s.src='//*.js?v=#';})();",
    "$(function(){$('.*').slick({dots:true,speed:#});});",
)


def sentence(page: Page, low: int = 4, high: int = 16) -> str:
    """A sentence of the page's language that means nothing."""
    r, lang = page.r, page.product.lang
    joint = "" if lang in ("zh", "tw", "ja", "th") else " "
    text = joint.join(
        [pick(r, words(lang, "words" if chance(r, 0.7) else "things")) for _ in range(r.randint(low, high))]
    )
    return text[:1].upper() + text[1:] + pick(r, (".", ".", "!", ""))


def noise(page: Page) -> str:
    """One piece of page furniture."""
    return pick(
        page.r,
        (
            _script,
            _buttons,
            _form,
            _sizes,
            _share,
            _footer,
            _badge,
            _badge,
            _comment,
            _text,
            _cookies,
            _gallery,
            _tabs,
            _lines,
        ),
    )(page)


def _script(page: Page) -> str:
    r = page.r
    if chance(r, 0.15) and "name" in page.shown:
        return f'<script type="application/ld+json">{_linked_data(page)}</script>'
    body = pick(r, SCRIPTS).replace("*", latin(r)).replace("#", digits(r, 6))
    return (
        f"<script>{body}</script>"
        if chance(r, 0.7)
        else f"<style>.{latin(r)}{{margin:0;color:#{digits(r, 6)}}}</style>"
    )


def _linked_data(page: Page) -> str:
    """What the page has said so far, for search engines."""
    data: dict[str, Any] = {"@context": "https://schema.org", "@type": "Product", "name": page.shown["name"]}
    if "manufacturer" in page.shown:
        data["brand"] = {"@type": "Brand", "name": page.shown["manufacturer"]}
    if "amount" in page.shown:
        data["offers"] = {"@type": "Offer", "price": page.shown["amount"] / 100}
    return json.dumps(data, ensure_ascii=chance(page.r, 0.2))


def _texts(page: Page, low: int, high: int) -> list[str]:
    return [pick(page.r, words(page.product.lang, "noise")) for _ in range(page.r.randint(low, high))]


def _buttons(page: Page) -> str:
    m, r = page.m, page.r
    return m.el("div", "button wrapper", *[m.leaf(pick(r, ("button", "a")), "button", t) for t in _texts(page, 1, 3)])


def _form(page: Page) -> str:
    m, r, lang = page.m, page.r, page.product.lang
    fields = [m.el("input", "", type="hidden", name=latin(r), value=hashed(r, 6)) for _ in range(r.randint(1, 3))]
    return m.el(
        "form",
        "button wrapper",
        *fields,
        m.leaf("label", "label", pick(r, words(lang, "size"))),
        m.leaf("button", "button", pick(r, words(lang, "cart"))),
    )


def _sizes(page: Page) -> str:
    m, r = page.m, page.r
    options = [
        pick(r, ("XS", "S", "M", "L", "XL", "XXL", "36", "38", "40", "42", measure(r))) for _ in range(r.randint(2, 6))
    ]
    if chance(r, 0.5):
        return m.el("select", "swatch", *[m.leaf("option", "", o) for o in options])
    return m.el("ul", "swatch", *[m.el("li", "swatch item", m.leaf("a", "", o)) for o in options])


def _share(page: Page) -> str:
    m = page.m
    return m.el(
        "div",
        "menu",
        *[m.el("a", "link", m.text(t)) for t in ("Facebook", "Twitter", "Pinterest", "E-mail")[: page.r.randint(1, 4)]],
    )


def _footer(page: Page) -> str:
    m, r = page.m, page.r
    links = [m.el("li", "footer item", m.el("a", "", m.text(t))) for t in _texts(page, 2, 5)]
    return m.el(
        "footer", "footer", m.el("ul", "footer list", *links), m.text(f"© {r.randint(1999, 2026)} {page.product.shop}")
    )


def _comment(page: Page) -> str:
    return f"<!-- {pick(page.r, (latin(page.r), 'end', '/.row', 'TODO', '#block-' + latin(page.r)))} -->"


def _text(page: Page) -> str:
    m, r = page.m, page.r
    return m.leaf(
        pick(r, ("p", "div", "span", "p")),
        "description",
        " ".join(sentence(page) for _ in range(pick(r, (1, 1, 2, 4)))),
    )


def _badge(page: Page) -> str:
    """A word or three beside the product that name nothing which could be asked for."""
    r, m = page.r, page.m
    role = pick(r, ("tag", "note", "label", "product label", "menu link", "title", "button"))
    return m.leaf(pick(r, ("span", "div", "a", "small", "li", "em", "strong")), role, _phrase(page))


def _phrase(page: Page) -> str:
    r, lang = page.r, page.product.lang
    joint = "" if lang in ("zh", "tw", "ja", "th") else " "
    text = joint.join(pick(r, words(lang, pick(r, ("things", "words")))) for _ in range(r.randint(1, 3)))
    return pick(r, (text[:1].upper() + text[1:], text, text.upper()))


def _lines(page: Page) -> str:
    """Labels and values of things that nobody asks for."""
    r, m, lang = page.r, page.m, page.product.lang
    rows = []
    for _ in range(r.randint(1, 5)):
        value = pick(r, (_phrase(page), digits(r, r.randint(1, 5)), measure(r), pick(r, words(lang, "last"))))
        rows.append(m.el("li", "table row", f"{m.leaf('span', 'table label', _phrase(page))} {m.text(value)}"))
    return m.el("ul", "table list", *rows)


def _cookies(page: Page) -> str:
    m = page.m
    return m.el(
        "div",
        "menu wrapper",
        m.leaf("p", "note", "Cookies: " + sentence(page)),
        m.leaf("button", "button", pick(page.r, ("OK", "Accept", "Akzeptieren", "Accepter", "Aceptar"))),
    )


def _gallery(page: Page) -> str:
    m, r = page.m, page.r
    return m.el(
        "div",
        "image",
        *[
            m.el("img", "image", alt=page.product.name if "name" in page.shown and chance(r, 0.4) else "", src=m.url())
            for _ in range(r.randint(1, 4))
        ],
    )


def _tabs(page: Page) -> str:
    m, lang = page.m, page.product.lang
    return m.el(
        "ul",
        "menu list",
        *[
            m.el("li", "menu item", m.leaf("a", "menu link", pick(page.r, words(lang, k))))
            for k in ("description", "reviews", "shipping")
        ],
    )
