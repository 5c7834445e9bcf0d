"""Fit the ranker that comes with the project (extraction/ranker.py) to generated whole pages, on CPU cores.

Writes the ranker and, beside it, its record: what it was made from, and the share of values that pruning keeps on pages
that it was not fitted to (of other seeds, and of layouts and domains that no page had).

    python -m pretraining.ranker --seed 5 --out five.safetensors
    python -m pretraining.ranker --join two.safetensors five.safetensors    # one ranker of the networks of several
"""

import argparse
import json
import time
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from extraction.blocks import blocks
from extraction.clean import clean
from extraction.json import Json
from extraction.prune import Pruner
from extraction.ranker import Ranker, features
from pipeline.errors import run
from pipeline.files import atomic_write, read_json, write_text
from pipeline.provenance import commit
from pretraining.corpus.pages import pages
from pretraining.pruned import TOKENS
from trainer.ranker import DROPOUT, LEARNING_RATE, TOGETHER, Page, fit, page_of
from trainer.ranking import kept

CHARACTERS = (5_000, 250_000)  # of a page
RECORDS = 0.35  # share of pages of other domains than products
JUDGED = 200  # pages of each kind to judge by


def main(out: Path, n_pages: int, steps: int, seed: int, workers: int) -> None:
    started = time.monotonic()
    with get_context("spawn").Pool(workers) as pool:
        parts = pool.map(partial(made_by, n_pages=n_pages // workers), range(seed * 1_000, seed * 1_000 + workers))
    learnt = [page for part in parts for page in part]
    print(f"{len(learnt)} pages after {time.monotonic() - started:.0f} s", flush=True)
    ranker = fit(learnt, steps, seed=seed)
    facts: Json = {"git": commit(), "pages": len(learnt), "steps": steps, "pages_a_step": TOGETHER, "seed": seed}
    facts |= {"rate": LEARNING_RATE, "dropout": DROPOUT, "seconds": round(time.monotonic() - started)}
    write(ranker, facts, out, seed)


def join(parts: list[Path], out: Path) -> None:
    """Write one ranker of the networks of several, with their records."""
    records = [read_json(path.with_suffix(".json"), "it is written beside a ranker") for path in parts]
    write(Ranker([member for path in parts for member in Ranker.load(path).members]), {"joined": records}, out, 0)


def write(ranker: Ranker, facts: Json, out: Path, seed: int) -> None:
    """Write a ranker and its record: the facts, and what it keeps of pages that no fit with this seed has had."""
    with atomic_write(out) as temporary:
        ranker.save(temporary)
    for kind, unseen in (("product", False), ("record", False), ("product", True), ("record", True)):
        name = f"{kind}, {'unseen' if unseen else 'seen'} layouts"
        samples = islice(pages(seed * 1_000 + 999, kind, CHARACTERS, unseen), JUDGED)
        facts[name] = judged(Pruner(ranker, TOKENS), samples)
        print(f"{name}: {facts[name]}", flush=True)
    write_text(out.with_suffix(".json"), json.dumps(facts, indent=1))


def made_by(number: int, n_pages: int) -> list[Page]:
    """Pages to learn from, by a process."""
    n_records = int(n_pages * RECORDS)
    return [*islice(_learnt(number, "record"), n_records), *islice(_learnt(number, "product"), n_pages - n_records)]


def _learnt(number: int, kind: str) -> Iterator[Page]:
    for sample in pages(number, kind, CHARACTERS):
        if page := page_of(clean(sample.text), sample.schema, sample.record):
            yield page


def judged(pruner: Pruner, samples: Iterable[Any]) -> Json:
    """What pruning keeps of samples' pages (trainer.ranking.kept)."""
    cut = ((blocks(clean(sample.text)), sample) for sample in samples)
    return kept(pruner, ((found, features(found), sample.schema, sample.record) for found, sample in cut))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("models/ranker.safetensors"))
    parser.add_argument("--pages", dest="n_pages", type=int, default=8_000)
    parser.add_argument("--steps", type=int, default=8_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--join", type=Path, nargs="+", metavar="RANKER", help="instead of a fit")
    options = vars(parser.parse_args())
    parts = options.pop("join")
    run(partial(join, parts, options["out"]) if parts else partial(main, **options))
