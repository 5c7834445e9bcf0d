"""What further questions bring (serve.ask_again): the first answers to whole pages and the elected ones, paired.

Asks a served model of a run: generated pages of products and of other domains, in layouts that neither the base nor
the ranker has seen, and with --gold labelled pages (benchmarks/real.py says of which form). Prints micro-F1 of the
first answers and of the elected ones, the change with a 95 % interval (drawing pages, of labelled ones shops), how many
pages were asked again, and seconds a page. Reads the run; writes nothing.

    make serve RUN=zero-shot SET='training.num_train_epochs=0'
    python -m benchmarks.again --run zero-shot [--n 80] [--least 1] [--gold GOLD.jsonl.gz]
"""

import argparse
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from benchmarks import real, schemas
from eval.statistics import Array, Clusters, bootstrap, micro_f1
from extraction.json import Json
from extraction.values import annotated
from pipeline import config as configuration
from pipeline.errors import run as run_command
from pretraining.corpus.pages import pages
from serve.client import Extractor
from serve.result import Extraction
from serve.server import ensure


class Page(NamedTuple):
    """A page to ask for, what its answers are judged by, and the group that it is drawn with."""

    text: str
    schema: Json
    row: Json
    group: str


def main(run: str, variant: str, least: float, n: int, gold: Path | None) -> None:
    config = configuration.load(Path("artifacts") / run / "config.yaml")
    asking = config.model_copy(update={"serve": config.serve.model_copy(update={"ask_again": least})})
    extractor = Extractor(asking, variant, ensure())
    ours = extractor.schema
    for kind in ("product", "record"):
        show(f"generated, {kind}", extractor, list(generated(kind, n)), {})
    if gold:
        rows = real.read_gold(gold)
        rules = annotated(ours, [row["output"] for row in rows])
        show(gold.name, extractor, [Page(row["input"], ours, row, real.shop(row)) for row in rows], rules)


def generated(kind: str, n: int) -> Iterator[Page]:
    """Whole pages in layouts that nobody was trained on."""
    for number, sample in enumerate(islice(pages(schemas.SEED, kind, schemas.CHARACTERS, heldout=True), n)):
        yield Page(sample.text, sample.schema, {"output": sample.record}, str(number))


def show(name: str, extractor: Extractor, asked: Sequence[Page], rules: Json) -> None:
    """Ask for the pages and print the figures."""
    extractor.schema = asked[0].schema
    extractor.ask(asked[0].text)
    answers = []
    for page in tqdm(asked, name, unit="page"):
        extractor.schema = page.schema
        answers.append(extractor.ask(page.text))
    once = counts(asked, [found.first.record for found in answers], rules)
    twice = counts(asked, [found.answer.record for found in answers], rules)
    groups = Clusters.of([page.group for page in asked])
    before, after = (float(micro_f1(table.sum(axis=0, keepdims=True))[0]) for table in (once, twice))
    low, high = bootstrap(groups.sums(np.concatenate([once, twice], axis=1)), gained) or (0.0, 0.0)
    again = [found for found in answers if found.retried]
    print(
        f"{name}: {len(asked)} pages; micro-F1 {before:.3f} → {after:.3f} ({after - before:+.3f}, {low:+.3f} to"
        f" {high:+.3f}); {len(again)} asked again; seconds a page: {spent(answers)}, of these {spent(again)}"
    )


def counts(asked: Sequence[Page], records: Sequence[Json | None], rules: Json) -> Array:
    """(pages, 3): true positives, false positives and false negatives of each page."""
    rows = []
    for page, record in zip(asked, records, strict=True):
        if rules:
            found = [real.count(page.row, record, field, rules)[:3] for field in real.scored(page.row)]
            rows.append(np.sum(found, axis=0))
        else:
            right, given, missed = schemas.judge(page.row["output"], record or {}, page.schema)
            rows.append(np.array([right, given, missed]))
    return np.array(rows, dtype=float)


def gained(sums: Array) -> Array:
    """Micro-F1 after less before, of sums (draws, 6)."""
    return micro_f1(sums[:, 3:]) - micro_f1(sums[:, :3])


def spent(answers: Sequence[Extraction]) -> str:
    """Median and 95th percentile of the seconds of some pages."""
    seconds = [found.seconds for found in answers] or [0.0]
    return f"{median(seconds):.2f} (median), {np.percentile(seconds, 95):.2f} (p95)"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", default="zero-shot")
    parser.add_argument("--variant", default="q4_k_m")
    parser.add_argument("--least", type=float, default=1.0, help="serve.ask_again")
    parser.add_argument("--n", type=int, default=80, help="generated pages of each kind")
    parser.add_argument("--gold", type=Path, default=None)
    run_command(partial(main, **vars(parser.parse_args())))
