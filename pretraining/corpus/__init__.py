"""The pre-training corpus of the embedded base: endless pages with what they say, made from a seed.

`samples(seed)` is deterministic and needs only the standard library. See `__main__.py` to look at some.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from pretraining.corpus import attacks, products, receipts, records
from pretraining.corpus.pick import weighted

SHARES = {"product": 0.46, "receipt": 0.14, "record": 0.40}


@dataclass(frozen=True, slots=True)
class Sample:
    """A page, the schema asked of it and the record that answers (in schema order, absent -> None).

    `cut` is a part of a page that was cleaned before it was cut, as serving does it.
    """

    text: str
    schema: dict[str, Any]
    record: dict[str, Any]
    domain: str
    cut: bool = False


def samples(seed: int) -> Iterator[Sample]:
    """Endless samples, some of them under attack; the same seed gives the same ones."""
    return attacks.plant(_peaceful(seed), seed)


def _peaceful(seed: int) -> Iterator[Sample]:
    r = Random(seed)
    while True:
        match weighted(r, SHARES):
            case "product":
                yield _trimmed(*products.sample(r), "product")
            case "receipt":
                yield _trimmed(*receipts.sample(r))
            case _:
                yield _trimmed(*records.sample(r))


def _trimmed(text: str, schema: dict[str, Any], record: dict[str, Any], domain: str) -> Sample:
    return Sample(text.strip(), schema, record, domain)
