"""Which blocks of a page hold the values of which field: a small network over features that know no field by name.

A block's features (tags, words, shape of its text, place on the page) and those of the blocks beside it, and the words
of a field's name, are each summed into one vector; what both have in common is added, and two layers make a score of
it. Over a page's blocks the scores of a field are a distribution: the probability that a block is the one to read.

It runs on numpy alone. `pretraining/ranker.py` and `trainer/ranker.py` fit it.
"""

import math
import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from extraction.blocks import Block
from extraction.json import Json
from extraction.names import name_words

Floats = NDArray[np.float32]
BUCKETS = 8192  # of hashed words of blocks
GRAMS = 2048  # of hashed words and character triples of fields' names
WORD = re.compile(r"\w+")
CODES = "EUR|USD|GBP|CHF|PLN|SEK|NOK|DKK|CZK|HUF|RON|BGN|TRY|RUB|JPY|CNY|INR|BRL|AUD|CAD|kr|zł|Kč|Ft|lei|руб|грн|TL|din"
CURRENCY = re.compile(rf"[$€£¥₹₽₩₪₫฿₺₴₦₱元円]|\b(?:{CODES})\b", re.IGNORECASE)
NUMBER = re.compile(r"\d+(?:[.,'’\s]\d+)*")
AMOUNT = re.compile(r"\d[.,]\d{2}(?!\d)|\d[.,][-–—]")
LANDMARKS = (
    "nav",
    "footer",
    "header",
    "aside",
    "main",
    "article",
    "form",
    "table",
    "ul",
    "select",
    "a",
    "button",
    "label",
)
HEADINGS = 20  # of a level that are looked at
WORDS = 16  # of a block's text that are looked at


@dataclass(frozen=True, slots=True)
class Features:
    """Of a page of n blocks. `dense`: (n, DENSE). `ids`, `starts`: hashed words, block i's from starts[i] on.
    `words`: of each block's text and names, for what a field's name has in common with them. `spelling`: the texts'."""

    dense: Floats
    ids: NDArray[np.int64]
    starts: NDArray[np.int64]
    words: tuple[tuple[frozenset[str], frozenset[str]], ...]
    spelling: "Spelling"


@dataclass(frozen=True, slots=True)
class Field:
    """A leaf of a schema: the names on the way to it, its JSON type, whether it is in a list."""

    names: tuple[str, ...]
    kind: str
    many: bool


@lru_cache(maxsize=1 << 16)
def hashed(word: str, buckets: int) -> int:
    """A stable number of a word."""
    return zlib.crc32(word.encode("utf-8", "replace")) % buckets


def fields(schema: Json) -> list[Field]:
    """The leaves of a schema, in its order."""
    return list(_leaves(schema, (), False))


def _leaves(schema: Json, names: tuple[str, ...], many: bool) -> Any:
    declared = schema.get("type", "string")
    kinds = [declared] if isinstance(declared, str) else [kind for kind in declared if kind != "null"]
    kind = kinds[0] if kinds else "string"
    if kind == "object":
        for name, child in schema.get("properties", {}).items():
            yield from _leaves(child, (*names, name), many)
    elif kind == "array":
        yield from _leaves(schema.get("items", {}), names, True)
    else:
        yield Field(names, kind, many)


@lru_cache(maxsize=1 << 16)
def triples(word: str) -> tuple[str, ...]:
    """The runs of three characters of a word between marks of its ends."""
    padded = f"^{word}$"
    return tuple(padded[i : i + 3] for i in range(len(padded) - 2))


@lru_cache(maxsize=4096)
def grams(field: Field) -> tuple[int, ...]:
    """Hashed words and character triples of a field's name, the last one's apart from its parents', and its type."""
    found = [f"k:{field.kind}", f"m:{field.many}"]
    for depth, name in enumerate(reversed(field.names)):
        for word in name_words(name):
            found.append(f"{min(depth, 1)}:{word}")
            found += [f"{min(depth, 1)}g:{triple}" for triple in triples(word)]
    return tuple(hashed(gram, GRAMS) for gram in found)


