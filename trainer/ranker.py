"""Fit the ranker that prunes pages (extraction/ranker.py) to pages whose records are known.

Nobody labels blocks: a block that states a field's value is a candidate, and what is descended is the negative
logarithm of the probability that all candidates of a value have together. So the ranker itself settles which of them
are the ones to read.
"""

import dataclasses
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from tqdm import tqdm

from extraction.blocks import Block, blocks
from extraction.json import Json
from extraction.ranker import SIZES, Features, Field, Floats, Ranker, features, fields, grams, in_common
from extraction.stated import candidates, leaves, texts_of

LEARNING_RATE = 3e-3
DROPOUT = 0.4  # share of a block's words that a step does not see
MEMBERS = 4
TOGETHER = 8  # pages in a step


@dataclass
class Page:
    """A page to learn from: for each field that it states, the candidates of each value.

    `common`: `in_common` of each target's field. Every step needs it, and the process that makes the page computes it.
    """

    features: Features
    targets: list[tuple[Field, list[list[int]]]]
    common: list[Floats] = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        self.common = [in_common(self.features, field) for field, _ in self.targets]


def page_of(cleaned: str, schema: Json, record: Json, fewest: int = 12) -> Page | None:
    """What a cleaned page teaches; None where it has fewer than `fewest` blocks or states nothing."""
    found = blocks(cleaned)
    if len(found) < fewest:
        return None
    targets = targets_of(found, schema, record)
    return Page(features(found), targets) if targets else None


def targets_of(found: list[Block], schema: Json, record: Json) -> list[tuple[Field, list[list[int]]]]:
    """For each field that the blocks state, the candidates of each of its values."""
    texts = texts_of(found)
    values: dict[tuple[str, ...], list[list[int]]] = {}
    for names, value in leaves(record):
        if stated := candidates(found, texts, value):
            values.setdefault(names, []).append(stated)
    return [(field, values[field.names]) for field in fields(schema) if field.names in values]


def initial(seed: int) -> dict[str, Any]:
    """Random parameters."""
    draw = np.random.default_rng(seed)
    scale = {"words": 0.05, "grams": 0.1}
    return {
        name: (draw.standard_normal(shape) * scale.get(name, shape[0] ** -0.5)).astype(np.float32)
        if not name.endswith("bias")
        else np.zeros(shape, np.float32)
        for name, shape in SIZES.items()
    }


def fit(
    pages: Sequence[Page], steps: int, start: Ranker | None = None, seed: int = 0, rate: float = LEARNING_RATE
) -> Ranker:
    """`MEMBERS` networks, or those of `start`, each after `steps` steps of `TOGETHER` pages in an order of its own."""
    given = start.members if start else [initial(seed + number) for number in range(MEMBERS)]
    members = []
    for number, member in enumerate(tqdm(given, "ranker", unit="member", disable=None)):
        members.append(fit_member(in_turns(pages, seed + number), member, steps, seed + number, rate))
    return Ranker(members)


def fit_member(pages: Iterator[Page], given: dict[str, Any], steps: int, seed: int, rate: float) -> dict[str, Any]:
    """The parameters after `steps` steps; `pages` are endless."""
    import torch

    torch.manual_seed(seed)
    parameters = {name: torch.nn.Parameter(torch.from_numpy(value.copy())) for name, value in given.items()}
    optimizer = torch.optim.AdamW(parameters.values(), rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps, pct_start=0.1)
    for _ in range(steps):
        loss = sum(page_loss(parameters, next(pages)) for _ in range(TOGETHER)) / TOGETHER
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters.values(), 1.0)
        optimizer.step()
        schedule.step()
    return {name: value.detach().numpy() for name, value in parameters.items()}


def page_loss(p: dict[str, Any], page: Page, dropout: float = DROPOUT) -> Any:
    """The mean over a page's fields of what is descended."""
    import torch
    from torch.nn import functional as F  # noqa: N812

    keep = torch.rand(len(page.features.ids)) >= dropout if dropout else None
    weights = None if keep is None else keep / (1 - dropout)
    sums = F.embedding_bag(
        torch.from_numpy(page.features.ids), p["words"], torch.from_numpy(page.features.starts),
        mode="sum", per_sample_weights=weights,
    )  # fmt: skip
    alone = sums + torch.from_numpy(page.features.dense) @ p["dense"]
    activations = torch.tanh(alone)
    before, after = activations[:-1] @ p["before"], activations[1:] @ p["after"]
    context = alone + F.pad(before, (0, 0, 1, 0)) + F.pad(after, (0, 0, 0, 1))
    losses = []
    for (field, values), common in zip(page.targets, page.common, strict=True):
        vector = p["grams"][list(grams(field))].mean(dim=0)
        shared = torch.from_numpy(common) @ p["common"]
        first = torch.relu(context * (1 + vector @ p["match"]) + vector + shared)
        scores = (torch.relu(first @ p["hidden"] + p["hidden_bias"]) @ p["score"])[:, 0]
        logs = torch.log_softmax(scores, dim=0)
        losses += [-torch.logsumexp(logs[stated], dim=0) / len(values) for stated in values]
    return sum(losses) / len(page.targets)


def in_turns(pages: Sequence[Page], seed: int) -> Iterator[Page]:
    """The pages again and again, each time in another order."""
    r = random.Random(seed)
    while True:
        yield from r.sample(pages, len(pages))
