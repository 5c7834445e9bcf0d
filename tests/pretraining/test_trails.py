"""Trails, names and makers of product pages in the forms that only their place tells."""

from random import Random

from pretraining.corpus import attribution, layers, titles, trails
from pretraining.corpus.markup import plain
from pretraining.corpus.page import Page
from pretraining.corpus.product import product, sold
from pretraining.corpus.site import Site


def page_of(seed: int) -> Page:
    r = Random(seed)
    return Page(r, sold(r))


def test_a_trail_shows_the_products_category_however_it_is_written() -> None:
    for seed in range(300):
        page = page_of(seed)
        html = trails.trail(page)
        assert page.shown["category"] == page.product.path[-1]
        assert " ".join(page.shown["category"].split()) in plain(html)


def test_a_name_below_another_heading_is_the_products_own() -> None:
    other = 0
    for seed in range(200):
        page = page_of(seed)
        html = titles._beside_another(page)
        assert page.shown == {"name": page.product.name}
        assert page.product.name in plain(html)
        other += plain(html) != page.product.name
    assert other > 150


def test_some_names_are_long_and_the_rest_are_as_they_were() -> None:
    long = 0
    for seed in range(500):
        usual, name = product(Random(seed)).name, sold(Random(seed)).name
        long += len(name) >= 90 > len(usual)
        assert len(name) < 400
    assert 15 < long < 60


def test_a_seller_is_not_the_maker() -> None:
    for seed in range(50):
        page = page_of(seed)
        html = attribution.seller(page)
        assert page.shown["seller"] in plain(html)
        assert "manufacturer" not in page.shown


def test_a_quick_view_states_nothing_of_the_product() -> None:
    for seed in range(20):
        site = Site(page_of(seed))
        assert plain(layers.quick_view(site))
        assert not site.page.shown