def features(blocks: Sequence[Block]) -> Features:
    """What the ranker sees of a page's blocks."""
    texts = [[word.casefold() for word in WORD.findall(unicodedata.normalize("NFKC", block.text))] for block in blocks]
    heading = main_heading(blocks, texts)
    title = frozenset(texts[heading]) if heading is not None else frozenset()
    seen: Counter[str] = Counter()
    total = Counter(" ".join(words) for words in texts)
    names = [name_words(block.names) for block in blocks]
    around = [tuple(word for _, name in block.path[-3:] for word in name_words(name)) for block in blocks]
    dense: list[list[float]] = []
    ids: list[int] = []
    starts: list[int] = []
    for i, block in enumerate(blocks):
        key = " ".join(texts[i])
        place = [i / len(blocks), _distance(i, heading), seen[key], total[key], _likeness(texts[i], title)]
        dense.append(_dense(block, texts[i], place))
        starts.append(len(ids))
        ids += [hashed(token, BUCKETS) for token in _tokens(block, texts[i], names[i], around[i])]
        seen[key] += 1
    spoken = [frozenset(words[:40]) for words in texts]
    return Features(
        np.array(dense, np.float32).reshape(len(blocks), DENSE),
        np.array(ids, np.int64),
        np.array(starts, np.int64),
        tuple((spoken[i], frozenset((*names[i], *around[i]))) for i in range(len(blocks))),
        Spelling(spoken),
    )


def main_heading(blocks: Sequence[Block], texts: Sequence[Sequence[str]]) -> int | None:
    """The heading that says what the page is about: of the highest level there, the one that is repeated most."""
    for level in ("h1", "h2", "h3"):
        places = [i for i, block in enumerate(blocks) if level in block.tags or _within(block, level)]
        places = ([i for i in places if 1 < len(texts[i]) <= 40] or places)[:HEADINGS]
        if places:
            sets = [set(words) for words in texts]
            return max(places, key=lambda i: (_repeats(sets, i), len(sets[i]), -i))
    return None


def _repeats(sets: Sequence[set[str]], i: int) -> int:
    """Blocks with most of the words of block i."""
    return sum(2 * len(sets[i] & other) > len(sets[i]) for other in sets) if sets[i] else 0


def _within(block: Block, tag: str) -> bool:
    return any(name == tag for name, _ in block.path)


def _distance(i: int, heading: int | None) -> float:
    """Blocks after (or before, negative) the first heading, on a logarithmic scale."""
    if heading is None:
        return 0.0
    away = i - heading
    return math.copysign(math.log1p(abs(away)), away) / 4


def _likeness(words: list[str], title: frozenset[str]) -> float:
    return len(title.intersection(words)) / len(title | set(words)) if title else 0.0


def _dense(block: Block, words: list[str], place: list[float]) -> list[float]:
    text = block.text
    n = max(1, len(text))
    order, distance, seen, total, likeness = place
    digits = sum(map(str.isdigit, text)) / n
    around = {tag for tag, _ in block.path}
    return [
        1.0,
        math.log1p(len(text)) / 5,
        math.log1p(len(words)) / 3,
        digits,
        sum(map(str.isupper, text)) / n,
        (len(text) - sum(map(str.isalnum, text)) - text.count(" ")) / n,
        float(bool(CURRENCY.search(text))),
        float(bool(AMOUNT.search(text))),
        len(NUMBER.findall(text)) / 5,
        float("%" in text),
        float(text.endswith(":")),
        float(":" in text),
        float(len(text) > LONG),
        order,
        order * order,
        distance,
        abs(distance),
        float(distance == 0),
        float(0 < distance < 0.6),
        math.log1p(seen),
        math.log1p(total - 1),
        likeness,
        float(likeness == 1),
        math.log1p(block.siblings) / 3,
        float(block.siblings > 2),
        block.linked,
        len(block.path) / 15,
        *[float(mark in around) for mark in LANDMARKS],
    ]


