"""What `extract` hands on: the pages that are asked for, and the line of OUT that each becomes."""

from typing import Any, NotRequired, TypedDict

from extraction.json import Json
from serve.result import Place
from serve.sources import Page


class Asked(Page):
    """A page with the digest of the model that is asked, and a hash of what else its answer depends on."""

    model: str
    settings: str


class Named(TypedDict):
    id: str
    url: NotRequired[str]


class Line(Named):
    """The answer to a page, as OUT holds it."""

    input_sha256: str | None  # null where the page could not be read
    record: Json | None
    status: str
    reason: str
    probability: dict[str, float]  # by field
    unsure: list[str]  # fields below serve.min_probability
    evidence: list[Place]
    model: str  # its digest
    settings: str
    prompt_tokens: int
    answer_tokens: int
    seconds: float  # on our clock


def is_line(value: Any) -> bool:
    """Whether a JSON value can be a line of OUT, of this version or an older one."""
    return isinstance(value, dict) and {"id", "status", "record"} <= value.keys()
