"""Whole pages of the corpus as a pruned page reads: through the ranker that serving uses, at all budgets.

A field whose value pruning missed is null, so that the model says so instead of taking another product's. Some of these
are not asked for, nor is one whose number still stands there in other writing, since null would be wrong as well. Some
pages have an attack among their blocks, which changes no answer.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random
from typing import Any

from extraction import prune
from extraction.blocks import Block, blocks
from extraction.clean import clean
from extraction.ground import grounded
from extraction.json import Json
from extraction.prune import Pruner
from extraction.ranker import Features, Field, Floats, Ranker, features, fields
from pipeline.config import Data
from pretraining.corpus.attacks import Attacker
from pretraining.corpus.pages import pages

SHARE = 0.55  # of all samples
CHARACTERS = (2_500, 60_000)  # of a whole page
FEWEST = 6  # blocks of a page
ASKED = 10  # samples of one page, with other fields and budgets
TOKENS = Data().page_tokens  # of a page that is pruned as serving does
SERVED = 0.5  # of them are pruned as serving prunes a page for one of its questions
CERTAINTY, MOST, BUDGET = (0.7, 0.97), (1, 8), (150, 800)  # of the others
UNASKED = 0.3  # of the values that pruning missed are not asked for, so that null stays a rare answer
ATTACKED = 0.04
ATTACKS = {"answer": 0.45, "turn": 0.3, "instruction": 0.25}
DOUBT = (1.0, 3.0)  # temperature of the ranker, which is surer of generated pages than of real ones


def mixed(samples: Iterator[Any], ranker: Ranker, seed: int) -> Iterator[Any]:
    """The samples, and pruned pages among them. Same seed, same samples."""
    r = Random(f"mixed {seed}")
    whole = pruned(ranker, seed)
    while True:
        yield next(whole) if r.random() < SHARE else next(samples)


def pruned(ranker: Ranker, seed: int) -> Iterator[Any]:
    """Endless pruned pages, `ASKED` of each (domain: "…, pruned"). A page without enough blocks is left out."""
    r, attacker = Random(f"pruned {seed}"), Attacker(Random(f"pruned attacks {seed}"))
    for sample in pages(seed, characters=CHARACTERS):
        found = blocks(clean(sample.text))
        if len(found) < FEWEST:
            continue
        seen = features(found)
        for turn in range(ASKED):
            asked = sample if turn == 0 else _fewer(sample, r)
            left = read(found, seen, asked.schema, ranker, r)
            if answered := _answered(asked, "\n".join(left), r):
                yield _attacked(answered, left, attacker) if attacker.r.random() < ATTACKED else answered
        attacker.remember(sample)


def read(found: Sequence[Block], seen: Features, schema: Json, ranker: Ranker, r: Random) -> list[str]:
    """What is left of a page at a doubt drawn at random, and at serving's or a random budget, certainty and number of
    blocks."""
    doubting = Doubting([r.choice(ranker.members)] if r.random() < 0.5 else ranker.members)
    doubting.temperature = r.uniform(*DOUBT)
    if r.random() < SERVED:
        pruner = Pruner(doubting, TOKENS, prune.CERTAINTY, r.choice((prune.MOST, *prune.FEWER)))
    else:
        pruner = Pruner(doubting, r.randint(*BUDGET), r.uniform(*CERTAINTY), r.randint(*MOST))
    return [found[i].html for i in pruner.chosen(found, seen, fields(schema))]


class Doubting(Ranker):
    """A ranker that is less sure."""

    temperature = 1.0

    def probabilities(self, page: Features, wanted: Sequence[Field]) -> Floats:
        flat = super().probabilities(page, wanted) ** (1 / self.temperature)
        result: Floats = flat / flat.sum(axis=0, keepdims=True)
        return result


def _attacked(sample: Any, left: list[str], attacker: Attacker) -> Any:
    """The sample with an attack among the blocks that are left of its page, itself in blocks as a page's."""
    attack = [block.html for block in blocks(clean(attacker.element(sample, ATTACKS)))]
    at = attacker.r.choice((len(left), len(left), 0, attacker.r.randint(0, len(left))))
    text = "\n".join([*left[:at], *attack, *left[at:]])
    return replace(sample, text=text, domain=f"{sample.domain}, attacked")


def _fewer(sample: Any, r: Random) -> Any:
    """The sample asked for some of its fields, in another order."""
    names = r.sample(list(sample.record), r.randint(1, len(sample.record)))
    return _asking(sample, {name: sample.record[name] for name in names})


def _asking(sample: Any, record: Json) -> Any:
    properties = {name: sample.schema["properties"][name] for name in record}
    return replace(sample, schema={**sample.schema, "properties": properties, "required": list(record)}, record=record)


def _answered(sample: Any, text: str, r: Random) -> Any | None:
    """The sample with this text and what it states; None if nothing is left to ask."""
    record = {}
    for name, value in sample.record.items():
        stated = _stated(value, text)
        missed = stated is None and value is not None
        if missed and (_misread(value, text) or r.random() < UNASKED):
            continue
        record[name] = stated
    return replace(_asking(sample, record), text=text, domain=f"{sample.domain}, pruned", cut=True) if record else None


def _stated(value: Any, text: str) -> Any:
    """The value without what the text does not state: leaves, and items of lists that have nothing left."""
    if isinstance(value, dict):
        inner = {name: _stated(child, text) for name, child in value.items()}
        return inner if any(child is not None for child in inner.values()) else None
    if isinstance(value, list):
        return [stated for stated in (_stated(child, text) for child in value) if stated is not None] or None
    if value is None or isinstance(value, bool):
        return value
    return value if grounded(value, text) else None


def _misread(value: Any, text: str) -> bool:
    """Whether a text's one number stands in the page in other writing."""
    digits = "".join(c for c in str(value) if c.isdigit())
    return len(digits) > 1 and digits in "".join(c for c in text if c.isalnum())