LONG = 120
DENSE = 27 + len(LANDMARKS)
SHAPES = (
    (re.compile(r"\d"), "0"),
    (re.compile(r"[^\W\d_]+"), "a"),
    (re.compile(r"0+"), "0"),
    (re.compile(r"\s+"), " "),
)


def _tokens(block: Block, words: list[str], names: tuple[str, ...], around: tuple[str, ...]) -> list[str]:
    """What a block is called, made of and says, as words to hash."""
    tags = [f"t:{tag}" for tag in dict.fromkeys(block.tags[:8])]
    tags += [f"p{i}:{tag}" for i, (tag, _) in enumerate(reversed(block.path[-3:]))]
    far = {word for _, name in block.path[:-3] for word in name_words(name)}
    shape = block.text[:40]
    for pattern, mark in SHAPES:
        shape = pattern.sub(mark, shape)
    return [
        f"s:{shape[:16]}",
        *tags,
        *(f"c:{word}" for word in dict.fromkeys(names[:12])),
        *(f"a:{word}" for word in dict.fromkeys(around[:16])),
        *(f"f:{word}" for word in sorted(far)[:40]),
        *(f"w:{word}" for word in dict.fromkeys(words[:WORDS])),
        *(f"1:{word}" for word in words[:1]),
    ]


def in_common(page: Features, field: Field) -> Floats:
    """(n, COMMON): share of the words of a field's name in each block's text, its names, and the text before and after
    it; and how like the words of the three texts are to those of the name."""
    words = name_words(field.names[-1])
    in_text = _share(words, [text for text, _ in page.words])
    called = _share(words, [names for _, names in page.words])
    alike = _alike(words, page)
    before, after = _shifted(in_text, 1), _shifted(in_text, -1)
    return np.stack([in_text, called, before, after, alike, _shifted(alike, 1), _shifted(alike, -1)], axis=1)


def _share(words: Sequence[str], found: Sequence[frozenset[str]]) -> Floats:
    """Of each set, the share of the words in it."""
    wanted = set(words)
    return np.array([len(wanted & others) / len(wanted) if wanted else 0.0 for others in found], np.float32)


def _alike(words: Sequence[str], page: Features) -> Floats:
    """(n,) of each block, how like its text's words are to the given ones: the mean over these of the likest."""
    total = np.zeros(len(page.words), np.float32)
    for word in set(words):
        found = page.spelling.likeness(word)[page.spelling.ids]
        total += np.maximum.reduceat(found, page.spelling.starts)
    return total / np.float32(max(1, len(set(words))))


class Spelling:
    """The different words of a page's blocks by their character triples, to find those that are like a given one.

    `ids`, `starts`: the words of block i, as numbers, from starts[i] on; a block without words has the number 0.
    """

    def __init__(self, texts: Sequence[frozenset[str]]) -> None:
        numbers: dict[str, int] = {"": 0}
        ids: list[int] = []
        starts: list[int] = []
        for text in texts:
            starts.append(len(ids))
            ids += [numbers.setdefault(word, len(numbers)) for word in text] or [0]
        self.ids, self.starts = np.array(ids, np.int64), np.array(starts, np.int64)
        where: dict[str, list[int]] = {}
        for word, number in numbers.items():
            for triple in set(triples(word)) if word else ():
                where.setdefault(triple, []).append(number)
        self.where = {triple: np.array(found, np.int64) for triple, found in where.items()}
        self.sizes = np.array([max(1, len(set(triples(word)))) for word in numbers], np.float32)

    def likeness(self, word: str) -> Floats:
        """Of each of the words, Dice's coefficient of its triples and the given word's, 0 below `ALIKE`."""
        own = set(triples(word))
        found = [self.where[triple] for triple in own if triple in self.where]
        if not found:
            return np.zeros(len(self.sizes), np.float32)
        shared = np.bincount(np.concatenate(found), minlength=len(self.sizes)).astype(np.float32)
        values: Floats = 2 * shared / (self.sizes + len(own))
        values[values < ALIKE] = 0
        return values


