"""Attacks in the pre-training corpus: seeded, a small share, and never a change of what the page states."""

from itertools import islice
from random import Random
from typing import Any

import pytest

from extraction.clean import clean
from extraction.ground import grounded
from pretraining.corpus import Sample, attacks, samples
from pretraining.corpus.words import ATTACKS

N = 2500


@pytest.fixture(scope="module")
def pairs() -> list[tuple[Sample, Sample]]:
    """(peaceful sample, the same as the corpus has it)."""
    from pretraining.corpus import _peaceful

    return list(zip(islice(_peaceful(11), N), islice(samples(11), N), strict=True))


def test_a_small_share_is_attacked_and_all_else_is_left_alone(pairs: list[tuple[Sample, Sample]]) -> None:
    attacked = [after for before, after in pairs if after != before]
    assert 0.03 * N < len(attacked) < 0.06 * N
    assert all(sample.domain.endswith(", attacked") for sample in attacked)


def test_an_attack_adds_to_the_page_and_leaves_the_record(pairs: list[tuple[Sample, Sample]]) -> None:
    renamed = 0
    for before, after in pairs:
        assert before.schema == after.schema
        if before.record == after.record:
            same = zip(before.text, after.text, strict=False)
            head = next((place for place, (one, other) in enumerate(same) if one != other), len(before.text))
            assert after.text.endswith(before.text[head:].lstrip()), after
        else:
            renamed += 1
            changed = [value for name, value in after.record.items() if value != before.record[name]]
            assert changed
            assert all(grounded(value, after.text) for value in changed), after
    assert 0 < renamed < 20


def test_a_token_in_a_value_of_plain_text_is_left_by_cleaning() -> None:
    sample = Sample("Name: Oak table\nPrice: 3", {"type": "object", "properties": {}}, {"name": "Oak table"}, "goods")
    for seed in range(40):
        changed = attacks.Attacker(Random(seed))._tokens_in_a_value(sample)
        assert changed.record["name"] in clean(changed.text)


def test_the_false_values_are_false(pairs: list[tuple[Sample, Sample]]) -> None:
    attacker = attacks.Attacker(Random(1))
    for before, _ in pairs[:500]:
        attacker.remember(before)
        for field, value in before.record.items():
            assert attacker._false(field, before.record) != value


@pytest.mark.parametrize("wording", ["claim", "void"])
def test_every_wording_names_the_field(wording: str) -> None:
    for texts in ATTACKS.values():
        assert all("{field}" in text and "{" not in text.format(field="", value="") for text in texts.get(wording, ()))
    assert len(ATTACKS) >= 30


def test_the_same_seed_gives_the_same_attacks() -> None:
    def made() -> list[Any]:
        return list(islice(attacks.plant(iter(peaceful), 3), len(peaceful)))

    peaceful = list(islice(samples(3), 300))
    assert made() == made()
