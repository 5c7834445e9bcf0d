"""Score served models and the baselines on labelled pages of real shops, which do not come with the project.

Reads GOLD, a JSON Lines file of {"id", "input", "output", "scored_fields", "price_value", "url"} (the last three may be
missing), and the served models of finished runs. A null outside `scored_fields` means "not labelled". Right are also a
name or a manufacturer with other case, punctuation or white space, a name with or without the manufacturer at its head
or end, and a price of the same number; a wrong value is a false positive and a false negative. Prints micro-F1 and F1
by field with a 95 % interval (bootstrap over shops, which url names), and the server's speed; --json writes the same.

    make serve && make serve RUN=zero-shot SET='training.num_train_epochs=0 serve.name=zero-shot'
    python -m benchmarks.real GOLD.jsonl --runs zero-shot embedded [--variants f16 q4_k_m] [--json figures.json]
"""

import argparse
import json
import re
import time
import unicodedata
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from tqdm import tqdm

from benchmarks.baselines import by_markup, by_rules
from extraction.ground import grounded
from extraction.json import Json
from extraction.numbers import money
from pipeline import config as configuration
from pipeline.errors import UserError, run
from pipeline.files import read_jsonl, write_text
from serve.client import Extractor
from serve.result import Extraction
from serve.server import ensure

RESAMPLES = 2000
SEED = 0


def main(gold: Path, runs: list[str], variants: list[str], out: Path | None) -> None:
    rows = [{"id": str(number), **row} for number, row in enumerate(read_jsonl(gold))]
    if not rows:
        raise UserError(f"{gold} has no rows: give a file of labelled pages")
    host = ensure() if runs else ""
    figures = {name: judge(rows, [read(row["input"]) for row in rows]) for name, read in BASELINES.items()}
    for name in runs:
        config = configuration.load(Path("artifacts") / name / "config.yaml")
        for variant in variants:
            figures[f"{name} {variant}"] = served(rows, Extractor(config, variant, host))
    show(rows, figures)
    if out:
        write_text(out, json.dumps({"gold": gold.name, "n": len(rows), "figures": figures}, indent=1))


BASELINES: dict[str, Callable[[str], Json]] = {"rules": by_rules, "schema.org": by_markup}


def served(rows: Sequence[Json], extractor: Extractor) -> Json:
    """The figures of a served model; `speed` is measured over all rows, one after the other, after a first one."""
    extractor.ask(rows[0]["input"])
    started = time.monotonic()
    answers = [extractor.ask(row["input"]) for row in tqdm(rows, extractor.model, unit="page")]
    seconds = time.monotonic() - started
    figures = judge(rows, [found.answer.record for found in answers])
    figures["speed"] = {
        "pages_per_second": round(len(rows) / seconds, 2),
        "prompt_tokens_per_second": rate(answers, "prompt_tokens", "prompt_seconds"),
        "generated_tokens_per_second": rate(answers, "answer_tokens", "answer_seconds"),
    }
    return figures


def rate(answers: Sequence[Extraction], tokens: str, seconds: str) -> int:
    """Tokens a second by the server's own clock; 0 where it gave none."""
    timed = [found for found in answers if getattr(found, seconds)]
    spent = sum(getattr(found, seconds) for found in timed)
    return round(sum(getattr(found, tokens) for found in timed) / spent) if spent else 0


def judge(rows: Sequence[Json], records: Sequence[Json | None]) -> Json:
    """{"micro_f1", "interval", "record_exact", "grounded", "fields": {field: {"f1", "n"}}} of the answers."""
    fields = list(dict.fromkeys(field for row in rows for field in scored(row)))
    pairs = list(zip(rows, records, strict=True))
    counts = np.array([[count(row, record, field) for field in fields] for row, record in pairs])
    said = [
        grounded(value, row["input"])
        for row, record in pairs
        for field, value in (record or {}).items()
        if field in scored(row) and value not in (None, "")
    ]
    wrong = counts[:, :, 1:].sum(axis=(1, 2))
    return {
        "micro_f1": f1(counts.sum(axis=(0, 1))),
        "interval": interval(counts.sum(axis=1), [shop(row) for row in rows]),
        "record_exact": round(float((wrong == 0).mean()), 3),
        "grounded": round(sum(said) / len(said), 3) if said else None,
        "fields": {
            field: {"f1": f1(counts[:, place].sum(axis=0)), "n": sum(field in scored(row) for row in rows)}
            for place, field in enumerate(fields)
        },
    }


