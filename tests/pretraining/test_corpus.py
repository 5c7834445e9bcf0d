"""The pre-training corpus: deterministic, labelled with what the pages say, fast and broad."""

import html
import re
import time
import unicodedata
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest

from extraction.schema import check, problems
from pretraining.corpus import Sample, samples
from tests.pretraining.processes import printed

N = 2000
HASH_OF_TEN = (
    "import hashlib, itertools; from pretraining.corpus import samples; "
    "print(hashlib.sha256(repr(list(itertools.islice(samples(5), 10))).encode()).hexdigest())"
)


@pytest.fixture(scope="module")
def drawn() -> list[Sample]:
    return list(islice(samples(11), N))


def squash(text: str) -> str:
    """Letters and digits only: a price split into elements without its separator still counts as said."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text).casefold())


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from strings(child)


def test_a_seed_gives_the_same_samples_in_another_process() -> None:
    assert len(printed(HASH_OF_TEN)) == 1


def test_seeds_differ() -> None:
    assert next(samples(1)) != next(samples(2))


def test_records_fit_their_schema_and_its_order(drawn: list[Sample]) -> None:
    for sample in drawn:
        check(sample.schema)
        assert not problems(sample.record, sample.schema), sample
        assert list(sample.record) == list(sample.schema["properties"]) == sample.schema["required"], sample


def test_every_value_is_on_its_page(drawn: list[Sample]) -> None:
    for sample in drawn:
        page = html.unescape(sample.text)
        text = (
            squash(re.sub(r"<[^>]+>", " ", page))
            + squash(" ".join(re.findall(r"""=["']?([^"'>]*)""", page)))
            + squash(page)
        )
        for value in strings(sample.record):
            assert value == " ".join(value.split()), value
            assert value, sample
            assert squash(value) in text, (value, sample.text)


def test_shares(drawn: list[Sample]) -> None:
    domains = Counter(sample.domain for sample in drawn)
    assert len(domains) >= 20
    assert 0.40 < domains["product"] / N < 0.52
    assert 0.10 < (domains["receipt"] + domains["invoice"]) / N < 0.17
    values = [value for sample in drawn for value in sample.record.values()]
    assert 0.08 < sum(value is None for value in values) / len(values) < 0.30
    standard = [s for s in drawn if list(s.schema["properties"]) == ["name", "price", "category", "manufacturer"]]
    assert 0.3 < len(standard) / domains["product"] < 0.7


def test_lengths(drawn: list[Sample]) -> None:
    lengths = sorted(len(sample.text) for sample in drawn)
    assert 700 < sum(lengths) / N < 2400
    assert lengths[0] >= 10
    assert lengths[-1] < 120_000


def test_it_is_fast_enough_to_train_on() -> None:
    start = time.process_time()
    assert len(list(islice(samples(3), 200))) == 200
    assert time.process_time() - start < 1.0
