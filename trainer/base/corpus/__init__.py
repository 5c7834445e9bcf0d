"""The pre-training corpus of the embedded base: endless pages with what they say, made from a seed.

`samples(seed)` is deterministic and needs only the standard library. See `__main__.py` to look at some.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from trainer.base.corpus import products


@dataclass(frozen=True, slots=True)
class Sample:
    """A page, the schema asked of it and the record that answers (in schema order, absent -> None)."""

    text: str
    schema: dict[str, Any]
    record: dict[str, Any]
    domain: str


def samples(seed: int) -> Iterator[Sample]:
    """Endless samples; the same seed gives the same ones."""
    r = Random(seed)
    while True:
        text, schema, record = products.sample(r)
        yield Sample(text.strip(), schema, record, "product")
