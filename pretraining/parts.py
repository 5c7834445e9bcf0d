"""Parts of long pages, cut as serving cuts a page that is longer than the context, with what each of them states.

A model that only ever saw whole pages finds a product in every part: in a menu, among reviews, in a row of teasers.
"""

from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

from extraction import prompt
from extraction.ground import grounded
from extraction.split import OVERLAP, split

SHARE = 0.06  # of the samples that would fit are cut all the same, into small parts
TOKENS = (300, 2_000)  # of a small part
LARGEST = 3_500
TOKENS_A_BYTE = 0.4
MAIN = 0.6  # of the parts are the one that states the most


def parted(samples: Iterator[Any], seed: int) -> Iterator[Any]:
    """The samples; of a page with more tokens than a part may have, one part, its domain ending in ", part".

    A page whose record is not all to be found in it (a price given as a number of cents, a boolean) stays whole.
    """
    r = Random(seed)
    for sample in samples:
        limit = r.randint(*TOKENS) if r.random() < SHARE else LARGEST
        yield _part(sample, limit, r) if tokens(sample.text) > limit else sample


def tokens(text: str) -> int:
    """About as many as the tokenizer would count."""
    return int(len(text.encode()) * TOKENS_A_BYTE) + 1


def _part(sample: Any, limit: int, r: Random) -> Any:
    page = prompt.page(sample.text)
    parts = split(page, tokens, limit, limit // OVERLAP)
    if len(parts) == 1 or not all(_judgeable(value, page) for value in sample.record.values()):
        return sample
    records = [{name: stated(value, part) for name, value in sample.record.items()} for part in parts]
    most = max(range(len(parts)), key=lambda i: sum(value is not None for value in records[i].values()))
    chosen = most if r.random() < MAIN else r.randrange(len(parts))
    return replace(sample, text=parts[chosen], record=records[chosen], domain=f"{sample.domain}, part", cut=True)


def _judgeable(value: Any, page: str) -> bool:
    """Whether it can be seen which part states a value."""
    plain = isinstance(value, str | int | float) and not isinstance(value, bool)
    return value is None or (plain and grounded(value, page))


def stated(value: Any, part: str) -> Any:
    """The value, or None where the part does not state it."""
    return value if grounded(value, part) else None
