"""Score served models and the baselines on labelled pages of real shops, which do not come with the project.

Reads GOLD, a JSON Lines file (also .gz) of {"id", "input", "output", "scored_fields", "price_value", "url"} (the last
three may be missing), and the served models of finished runs. A null outside `scored_fields` means "not labelled".
Values are compared by the evaluation's rules (extraction/values.py). The data's own documentation adds three
leniencies, and the output says how many values are right by them alone: punctuation does not count; a name may have the
manufacturer at its head or end, or lack it; of a price the number counts. A wrong value is a false positive and a false
negative. Prints micro-F1 and F1 by field with 95 % intervals (drawing whole shops, which url names), how many of the
gold values are in what the model reads, whether each value's evidence leads to it, and the cost of a page; --json
writes the same. With --no-markup, nobody reads what the pages say to machines (data.markup): the figures are those of
what their readers see.

    make serve && make serve RUN=zero-shot SET='training.num_train_epochs=0 serve.name=zero-shot'
    python -m benchmarks.real GOLD.jsonl --runs zero-shot embedded [--variants f16] [--no-markup] [--json figures.json]
"""

import argparse
import gzip
import json
import re
import time
from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from tqdm import tqdm

from benchmarks.baselines import by_markup, by_rules
from benchmarks.evidence import resolved
from eval.statistics import Clusters, Interval, bootstrap, micro_f1
from extraction.clean import clean
from extraction.ground import grounded
from extraction.json import Json
from extraction.numbers import money, readings
from extraction.text import fold, squash
from extraction.values import absent, annotated, described, same
from pipeline import config as configuration
from pipeline.errors import UserError, run, unreadable
from pipeline.files import write_text
from serve.client import Extractor
from serve.result import Extraction
from serve.server import ensure

DIGITS = re.compile(r"\d[\d\s.,'’]*")


def main(gold: Path, runs: list[str], variants: list[str], out: Path | None, markup: bool = True) -> None:
    rows = read_gold(gold)
    if not markup:
        rows = [row | {"input": clean(row["input"], markup=False)} for row in rows]
    host = ensure() if runs else ""
    figures = {"rules": judge(rows, [by_rules(row["input"]) for row in rows])}
    marked = [(row, values) for row in rows if any((values := by_markup(row["input"])).values())]
    if marked:
        figures[f"schema.org ({len(marked)} pages)"] = judge(*map(list, zip(*marked, strict=True)))
    for name in runs:
        config = configuration.load(Path("artifacts") / name / "config.yaml")
        for variant in variants:
            figures[f"{name} {variant}"] = served(rows, Extractor(config, variant, host))
    show(rows, figures)
    if out:
        write_text(out, json.dumps({"gold": gold.name, "n": len(rows), "markup": markup, "figures": figures}, indent=1))


def read_gold(path: Path) -> list[Json]:
    """The rows of a JSON Lines file, compressed or not, each with an id."""
    try:
        data = path.read_bytes()
        text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8")
    except OSError as error:
        raise unreadable("labelled pages", error) from None
    rows = [json.loads(line) for line in text.split("\n") if line.strip()]
    if not rows:
        raise UserError(f"{path} has no rows: give a file of labelled pages")
    return [{"id": str(number), **row} for number, row in enumerate(rows)]


def served(rows: Sequence[Json], extractor: Extractor) -> Json:
    """The figures of a served model; costs are measured over all rows, one after the other, after a first one."""
    extractor.ask(rows[0]["input"])
    started = time.monotonic()
    answers = [extractor.ask(row["input"]) for row in tqdm(rows, extractor.model, unit="page")]
    seconds = time.monotonic() - started
    figures = judge(rows, [found.answer.record for found in answers])
    figures["read"] = gold_read(rows, extractor)
    figures["evidence"] = resolved(answers)
    figures["cost"] = {
        "seconds_a_page": middle_and_tail([found.seconds for found in answers]),
        "prompt_tokens": middle_and_tail([found.prompt_tokens for found in answers]),
        "parts": middle_and_tail([found.parts for found in answers]),
        "pages_per_second": round(len(rows) / seconds, 3),
        "prompt_tokens_per_second": rate(answers, "prompt_tokens", "prompt_seconds"),
        "generated_tokens_per_second": rate(answers, "answer_tokens", "answer_seconds"),
    }
    return figures


def gold_read(rows: Sequence[Json], extractor: Extractor) -> list[int]:
    """[gold values that what the model reads of the page states, gold values that the page states]."""
    kept = there = 0
    for row in rows:
        values = [row["output"].get(field) for field in scored(row)]
        stated = [value for value in values if not absent(value) and grounded(value, row["input"])]
        read = "\n".join(message["content"] for chat in extractor.chats(row["input"]) for message in chat[1:])
        there += len(stated)
        kept += sum(grounded(value, read) for value in stated)
    return [kept, there]


def middle_and_tail(values: Sequence[float]) -> list[float]:
    """[median, 95th percentile]"""
    return [round(float(value), 3) for value in np.percentile(values, [50, 95])]


def rate(answers: Sequence[Extraction], tokens: str, seconds: str) -> int:
    """Tokens a second by the server's own clock; 0 where it gave none."""
    timed = [found for found in answers if getattr(found, seconds)]
    spent = sum(getattr(found, seconds) for found in timed)
    return round(sum(getattr(found, tokens) for found in timed) / spent) if spent else 0


