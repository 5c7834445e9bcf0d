"""Generated whole pages: the same for a seed, sized as asked, true to their gold, and some of them held out."""

import hashlib
import time
from itertools import islice
from random import Random

import pytest

from extraction.clean import clean
from extraction.ground import grounded
from extraction.schema import check, problems
from pretraining.corpus import Sample, layers, record_pages, samples
from pretraining.corpus.articles import units
from pretraining.corpus.domains import HELD_OUT
from pretraining.corpus.draft import Draft
from pretraining.corpus.frames import Content, assemble
from pretraining.corpus.page import Page
from pretraining.corpus.pages import pages
from pretraining.corpus.product import product
from pretraining.corpus.site import HOLES, Site, fill
from tests.pretraining.processes import printed

HASH_OF_FOUR = (
    "import hashlib, itertools; from pretraining.corpus.pages import pages; "
    "print(hashlib.sha256(repr(list(itertools.islice(pages(5, None, (3000, 20000)), 4))).encode()).hexdigest())"
)


@pytest.fixture(scope="module")
def drawn() -> list[Sample]:
    return [*islice(pages(7, characters=(3_000, 60_000)), 160), *islice(pages(7, "record", (3_000, 40_000), True), 40)]


def test_a_seed_gives_the_same_pages_in_another_process() -> None:
    assert len(printed(HASH_OF_FOUR)) == 1


def test_every_asked_value_is_stated(drawn: list[Sample]) -> None:
    for sample in drawn:
        check(sample.schema)
        assert not problems(sample.record, sample.schema), sample.record
        assert list(sample.record) == sample.schema["required"]
        texts = {name: value for name, value in sample.record.items() if "price" not in name}
        assert grounded(texts, sample.text), sample.record


def test_most_values_are_left_after_cleaning(drawn: list[Sample]) -> None:
    products = [sample for sample in drawn if sample.domain == "product, page"]
    values = [(value, clean(s.text)) for s in products[:60] for value in s.record.values() if isinstance(value, str)]
    assert sum(grounded(value, text) for value, text in values) >= 0.98 * len(values)


def test_no_hole_is_left_open(drawn: list[Sample]) -> None:
    for sample in drawn:
        assert not any(hole in sample.text for hole in HOLES)
    assert fill("<a href='\x02'>\x01</a>", "Lamps", "/lamps") == "<a href='/lamps'>Lamps</a>"


def test_domains_end_in_page_and_mix_products_with_records(drawn: list[Sample]) -> None:
    assert all(sample.domain.endswith(", page") for sample in drawn)
    mixed = [sample.domain == "product, page" for sample in drawn[:160]]
    assert 0.5 < sum(mixed) / len(mixed) < 0.8
    assert all(s.domain == "product, page" for s in islice(pages(3, "product", (3_000, 9_000)), 20))


def test_held_out_domains_are_in_no_other_page(drawn: list[Sample]) -> None:
    held_out = {f"{domain}, page" for domain in HELD_OUT}
    assert {sample.domain for sample in drawn[160:]} == held_out
    assert not held_out & {sample.domain for sample in drawn[:160]}
    assert not set(HELD_OUT) & {sample.domain for sample in islice(samples(2), 1500)}


def test_the_pages_that_other_schemas_are_judged_on_are_as_they_were() -> None:
    # Figures of `benchmarks.schemas` can be compared only as long as its pages stay the same.
    first = list(islice(pages(4_711, "record", (8_000, 150_000), heldout=True), 4))
    assert hashlib.sha256(repr(first).encode()).hexdigest()[:16] == "45e05907bc051e2b"


def test_sizes_are_spread_over_the_range_asked_for() -> None:
    sizes = sorted(len(sample.text) for sample in islice(pages(11), 240))
    assert 30_000 < sizes[120] < 80_000
    assert sizes[24] < 21_000
    assert 120_000 < sizes[-5] < 420_000
    small = sorted(len(sample.text) for sample in islice(pages(11, characters=(3_000, 40_000)), 60))
    assert small[30] < 30_000


def test_it_is_fast_enough_to_train_on() -> None:
    start = time.process_time()
    total = sum(len(sample.text) for sample in islice(pages(3), 60))
    assert (time.process_time() - start) / (total / 60_000) < 0.03  # seconds for 60,000 characters


def test_a_shop_that_makes_its_goods_says_so_in_its_logo() -> None:
    page = Page(Random(3), product(Random(3)))
    page.product.brand = page.product.shop = "Ab Cde"
    site = Site(page)
    for size in (2_000, 20_000):
        assert grounded("Ab Cde", assemble(site, Content([], "<p>1 €</p>"), size, False).split("<footer")[0])


def test_layers_are_elements_of_their_own() -> None:
    for seed in range(30):
        site = Site(Page(Random(seed), product(Random(seed))))
        for layer in (layers.consent(site), layers.popup(site)):
            assert layer.startswith("<")
            assert not any(hole in layer for hole in HOLES)


@pytest.fixture(scope="module")
def articles() -> list[tuple[str, Draft]]:
    found = []
    for seed in range(150):
        r = Random(seed)
        draft = record_pages.draft(r, False, True)
        site = Site(draft.page)
        found.append((assemble(site, record_pages.published(site, draft, 12_000), 12_000, False), draft))
    return found


def test_an_article_states_its_author_among_other_people(articles: list[tuple[str, Draft]]) -> None:
    signed = [(text, draft) for text, draft in articles if "author" in draft.values]
    assert len(signed) > 70
    assert all(grounded(draft.text_of("author"), clean(text)) for text, draft in signed)
    assert sum("Person" in text for text, _ in articles) > 20


def test_units_twice_leave_the_value_readable(articles: list[tuple[str, Draft]]) -> None:
    site = Site(articles[0][1].page)
    written = {units(site, "45 minutes") for _ in range(40)}
    assert all(grounded("45 minutes", html) for html in written)
    assert any("minutes" in html and ("mins" in html or ">m<" in html) for html in written)


def test_some_pages_are_asked_for_the_name_of_their_site() -> None:
    drawn = list(islice(pages(3, "record", (9_000, 20_000)), 250))
    asked = [sample.record["site_name"] for sample in drawn if "site_name" in sample.record]
    assert any(asked)


def test_held_out_pages_are_never_articles() -> None:
    assert not any("og:site_name" in sample.text for sample in islice(pages(4711, "record", (8_000, 60_000), True), 60))
