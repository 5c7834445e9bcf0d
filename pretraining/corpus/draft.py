"""A record on its way to a page: what the page states of it, what it leaves empty, and how it is called there."""

from dataclasses import dataclass, field
from random import Random
from typing import Any

from pretraining.corpus.domains import Slot
from pretraining.corpus.markup import collapse
from pretraining.corpus.odd import odd
from pretraining.corpus.page import Page
from pretraining.corpus.pick import chance, pick

ODD = 0.08
EMPTY = ("", "", "-", "–", "—", "n/a", "N/A", "k. A.", "not specified", "…")


@dataclass(slots=True)
class Draft:
    """`values` holds what the page states, the record's title first; `empty` are slots with a label and no value;
    `sure` are asked for in any case."""

    page: Page
    lang: str
    domain: str
    slots: dict[str, Slot]
    values: dict[str, Any]
    empty: list[str]
    used: dict[str, str] = field(default_factory=dict)
    sure: tuple[str, ...] = ()

    def label(self, slot: str) -> str:
        """The slot's label on this page; two slots share one only if they have no other."""
        if slot not in self.used:
            labels = self.slots[slot].labels
            drawn = self._label(labels)
            if drawn in self.used.values():
                drawn = next((label for label in labels if label not in self.used.values()), drawn)
            self.used[slot] = drawn
        return self.used[slot]

    def _label(self, labels: tuple[str, ...]) -> str:
        """The first one more often; English pages speak English for the most part."""
        if self.lang == "en" and chance(self.page.r, 0.85):
            return pick(self.page.r, labels[: 1 + (len(labels) > 2 and labels[1].isascii())])
        return labels[0] if chance(self.page.r, 0.3) else pick(self.page.r, labels)

    def text_of(self, slot: str) -> str:
        """The value as one text."""
        value = self.values[slot]
        return ", ".join(value) if isinstance(value, list) else str(value)

    def split(self) -> tuple[str, list[str], list[str]]:
        """(title slot, slots that stand beside it without a label, slots with labels)."""
        first, *rest = self.values
        self.page.r.shuffle(rest)
        beside = [name for name in rest if self.slots[name].plain and chance(self.page.r, 0.6)]
        return first, beside, [name for name in rest if name not in beside]

    def pairs(self, names: list[str]) -> list[tuple[str, str]]:
        """Labels and values of the slots, with the empty ones among them."""
        pairs = [(self.label(name), self.text_of(name)) for name in names]
        for name in self.empty:
            pairs.insert(self.page.r.randint(0, len(pairs)), (self.label(name), pick(self.page.r, EMPTY)))
        return pairs


def value(r: Random, slot: Slot, lang: str) -> Any:
    """What a page states for a slot: a text, or a list of them (pages join it by commas, so that none has its own)."""
    if slot.many:
        texts = (_text(r, slot, lang).replace(", ", " ") for _ in range(pick(r, (1, 2, 3, 3, 4, 6))))
        return list(dict.fromkeys(texts))
    return _text(r, slot, lang)


def _text(r: Random, slot: Slot, lang: str) -> str:
    usual = collapse(slot.make(r, lang))
    return odd(r, lang, usual) if slot.free and chance(r, ODD) else usual