def _shifted(column: Floats, places: int) -> Floats:
    """The column with each block's value at the block after it (1) or before it (-1)."""
    result = np.zeros_like(column)
    if places > 0:
        result[places:] = column[:-places]
    else:
        result[:places] = column[-places:]
    return result


ALIKE = 0.45
COMMON = 7
WIDTH, HIDDEN = 64, 32
SIZES = {  # of the parameters
    "words": (BUCKETS, WIDTH),
    "grams": (GRAMS, WIDTH),
    "dense": (DENSE, WIDTH),
    "before": (WIDTH, WIDTH),
    "after": (WIDTH, WIDTH),
    "common": (COMMON, WIDTH),
    "match": (WIDTH, WIDTH),
    "hidden": (WIDTH, HIDDEN),
    "hidden_bias": (HIDDEN,),
    "score": (HIDDEN, 1),
}


class Ranker:
    """An ensemble of networks that differ in the seed of their fit; its probabilities are the means of theirs.

    `members`: of each, parameters by name, float32, of the shapes in `SIZES`.
    """

    def __init__(self, members: Sequence[dict[str, Floats]]) -> None:
        self.members = [{name: _grown(member.get(name), name) for name in SIZES} for member in members]

    @classmethod
    def load(cls, path: Path) -> "Ranker":
        """Read a safetensors file, in which each parameter of all members is one array."""
        from safetensors.numpy import load_file

        stacked = load_file(path)
        return cls([{name: stacked[name][i] for name in stacked} for i in range(len(stacked["score"]))])

    def save(self, path: Path) -> None:
        """Write a safetensors file, in half precision."""
        from safetensors.numpy import save  # save_file's files only their owner can read

        stacked = {name: np.stack([m[name] for m in self.members]).astype(np.float16) for name in SIZES}
        path.write_bytes(save(stacked))

    def probabilities(self, page: Features, wanted: Sequence[Field]) -> Floats:
        """(blocks, fields): of each field, the probability of each block to be the one that holds its value."""
        common = [in_common(page, field) for field in wanted]
        return np.mean([_softmax(scores(p, page, wanted, common)) for p in self.members], axis=0, dtype=np.float32)


def _grown(value: Floats | None, name: str) -> Floats:
    """A parameter in today's shape: what a ranker of an older version lacks is 0, which changes none of its scores."""
    shape = SIZES[name]
    if value is not None and value.shape == shape:
        return np.asarray(value, np.float32)
    result = np.zeros(shape, np.float32)
    if value is not None:
        result[: len(value)] = value
    return result


def scores(p: dict[str, Floats], page: Features, wanted: Sequence[Field], common: Sequence[Floats]) -> Floats:
    """(blocks, fields), of one member; `common` has `in_common` of each field."""
    alone = np.add.reduceat(p["words"][page.ids], page.starts, axis=0) + page.dense @ p["dense"]
    activations = np.tanh(alone)
    context = alone.copy()
    context[1:] += activations[:-1] @ p["before"]
    context[:-1] += activations[1:] @ p["after"]
    columns = []
    for field, shared in zip(wanted, common, strict=True):
        vector = p["grams"][list(grams(field))].mean(axis=0)
        first = np.maximum(0, context * (1 + vector @ p["match"]) + vector + shared @ p["common"])
        second = np.maximum(0, first @ p["hidden"] + p["hidden_bias"])
        columns.append((second @ p["score"])[:, 0])
    return np.stack(columns, axis=1)


def _softmax(scores: Floats) -> Floats:
    odds = np.exp(scores - scores.max(axis=0, keepdims=True))
    result: Floats = odds / odds.sum(axis=0, keepdims=True)
    return result
