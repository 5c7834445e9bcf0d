import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.config import Config
from pipeline.reading import read_as, unpruned

SCHEMA = {"type": "object", "properties": {"asking_price": {"type": "string"}, "draft": {"type": "string"}}}
LISTED = {"labels": {"asking_price": ["VB:"]}}


@pytest.fixture(autouse=True)
def _a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "artifacts" / "r" / "data").mkdir(parents=True)
    (tmp_path / "artifacts" / "r" / "data" / "schema.json").write_text(json.dumps(SCHEMA))
    monkeypatch.chdir(tmp_path)


def config(**data: Any) -> Config:
    return Config.model_validate({"run": "r", "data": data})


def test_listed_labels_belong_to_how_a_page_is_read() -> None:
    listed = config(**LISTED, markup=False)
    assert unpruned(listed, SCHEMA).labels == (("VB", "Asking price"),)
    assert read_as(listed) == {"clean": True, "markup": False, "labels": read_as(listed)["labels"]}
    other = config(labels={"asking_price": ["VHB"]}, markup=False)
    assert read_as(other)["labels"] != read_as(listed)["labels"]


def test_without_labels_nothing_is_done_again() -> None:
    assert read_as(config()) == {"clean": True, "markup": True}  # as before there were labels


def test_the_glossary_adds_what_pages_call_the_schemas_fields() -> None:
    both = config(**LISTED, glossary=True)
    found = unpruned(both, SCHEMA).labels
    assert found[0] == ("VB", "Asking price")
    assert ("Tiefgang", "Draft") in found
    assert read_as(both)["labels"] != read_as(config(**LISTED))["labels"]
