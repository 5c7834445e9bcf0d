"""The rows of a run's data, data/{train,validation,test}.jsonl, as pipeline/data.py writes and all stages read them."""

from pathlib import Path
from typing import Literal, NotRequired, TypedDict, cast

from extraction.json import Json
from pipeline.files import read_jsonl

SPLITS = ("train", "validation", "test")


class Example(TypedDict):
    """A row: a page and its record."""

    id: str
    input: str  # the page as given: HTML, or text
    output: Json  # the record, its fields in the schema's order
    slice: Literal["seen", "unseen"]  # unseen: of a group that only the test split holds
    group: NotRequired[str]  # the layout or shop, where the data names one
    columns: NotRequired[dict[str, str]]  # the row's other short columns


def read_split(run: Path, split: str) -> list[Example]:
    """The rows of a run's split; `UserError` before `make data`."""
    return cast(list[Example], read_jsonl(run / "data" / f"{split}.jsonl"))