def scored(row: Json) -> Sequence[str]:
    """The fields that were labelled."""
    return row.get("scored_fields") or list(row["output"])


def count(row: Json, record: Json | None, field: str) -> tuple[int, int, int]:
    """(true positives, false positives, false negatives) of one field."""
    if field not in scored(row):
        return 0, 0, 0
    reference, value = row["output"].get(field), (record or {}).get(field)
    if value in (None, ""):
        return 0, 0, int(reference is not None)
    if reference is None:
        return 0, 1, 0
    return (1, 0, 0) if right(row, field, value) else (0, 1, 1)


def right(row: Json, field: str, value: Any) -> bool:
    """Whether a value is the labelled one, by the rules above."""
    reference = row["output"][field]
    if field in ("price", "total"):
        wanted, found = amount(str(row.get("price_value") or reference)), amount(str(value))
        return wanted is not None and wanted == found
    if squash(value) == squash(reference):
        return True
    maker = squash(row["output"].get("manufacturer") or "")
    joined = (maker + squash(reference), squash(reference) + maker)
    return field == "name" and bool(maker) and squash(value) in joined


def amount(text: str) -> Decimal | None:
    """The number of a price, whatever its currency is called; None where there is not just one."""
    numbers = re.findall(r"\d[\d\s.,'’]*", unicodedata.normalize("NFKC", text))
    read = money(text) or (money(numbers[0].strip(" .,'’")) if len(numbers) == 1 else None)
    return read[0] if read else None


def squash(value: Any) -> str:
    """Text without case, punctuation and white space."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", str(value)).casefold())


def f1(counts: Any) -> float:
    """F1 of (true positives, false positives, false negatives)."""
    true, extra, missing = (int(number) for number in counts)
    return round(2 * true / max(1, 2 * true + extra + missing), 3)


def shop(row: Json) -> str:
    """The host of the row's url; the row's own id where it has none."""
    return urlsplit(row.get("url") or "").hostname or row["id"]


def interval(counts: Any, shops: Sequence[str]) -> list[float]:
    """95 % interval of the micro-F1, resampling whole shops. `counts`: (rows, 3)."""
    names = sorted(set(shops))
    rows = [[place for place, name in enumerate(shops) if name == wanted] for wanted in names]
    sums = np.array([counts[places].sum(axis=0) for places in rows])
    draws = np.random.default_rng(SEED).integers(0, len(names), (RESAMPLES, len(names)))
    low, high = np.percentile([f1(sums[draw].sum(axis=0)) for draw in draws], [2.5, 97.5])
    return [round(float(low), 3), round(float(high), 3)]


def show(rows: Sequence[Json], figures: dict[str, Json]) -> None:
    """Print the table."""
    fields = list(next(iter(figures.values()))["fields"])
    print(f"{len(rows)} pages of {len({shop(row) for row in rows})} shops")
    print(f"{'':22} micro-F1 (95 %)      exact grounded  " + " ".join(f"{field[:12]:>12}" for field in fields))
    for name, found in figures.items():
        low, high = found["interval"]
        cells = " ".join(f"{found['fields'][field]['f1']:12.3f}" for field in fields)
        said = "       -" if found["grounded"] is None else f"{found['grounded']:8.3f}"
        print(f"{name:22} {found['micro_f1']:.3f} ({low:.3f}-{high:.3f})  {found['record_exact']:.3f} {said}  {cells}")
    for name, found in figures.items():
        if speed := found.get("speed"):
            print(f"{name}: " + ", ".join(f"{value} {key.replace('_', ' ')}" for key, value in speed.items()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gold", type=Path)
    parser.add_argument("--runs", nargs="*", default=[], help="folders under artifacts/ whose models are served")
    parser.add_argument("--variants", nargs="*", default=["q4_k_m"])
    parser.add_argument("--json", dest="out", type=Path, default=None)
    run(partial(main, **vars(parser.parse_args())))
