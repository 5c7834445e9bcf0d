"""A product's data as some sites leave it on the page, in text that a browser hides."""

import json

from pretraining.corpus.letters import digits, latin
from pretraining.corpus.pick import chance, pick
from pretraining.corpus.site import Site


def state(site: Site) -> str:
    """JSON about the product in an element of its own. What it alone states is stated."""
    r, page, p = site.r, site.page, site.page.product
    data: dict[str, object] = {"sku": digits(r, 8), "price": f"{p.cents / 100:.2f}", "specialPrice": ""}
    if p.brand and page.shown.get("manufacturer") in (p.brand, None) and _plain(p.brand):
        page.show("manufacturer", p.brand)
        data["brand"] = {"name": p.brand, "key": latin(r)} if chance(r, 0.5) else p.brand
    if page.shown.get("category") in (p.path[-1], None) and all(map(_plain, p.path)) and chance(r, 0.7):
        page.show("category", p.path[-1])
        crumbs = [{"name": name, "urlKey": latin(r)} for name in p.path]
        data[pick(r, ("breadcrumbs", "categories", "path"))] = crumbs if chance(r, 0.6) else list(p.path)
    if chance(r, 0.4) and "name" in page.shown and _plain(p.name):
        data["name"] = p.name
    items: list[tuple[str, object]] = [*data.items(), (latin(r), chance(r, 0.5)), (latin(r), digits(r, 3))]
    r.shuffle(items)
    text = json.dumps(dict(items), ensure_ascii=False, indent=pick(r, (None, None, 0, 2)))
    return site.el(pick(r, ("div", "textarea", "span", "code")), "hidden", site.m.text(text))


def _plain(text: str) -> bool:
    """Whether a text reads in JSON as it is."""
    return '"' not in text and "\\" not in text
