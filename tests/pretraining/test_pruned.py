from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import pytest

from extraction.blocks import blocks
from extraction.ground import grounded, leaves
from extraction.prune import CERTAINTY, FEWER, MOST, Pruner
from extraction.ranker import Ranker, features
from pipeline.config import Data
from pretraining.corpus import Sample
from pretraining.corpus.pages import pages
from pretraining.pruned import _answered, pruned, read
from pretraining.ranker import judged

OURS = Path(__file__).parents[2] / "models" / "ranker.safetensors"
TEXT = {"type": ["string", "null"]}


@pytest.fixture(scope="module")
def ranker() -> Ranker:
    return Ranker.load(OURS)


def test_pruned_pages_answer_what_they_state(ranker: Ranker) -> None:
    drawn = list(islice(pruned(ranker, 5), 60))
    assert [sample.text for sample in drawn] == [sample.text for sample in islice(pruned(ranker, 5), 60)]
    assert all(sample.cut and ", page, pruned" in sample.domain for sample in drawn)
    assert any(value is None for sample in drawn for value in sample.record.values())
    assert sum(len(sample.text) for sample in drawn) / len(drawn) < 2_500
    for sample in drawn:
        assert list(sample.record) == list(sample.schema["properties"])
        for _, leaf in leaves(sample.record):
            assert grounded(leaf, sample.text), (leaf, sample.text)


def test_a_few_pruned_pages_are_attacked_and_answer_as_before(ranker: Ranker, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = list(islice(pruned(ranker, 9), 400))
    monkeypatch.setattr("pretraining.pruned._attacked", lambda sample, *_: sample)
    before = list(islice(pruned(ranker, 9), 400))
    attacked = [(one, other) for one, other in zip(before, drawn, strict=True) if one.text != other.text]
    assert 0.02 * 400 < len(attacked) < 0.07 * 400
    for one, other in attacked:
        assert (one.schema, one.record) == (other.schema, other.record)
        assert other.domain == f"{one.domain}, attacked"
        assert not set(one.text.split("\n")) - set(other.text.split("\n"))
        assert len(other.text) > len(one.text)
    assert any('{"' in other.text for _, other in attacked)


def test_half_is_pruned_as_serving_prunes(ranker: Ranker, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Pruner] = []
    monkeypatch.setattr(Pruner, "chosen", lambda self, *_: drawn.append(self) or [0])
    found = blocks("<p>Oak table</p>")
    r = Random(1)
    for _ in range(600):
        read(found, features(found), {"type": "object", "properties": {}}, ranker, r)
    served = [one.most for one in drawn if (one.budget, one.certainty) == (Data().page_tokens, CERTAINTY)]
    assert 250 < len(served) < 350
    assert set(served) == {MOST, *FEWER}
    assert {one.most for one in drawn} == set(range(1, 9))


@pytest.mark.parametrize(
    ("value", "text", "record"),
    [
        ("Oak table", "<p>Oak table</p>", {"x": "Oak table", "y": None}),
        ("Oak table", "<p>Pine table</p>", {"x": None, "y": None}),
        ("€ 1.299", "<p>1 299 EUR</p>", {"y": None}),  # there, in other writing: neither null nor the value is right
        ({"a": "Oak", "b": "Pine"}, "<p>Oak</p>", {"x": {"a": "Oak", "b": None}, "y": None}),
        (["Oak", "Pine"], "<p>Pine</p>", {"x": ["Pine"], "y": None}),
        (True, "<p>Pine</p>", {"x": True, "y": None}),
    ],
)
def test_what_pruning_lost_is_null(
    value: Any, text: str, record: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pretraining.pruned.UNASKED", 0)
    schema = {"type": "object", "properties": {"x": TEXT, "y": TEXT}, "required": ["x", "y"]}
    answered = _answered(Sample("", schema, {"x": value, "y": None}, "product, page"), text, Random(1))
    assert answered is not None
    assert answered.record == record
    assert answered.schema["required"] == list(record)


def test_some_values_that_pruning_lost_are_not_asked_for() -> None:
    schema = {"type": "object", "properties": {"x": TEXT, "y": TEXT}, "required": ["x", "y"]}
    sample, r = Sample("", schema, {"x": "Oak table", "y": None}, "product, page"), Random(3)
    left = [_answered(sample, "<p>Pine table</p>", r) for _ in range(300)]
    assert 60 < sum("x" not in one.record for one in left if one) < 120
    assert all("y" in one.record for one in left if one)


@pytest.mark.slow
def test_the_projects_ranker_keeps_what_generated_pages_state(ranker: Ranker) -> None:
    for kind, unseen, least in (("product", False, 0.95), ("record", False, 0.9), ("product", True, 0.9)):
        figures = judged(Pruner(ranker, 600), islice(pages(77, kind, (5_000, 150_000), unseen), 60))
        assert figures["kept"] >= least, (kind, unseen, figures)
