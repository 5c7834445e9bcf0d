from pathlib import Path
from typing import Any

import numpy as np
import pytest

from extraction.blocks import blocks
from extraction.prompt import Reader, messages
from extraction.prune import SHORT, Pruner, likeliest
from extraction.ranker import Features, Field, Ranker, Spelling, features, fields, in_common, scores
from extraction.stated import candidates, stating, texts_of

OURS = Path(__file__).parents[2] / "models" / "ranker.safetensors"
TEXT = {"type": ["string", "null"]}
PRODUCT = {"type": "object", "properties": {name: TEXT for name in ("name", "price", "manufacturer")}}


@pytest.fixture(scope="module")
def ranker() -> Ranker:
    return Ranker.load(OURS)


def shop_page(name: str, price: str, maker: str) -> str:
    menu = "".join(f'<li class="menu-item"><a>Department {i}</a></li>' for i in range(120))
    cards = "".join(
        f'<div class="card"><a>Another thing number {i}</a><span class="card-price">{i + 3},95 €</span></div>'
        for i in range(30)
    )
    main = (
        f'<main><div class="product"><h1 class="product-title">{name}</h1><p class="brand">Brand: <b>{maker}</b></p>'
        f'<div class="product-price">{price}</div><button>Add to basket</button></div>'
        f"<div class='description'>{'This is said about it at length. ' * 40}</div></main>"
    )
    return f"<body><nav><ul>{menu}</ul></nav>{main}<section class='related'>{cards}</section><footer>{menu}</footer>"


def test_of_a_long_page_the_product_is_left(ranker: Ranker) -> None:
    text = shop_page("Walnut sideboard Ekvall", "1.299,00 €", "Trellborg")
    assert len(text) > SHORT
    read = Pruner(ranker, 600).prune(text, PRODUCT)
    assert len(read) < 1_900
    for value in ("Walnut sideboard Ekvall", "1.299,00 €", "Trellborg"):
        assert value in read
    assert read.index("Walnut") < read.index("1.299")


def test_a_short_page_is_read_as_it_is(ranker: Ranker) -> None:
    assert Pruner(ranker, 600).prune("<p>short</p>", PRODUCT) == "<p>short</p>"
    (_, user) = messages("<p>short</p>", PRODUCT, Reader(pruner=Pruner(ranker, 600)))
    assert user["content"] == "<p>short</p>"


def test_the_budget_holds_and_one_block_is_always_read(ranker: Ranker) -> None:
    text = shop_page("Walnut sideboard Ekvall", "1.299,00 €", "Trellborg")
    for budget in (64, 100, 300):
        read = Pruner(ranker, budget).prune(text, PRODUCT)
        assert 0 < len(read) <= max(3 * budget, 400)


def test_more_fields_have_a_larger_budget(ranker: Ranker) -> None:
    rows = "".join(f"<tr><th>Property {i}</th><td>{i * 17} millimetres of something</td></tr>" for i in range(300))
    asked = {n: {"type": "object", "properties": {f"property_{i}": TEXT for i in range(n)}} for n in (4, 16)}
    few, many = (len(Pruner(ranker, 100).prune(f"<table>{rows}</table>", schema)) for schema in asked.values())
    assert few <= 280 < many <= 560


def test_no_block_is_read_twice(ranker: Ranker) -> None:
    text = shop_page("Walnut sideboard Ekvall", "1.299,00 €", "Trellborg")
    lines = Pruner(ranker, 600).prune(text + text, PRODUCT).split("\n")
    assert len([line for line in lines if "product-title" in line]) == 1


def test_the_likeliest_places_are_as_few_as_are_certain_enough() -> None:
    probability = np.array([0.05, 0.6, 0.3, 0.05], np.float32)
    assert likeliest(probability, 0.5, 9) == [1]
    assert likeliest(probability, 0.8, 9) == [1, 2]
    assert likeliest(probability, 0.99, 9) == [1, 2, 0, 3]
    assert likeliest(probability, 0.99, 2) == [1, 2]


