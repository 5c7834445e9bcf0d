"""Linked data of an article's page, which names its author, its site and readers of their own."""

import json
from typing import Any

from pretraining.corpus import facts
from pretraining.corpus.draft import Draft
from pretraining.corpus.layouts import TYPES
from pretraining.corpus.pick import chance, pick
from pretraining.corpus.site import Site

DAY = "{y}-{m:02d}-{d:02d}"


def data(site: Site, d: Draft) -> str:
    """Linked data of the page: its author, its means, and readers' reviews with names and dates of their own."""
    r, lang = site.r, site.lang
    graph: dict[str, Any] = {"@context": "https://schema.org", "@type": pick(r, TYPES.get(d.domain, ("Article",)))}
    graph[pick(r, ("headline", "name"))] = d.text_of(next(iter(d.values)))
    if "author" in d.values and chance(r, 0.8):
        graph["author"] = _person(d.text_of("author"))
    if chance(r, 0.5):
        graph["publisher"] = {"@type": "Organization", "name": d.page.product.shop}
    if "rating" in d.values and "votes" in d.values and chance(r, 0.7):
        graph["aggregateRating"] = {
            "@type": "AggregateRating", "ratingValue": d.text_of("rating"), "ratingCount": d.text_of("votes"),
        }  # fmt: skip
    if chance(r, 0.6):
        graph["review"] = [
            {
                "@type": "Review", "reviewRating": {"@type": "Rating", "ratingValue": pick(r, "12345")},
                "author": _person(facts.person(r, lang)), "datePublished": facts.dated(r, lang, DAY),
                "reviewBody": site.paragraph(r.randint(20, 200)),
            }
            for _ in range(r.randint(1, 5))
        ]  # fmt: skip
    keys = list(graph)[2:]
    r.shuffle(keys)
    graph = {key: graph[key] for key in (*list(graph)[:2], *keys)}
    text = json.dumps(graph, ensure_ascii=False, separators=pick(r, ((",", ":"), (", ", ": "))))
    return f'<script type="application/ld+json">{text}</script>'


def _person(name: str) -> dict[str, str]:
    return {"@type": "Person", "name": name}