def judge(rows: Sequence[Json], records: Sequence[Json | None]) -> Json:
    """{"n", "micro_f1", "interval", "record_exact", "grounded", "lenient", "rules", "fields"} of the answers.

    `lenient`: how many values are right by the data's own leniencies alone. `fields`: {"f1", "interval", "n"} by field.
    """
    fields = list(dict.fromkeys(field for row in rows for field in scored(row)))
    rules = annotated({"properties": {field: {} for field in fields}}, [row["output"] for row in rows])
    clusters = Clusters.of([shop(row) for row in rows])
    pairs = list(zip(rows, records, strict=True))
    counts = np.array([[count(row, record, field, rules) for field in fields] for row, record in pairs], dtype=float)
    counts, lenient = counts[:, :, :3], int(counts[:, :, 3].sum())
    stated = [
        grounded(value, row["input"])
        for row, record in pairs
        for field, value in (record or {}).items()
        if field in scored(row) and not absent(value)
    ]
    return {
        "n": len(rows),
        **f1(counts.sum(axis=1), clusters),
        "record_exact": round(float((counts[:, :, 1:].sum(axis=(1, 2)) == 0).mean()), 3),
        "grounded": round(sum(stated) / len(stated), 3) if stated else None,
        "lenient": lenient,
        "rules": described(rules),
        "fields": {
            field: f1(counts[:, place], clusters, "f1") | {"n": sum(field in scored(row) for row in rows)}
            for place, field in enumerate(fields)
        },
    }


def scored(row: Json) -> Sequence[str]:
    """The fields that were labelled."""
    return row.get("scored_fields") or list(row["output"])


def count(row: Json, record: Json | None, field: str, rules: Json) -> tuple[int, int, int, int]:
    """(true positives, false positives, false negatives, right by leniency alone) of one field."""
    if field not in scored(row):
        return 0, 0, 0, 0
    reference, value = row["output"].get(field), (record or {}).get(field)
    if absent(value):
        return 0, 0, int(not absent(reference)), 0
    if absent(reference):
        return 0, 1, 0, 0
    if same(reference, value, rules["properties"][field]):
        return 1, 0, 0, 0
    return (1, 0, 0, 1) if lenient(row, field, value) else (0, 1, 1, 0)


def lenient(row: Json, field: str, value: Any) -> bool:
    """Whether a value is the labelled one by the leniencies that the data's documentation names."""
    reference = row["output"][field]
    if field in ("price", "total"):
        wanted, found = amount(str(row.get("price_value") or reference)), amount(str(value))
        return wanted is not None and wanted == found
    expected, answered = squash(str(reference)), squash(str(value))
    maker = squash(str(row["output"].get("manufacturer") or ""))
    joined = (maker + expected, expected + maker) if field == "name" and maker else ()
    return answered in (expected, *joined)


def amount(text: str) -> Decimal | None:
    """The number of a price, whatever its currency is called; None where there is not just one."""
    if read := money(text):
        return read[0]
    numbers = DIGITS.findall(fold(text))
    found = readings(numbers[0].strip(" .,'’")) if len(numbers) == 1 else []
    return found[0] if found else None


def f1(counts: Any, clusters: Clusters, name: str = "micro_f1") -> Json:
    """{name, "interval"} of true positives, false positives and false negatives, (rows, 3)."""
    true, extra, missing = counts.sum(axis=0)
    value = 2 * true / max(1, 2 * true + extra + missing)
    return {name: round(float(value), 3), "interval": rounded(bootstrap(clusters.sums(counts), micro_f1))}


def rounded(interval: Interval | None) -> list[float] | None:
    return None if interval is None else [round(end, 3) for end in interval]


def shop(row: Json) -> str:
    """The host of the row's url; the row's own id where it has none."""
    return urlsplit(row.get("url") or "").hostname or row["id"]


def show(rows: Sequence[Json], figures: dict[str, Json]) -> None:
    """Print the table, what it was compared by, and the costs."""
    first = next(iter(figures.values()))
    print(f"{len(rows)} pages of {len({shop(row) for row in rows})} shops")
    print(f"{'':24} micro-F1 (95 %)      exact grounded  " + " ".join(f"{field[:20]:>20}" for field in first["fields"]))
    for name, found in figures.items():
        cells = " ".join(f"{_spread(field['f1'], field['interval']):>20}" for field in found["fields"].values())
        share = "       -" if found["grounded"] is None else f"{found['grounded']:8.3f}"
        spread = _spread(found["micro_f1"], found["interval"])
        print(f"{name:24} {spread:20} {found['record_exact']:.3f} {share}  {cells}")
    print("compared: " + ", ".join(f"{field} as {kind}" for field, kind in first["rules"].items()))
    for name, found in figures.items():
        print(f"{name}: {found['lenient']} values right by the data's leniencies alone (punctuation, maker, currency)")
        if "read" in found:
            kept, there = found["read"]
            print(f"{name}: {kept} of the {there} gold values that the pages state are in what the model reads")
        if "evidence" in found:
            right, values = (found["evidence"][key] for key in ("resolved", "values"))
            print(f"{name}: {right} of {values} values that the pages state stand where their evidence says")
        for key, value in found.get("cost", {}).items():
            shown = f"median {value[0]:g}, p95 {value[1]:g}" if isinstance(value, list) else f"{value:g}"
            print(f"{name}: {key.replace('_', ' ')}: {shown}")


def _spread(value: float, interval: Sequence[float] | None) -> str:
    return f"{value:.3f} ({interval[0]:.3f}-{interval[1]:.3f})" if interval else f"{value:.3f}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gold", type=Path)
    parser.add_argument("--runs", nargs="*", default=[], help="folders under artifacts/ whose models are served")
    parser.add_argument("--variants", nargs="*", default=["q4_k_m"])
    parser.add_argument(
        "--no-markup", dest="markup", action="store_false", help="without schema.org, OpenGraph, microdata"
    )
    parser.add_argument("--json", dest="out", type=Path, default=None)
    run(partial(main, **vars(parser.parse_args())))
