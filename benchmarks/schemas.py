"""Whole pages of schemas that neither the ranker nor the base has seen: generated domains and layouts held out of both.

Asks a served model of a run, page by page, each with its own schema, and prints micro-F1 over all fields with a 95 %
interval by page, the same by how the page tells which value is asked for, the share of values that pruning kept, tokens
and seconds. Reads the run; writes nothing.

    make serve RUN=zero-shot SET='training.num_train_epochs=0' && python -m benchmarks.schemas --run zero-shot
"""

import argparse
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from statistics import median

import numpy as np
from tqdm import tqdm

from benchmarks.labels import ABSENT, TOLD, listed, told
from eval.statistics import Clusters, bootstrap, micro_f1
from extraction.blocks import blocks
from extraction.json import Json
from extraction.prompt import page
from extraction.stated import survivors
from extraction.values import annotated, same
from pipeline import config as configuration
from pipeline.errors import run
from pipeline.reading import unpruned
from pretraining.corpus import Sample
from pretraining.corpus.pages import pages
from serve.client import Extractor
from serve.server import address

CHARACTERS = (8_000, 150_000)  # of a page
SEED = 4_711
SHOWN = 8  # domains that are named
Counts = tuple[int, int, int]  # right, wrongly given, missed


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--labels", action="store_true", help="list the pages' labels, as data.labels does")
    parser.add_argument("--no-glossary", action="store_true", help="read pages without data.glossary")
    options = parser.parse_args()
    samples = islice(pages(SEED, "record", CHARACTERS, heldout=True), options.n)
    extractor = asker(options)
    if options.no_glossary:
        extractor.config = extractor.config.model_copy(
            update={"data": extractor.config.data.model_copy(update={"glossary": False})}
        )
    report(f"{options.variant} of {options.run}", extractor, samples, options.n, options.labels)


def arguments(description: str | None) -> argparse.ArgumentParser:
    """The options that say which served model is asked for how many pages."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, default=Path("configs/embedded.yaml"))
    parser.add_argument("--run", default="zero-shot")
    parser.add_argument("--variant", default="q4_k_m")
    parser.add_argument("--n", type=int, default=200, help="pages")
    return parser


def asker(options: argparse.Namespace) -> Extractor:
    """What asks the model that `arguments` name."""
    return Extractor(configuration.load(options.config, run=options.run), options.variant, address())


def report(title: str, extractor: Extractor, samples: Iterable[Sample], n: int, tell: bool = False) -> None:
    """Ask each of up to `n` pages for its schema, and print how well it was read and what that took; `tell`: the
    reader knows the labels of the page's domain."""
    counts, tokens, seconds, domains = [], [], [], set()
    by_label: dict[str | None, list[tuple[int, Counts]]] = defaultdict(list)
    kept: list[bool] = []
    for number, sample in enumerate(tqdm(samples, "schemas", n, unit="page")):
        extractor.schema = sample.schema
        known = unpruned(extractor.config, sample.schema).labels
        extractor.reader = replace(extractor.reader, labels=(*(listed(sample) if tell else ()), *known))
        started = time.monotonic()
        found = extractor.ask(sample.text)
        seconds.append(time.monotonic() - started)
        tokens.append(found.prompt_tokens)
        domains.add(sample.domain)
        given = found.answer.record or {}
        counts.append(judge(sample.record, given, sample.schema))
        for name, value in sample.record.items():
            by_label[told(sample, name)].append((number, judge({name: value}, given, sample.schema)))
        kept += [left for _, left in survivors(blocks(page(sample.text)), blocks(f"<body>{found.read}"), sample.record)]
    shown = f"domains: {', '.join(sorted(domains))}" if len(domains) <= SHOWN else f"{len(domains)} domains"
    print(f"{title}: {len(counts)} pages, {shown}")
    print(f"micro-F1 {figure(list(enumerate(counts)))}")
    for kind in TOLD:
        if by_label[kind]:
            print(f"  told by {kind}: {figure(by_label[kind])}, n {len(by_label[kind])}")
    if absent := by_label[ABSENT]:
        print(f"  not stated: {sum(invented for _, (_, invented, _) in absent)} of {len(absent)} invented")
    print(f"values kept by pruning {sum(kept) / len(kept):.3f} (n {len(kept)})")
    print(f"prompt tokens {median(tokens):.0f} (median)")
    print(f"seconds a page {median(seconds):.2f} (median), {np.percentile(seconds, 95):.2f} (p95)")


def figure(counts: Sequence[tuple[int, Counts]]) -> str:
    """Micro-F1 of (page, counts) and its 95 % interval by page."""
    totals = np.array([found for _, found in counts])
    low, high = bootstrap(Clusters.of([str(page) for page, _ in counts]).sums(totals), micro_f1) or (0.0, 1.0)
    return f"{float(micro_f1(totals.sum(axis=0, keepdims=True))[0]):.3f} ({low:.3f} to {high:.3f})"


def judge(record: Json, given: Json, schema: Json) -> Counts:
    """Right, wrongly given and missed fields of a page; a wrong value is both of the last two."""
    rules = annotated(schema, [record])
    right = given_wrong = missed = 0
    for name, value in record.items():
        answer = given.get(name)
        if value is not None and answer is not None and same(value, answer, rules["properties"][name]):
            right += 1
            continue
        given_wrong += answer is not None
        missed += value is not None
    return right, given_wrong, missed


if __name__ == "__main__":
    run(main)
