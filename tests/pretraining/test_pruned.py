from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from extraction.ground import grounded, leaves
from extraction.prune import Pruner
from extraction.ranker import Ranker
from pretraining.corpus import Sample
from pretraining.corpus.pages import pages
from pretraining.pruned import _answered, pruned
from pretraining.ranker import kept

OURS = Path(__file__).parents[2] / "models" / "ranker.safetensors"
TEXT = {"type": ["string", "null"]}


@pytest.fixture(scope="module")
def ranker() -> Ranker:
    return Ranker.load(OURS)


def test_pruned_pages_answer_what_they_state(ranker: Ranker) -> None:
    drawn = list(islice(pruned(ranker, 5), 60))
    assert [sample.text for sample in drawn] == [sample.text for sample in islice(pruned(ranker, 5), 60)]
    assert all(sample.cut and sample.domain.endswith(", page, pruned") for sample in drawn)
    assert any(value is None for sample in drawn for value in sample.record.values())
    assert sum(len(sample.text) for sample in drawn) / len(drawn) < 2_500
    for sample in drawn:
        assert list(sample.record) == list(sample.schema["properties"])
        for _, leaf in leaves(sample.record):
            assert grounded(leaf, sample.text), (leaf, sample.text)


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
def test_what_pruning_lost_is_null(value: Any, text: str, record: dict[str, Any]) -> None:
    schema = {"type": "object", "properties": {"x": TEXT, "y": TEXT}, "required": ["x", "y"]}
    answered = _answered(Sample("", schema, {"x": value, "y": None}, "product, page"), text)
    assert answered is not None
    assert answered.record == record
    assert answered.schema["required"] == list(record)


@pytest.mark.slow
def test_the_projects_ranker_keeps_what_generated_pages_state(ranker: Ranker) -> None:
    for kind, unseen, least in (("product", False, 0.95), ("record", False, 0.9), ("product", True, 0.9)):
        figures = kept(Pruner(ranker, 600), islice(pages(77, kind, (5_000, 150_000), unseen), 60))
        assert figures["kept"] >= least, (kind, unseen, figures)
