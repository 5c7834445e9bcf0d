"""What makes a generated product page hard: other amounts, texts and names near the product's own, never the gold."""

import re
from random import Random

import pytest

from extraction.ground import grounded
from pretraining.corpus import attribution, extras, offers, prices, shelves, state, titles, wrapped
from pretraining.corpus.buybox import fees, gallery
from pretraining.corpus.chrome import signs
from pretraining.corpus.markup import collapse, plain
from pretraining.corpus.money import Money
from pretraining.corpus.page import Page
from pretraining.corpus.product import product
from pretraining.corpus.product_names import like_name
from pretraining.corpus.site import HOLES, Site
from pretraining.corpus.words import words

EURO = Money("€", ".", ",", 2, 1.0, False, " ", False)


def page_of(seed: object) -> Page:
    r = Random(f"{seed}")
    return Page(r, product(r), whole=True)


def offer(seed: object, kind: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Page, str]:
    monkeypatch.setattr(offers, "KINDS", {kind: 1.0})
    page = page_of(seed)
    markup, gold = prices.amount_of(page)
    page.show("price", gold)
    return page, offers.block(page, page.m.el("b", "price", markup), markup)


@pytest.mark.parametrize("kind", list(offers.KINDS))
def test_an_offer_states_the_price_and_other_amounts(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    others = 0
    for seed in range(40):
        page, html = offer(seed, kind, monkeypatch)
        digits = "".join(c for c in page.shown["price"] if c.isdigit())
        assert digits in "".join(c for c in plain(html) if c.isdigit())
        assert html == offer(seed, kind, monkeypatch)[1]
        others += sum(map(str.isdigit, plain(html))) > len(digits)
        if kind in offers.OTHERS:
            assert all(cents != page.product.cents and cents > 0 for _, cents in offers.others(page, kind))
    assert others >= (15 if kind == "conditions" else 38)  # cells of conditions may be empty


def test_an_old_price_that_nothing_marks_is_the_higher_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(40):
        page, _ = offer(seed, "alike", monkeypatch)
        assert page.shown["old_price"] != page.shown["price"]
        assert (
            page.product.old is None or collapse(page.product.money.show(page.product.old)) == page.shown["old_price"]
        )


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("12,50 €", "13,75 €"),
        ("<b>12,50</b>&nbsp;€", "<b>13,75</b>&nbsp;€"),
        ("<b>12</b><sup>50</sup>€", "<b>13</b><sup>75</sup>€"),
        ("<b>12</b><i>,50 €</i>", "<b>13</b><i>,75 €</i>"),
        ('<b class="a12">12,50</b>', '<b class="a12">13,75</b>'),
        ("<i>12,50 €</i><b>12</b><sup>50</sup>", None),  # written twice: it would read as two amounts
        ("<b>99</b>", None),
    ],
)
def test_an_amount_is_rewritten_in_its_own_elements(html: str, expected: str | None) -> None:
    assert offers.twin(html, EURO, 1250, 1375) == expected


def test_a_heading_may_end_with_what_is_not_of_the_name() -> None:
    for seed in range(60):
        page = page_of(seed)
        html = titles._annotated(page, "h1", "title")
        assert grounded(page.product.name, html), html
        assert len(plain(html)) > len(collapse(page.product.name))


def test_a_makers_heading_looks_as_the_names_does() -> None:
    page = page_of(1)
    assert plain(attribution._heading(page, "Ab Cde")) == "Ab Cde"


def test_signs_say_nothing_of_the_product() -> None:
    for seed in range(20):
        site = Site(page_of(seed))
        site.m.attributes = "rich"  # poorer ones drop labels
        said = dict(site.page.shown)
        html = signs(site)
        assert site.page.shown == said
        assert any(site.m.text(text).split("&")[0] in html for text in words(site.lang, "signs"))
        assert not any(hole in html for hole in HOLES)


def test_a_gallerys_pictures_are_counted() -> None:
    texts = "".join(gallery(Site(named(seed))) for seed in range(60))
    assert not any(hole in texts for hole in HOLES)
    assert {f"Image {i} of " for i in (1, 2)} <= set(re.findall(r"Image \d of ", texts))


def named(seed: int) -> Page:
    page = page_of(seed)
    page.product.lang = "en"
    page.show("name", page.product.name)
    return page


@pytest.mark.parametrize(
    ("pieces", "head", "ends"),
    [
        (["Abc", "Small Smart Lamp 3 W"], "Lamp", ("Lamp", "Lamps", "Lampes")),
        (["Abc"], "Lamp", ("",)),
        (["Abc", "Lampshade"], "Lamp", ("",)),
    ],
)
def test_a_narrow_category_repeats_words_of_the_name(pieces: list[str], head: str, ends: tuple[str, ...]) -> None:
    made = {like_name(Random(seed), "en", pieces, head) for seed in range(30)}
    assert all(any(end in text for end in ends) for text in made)
    assert len(made) > 2 or ends == ("",)


def test_data_left_on_a_page_states_what_it_alone_says() -> None:
    said = set()
    for seed in range(60):
        site = Site(page_of(seed))
        html = state.state(site)
        assert grounded(site.page.shown, html), html
        said |= set(site.page.shown)
    assert said == {"manufacturer", "category"}


def test_other_products_have_prices_written_as_the_products_own() -> None:
    for seed in range(40):
        site = Site(page_of(seed))
        site.page.show("price", prices.amount_of(site.page)[1])
        html = shelves.alike(site)
        assert sum(map(str.isdigit, plain(html))) > 0
        assert site.page.shown["price"] not in plain(html)
        assert not any(hole in html for hole in HOLES)
        assert "name" not in site.page.shown


def test_rates_by_amount_say_nothing_of_the_product() -> None:
    for seed in range(20):
        site = Site(page_of(seed))
        assert re.search(r"\d+% .*\d", plain(fees(site)))
        assert not site.page.shown


def test_a_page_without_a_price_may_have_other_numbers() -> None:
    numbers = 0
    for seed in range(40):
        page = page_of(seed)
        numbers += any(map(str.isdigit, plain(extras.no_price(page))))
        assert "price" not in page.shown
    assert numbers > 15


def test_the_price_is_mostly_the_one_with_tax() -> None:
    higher = 0
    for seed in range(200):
        page = page_of(seed)
        page.product.money, page.product.cents = EURO, 10_000
        html = plain(prices._taxes(page, "100,00 €"))
        found = re.findall(r"(\d+),\d\d", html)
        higher += sorted(set(found), key=int)[-1] == "100"
    assert 145 < higher < 190


@pytest.mark.parametrize(("lang", "expected"), [("tw", "7折"), ("zh", "7折"), ("en", None)])
def test_what_is_left_of_a_price_in_tenths(lang: str, expected: str | None) -> None:
    assert prices._tenths(lang, 30)[:1] == ((expected,) if expected else ())


def test_a_wrapper_alone_tells_the_old_price_from_the_current_one() -> None:
    told = 0
    for seed in range(60):
        page = page_of(seed)
        markup, _ = prices.amount_of(page)
        old, current = wrapped.prices(page, markup, page.product.cents + 1000)
        assert markup in current
        assert plain(markup) != plain(old)
        outer = [re.findall(r'class="([^"]*)"', html)[:1] for html in (old, current)]
        told += wrapped.tells(page) and outer[0] != outer[1]
    assert told > 15