def test_a_schemas_leaves_are_its_fields() -> None:
    schema: Any = {
        "type": "object",
        "properties": {
            "title": TEXT,
            "offers": {"type": ["array", "null"], "items": {"type": "object", "properties": {"price": TEXT}}},
        },
    }
    assert fields(schema) == [Field(("title",), "string", False), Field(("offers", "price"), "string", True)]


def test_a_whole_text_is_a_better_candidate_than_a_part_of_one() -> None:
    found = blocks(f"<body><p>{'x ' * 70}Lamps here</p><h1>Lamps</h1><p>{'y ' * 70}</p>")
    texts = texts_of(found)
    assert [found[i].text for i in candidates(found, texts, "lamps")] == ["Lamps"]
    assert len(stating(texts, "Lamps")) == 2
    assert not stating(texts, "amps")
    assert not stating(texts, None)


def test_numpy_and_torch_score_alike(ranker: Ranker) -> None:
    torch = pytest.importorskip("torch")
    from trainer.ranker import Page, page_loss

    found = blocks(shop_page("Walnut sideboard Ekvall", "1.299,00 €", "Trellborg"))
    seen = features(found)
    wanted = fields(PRODUCT)
    parameters = {name: torch.from_numpy(value) for name, value in ranker.members[0].items()}
    probabilities = Ranker(ranker.members[:1]).probabilities(seen, wanted)
    for column, field in enumerate(wanted):
        loss = page_loss(parameters, Page(seen, [(field, [[5]])]), dropout=0)
        assert float(loss) == pytest.approx(-np.log(probabilities[5, column]), abs=1e-3)


def test_a_saved_ranker_is_the_same_and_can_be_read_by_others(ranker: Ranker, tmp_path: Path) -> None:
    """A run that one user made is asked by another."""
    (beside := tmp_path / "beside").touch()
    saved = tmp_path / "ranker.safetensors"
    ranker.save(saved)
    assert saved.stat().st_mode == beside.stat().st_mode
    for member, again in zip(ranker.members, Ranker.load(saved).members, strict=True):
        assert all(np.array_equal(member[name], again[name]) for name in member)


@pytest.mark.parametrize(
    ("word", "other", "least", "most"),
    [("date", "date", 1, 1), ("date", "dates", 0.6, 0.9), ("date", "price", 0, 0), ("x", "x", 1, 1)],
)
def test_words_are_alike_that_share_their_letters(word: str, other: str, least: float, most: float) -> None:
    _, found = Spelling([frozenset([other])]).likeness(word)
    assert least <= found <= most


def test_what_a_field_shares_with_a_label_reaches_the_blocks_beside_it() -> None:
    texts = ({"hours"}, {"opened", "in"}, {"1907"})
    empty = np.zeros((3, 0), np.float32), np.zeros(0, np.int64), np.zeros(0, np.int64)
    spoken = [frozenset(words) for words in texts]
    page = Features(*empty, tuple((words, frozenset[str]()) for words in spoken), Spelling(spoken))
    shared = in_common(page, Field(("openedOn",), "string", False))
    exact, alike = shared[:, [2, 0, 3]], shared[:, [5, 4, 6]]  # before, in and after each block
    assert exact.tolist() == [[0, 0, 0.5], [0, 0.5, 0], [0.5, 0, 0]]
    assert (alike >= exact).all()
    assert not in_common(page, Field(("price",), "string", False)).any()


def test_a_ranker_of_an_older_version_scores_as_it_did(ranker: Ranker) -> None:
    older = {name: value for name, value in ranker.members[0].items() if name != "match"}
    older["common"] = older["common"][:3]
    (grown,) = Ranker([older]).members
    page, field = features(blocks(shop_page("Walnut sideboard Ekvall", "9,00 €", "Trellborg"))), fields(PRODUCT)[0]
    shared = in_common(page, field)
    without = shared.copy()
    without[:, 3:] = 0
    assert np.array_equal(scores(grown, page, [field], [shared]), scores(grown, page, [field], [without]))
    assert not grown["match"].any()
