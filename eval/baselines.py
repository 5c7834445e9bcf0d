"""What is to be had without training a model: rules, and the markup that pages hold for machines.

Both know a field by what the training rows say of it. `rules` learns selectors (eval/induction.py); `markup` learns
which property states the field (eval/markup.py), and takes the one of the field's name where no training row tells.
Reads artifacts/<run>/data; writes samples/<baseline>.jsonl, entered in the manifest as `predict.<baseline>`. The base
model's own baselines are variants: `base` (zero-shot) and `few-shot` (eval/fewshot.py).
"""

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from eval import induction, markup, places
from eval.places import Texts
from eval.predict import Task, read_samples, sample, samples_path
from eval.provenance import ROOT, sources
from eval.records import Prediction, Row, Sample
from eval.rules import FieldReader
from extraction.json import Json
from extraction.parse import Answer, Status
from extraction.values import KEYWORD
from pipeline.config import Config
from pipeline.files import read_rules, write_jsonl
from pipeline.manifest import Facts, output_of, record_stage, up_to_date
from pipeline.provenance import commit
from pipeline.splits import Example, read_split

MODELLESS: dict[str, Callable[[str], Texts]] = {"rules": places.texts, "markup": markup.properties}
LEARNT_FROM = 2000  # training rows, at most
NO_MARKUP = "no markup"  # the reason of a sample whose page has none
CODE = ("baselines", "induction", "markup", "places", "rules")
FieldReaders = dict[str, "FieldReader | FieldReaders"]


def modelless(config: Config) -> list[str]:
    """The baselines of a config that ask no model."""
    return [name for name in config.eval.baselines if name in MODELLESS]


def predict_all(config: Config) -> list[Path]:
    """The samples files of the baselines that ask no model."""
    inputs = {
        **{split: output_of(config.folder, "data", f"data/{split}.jsonl") for split in ("train", "test")},
        "rules": read_rules(config.folder),
        "code": sources([*sorted((ROOT / "extraction").rglob("*.py")), *(ROOT / f"eval/{name}.py" for name in CODE)]),
    }
    for name in modelless(config):
        if up_to_date(config.folder, Task(name).stage, inputs):
            print(f"eval: {name}: up to date")
        else:
            _predict(config, name, inputs)
    return [samples_path(config, Task(name)) for name in modelless(config)]


def answers(config: Config) -> dict[str, list[Row]]:
    """The rows of each baseline of the config; none of `markup` where no test page has any."""
    rows = {name: read_samples(config, Task(name)) for name in config.eval.baselines}
    return {name: found for name, found in rows.items() if any(row["reason"] != NO_MARKUP for row in found)}


def marked(config: Config) -> list[bool]:
    """Whether each test page has markup for machines; an empty list where that was not asked."""
    rows = read_samples(config, Task("markup")) if "markup" in config.eval.baselines else []
    return [row["reason"] != NO_MARKUP for row in rows]


def _predict(config: Config, name: str, inputs: Json) -> None:
    """Make the samples file of a baseline. `fields` in its entry says by what each field is read."""
    started, read, schema = time.monotonic(), MODELLESS[name], read_rules(config.folder)
    train, rows = read_split(config.folder, "train")[:LEARNT_FROM], read_split(config.folder, "test")
    known = [read(row["input"]) for row in train]
    readers = learn(known, [row["output"] for row in train], schema, constant=name != "markup")
    pages = [read(row["input"]) for row in rows]
    records = [record(readers, texts, schema, named=name == "markup") for texts in pages]
    seconds = time.monotonic() - started
    samples = [
        answered(row, found, "" if texts or name != "markup" else NO_MARKUP, seconds / len(rows))
        for row, found, texts in zip(rows, records, pages, strict=True)
    ]
    path = samples_path(config, Task(name))
    write_jsonl(path, samples)
    facts: Facts = {"commit": commit(), "seconds": round(seconds, 1), "fields": described(readers)}
    if name == "markup":
        facts["marked"] = sum(map(bool, pages))
    record_stage(config.folder, Task(name).stage, inputs, [path], **facts)
    print(f"eval: {name}: {seconds:.1f} s for {len(rows)} answers")


def answered(row: Example, found: Json, reason: str, seconds: float) -> Sample:
    """The sample of a record that no model made."""
    text = json.dumps(found, ensure_ascii=False)
    return sample(Prediction(row, Answer(found, Status.OK, reason), text, 0, round(seconds, 4)))


def learn(pages: Sequence[Texts], records: Sequence[Json | None], schema: Json, constant: bool) -> FieldReaders:
    """A reader for each field of the schema (with rules of equality), for each property of an object.

    `constant`: whether a field that nothing states gets its most frequent value, or null.
    """
    readers: FieldReaders = {}
    for field, child in schema["properties"].items():
        values = [(one or {}).get(field) for one in records]
        if "properties" in child:
            readers[field] = learn(pages, values, child, constant)
        else:
            readers[field] = induction.learn(pages, values, kind(child), constant)
    return readers


def record(readers: FieldReaders, texts: Texts, schema: Json, named: bool) -> Json:
    """The record that a page's texts state. `named`: a property of a field's name is read where no rule finds it."""
    found: Json = {}
    for field, reader in readers.items():
        child = schema["properties"][field]
        if isinstance(reader, dict):
            found[field] = record(reader, texts, child, named)
            continue
        found[field] = reader.read(texts)
        if named and found[field] is None and (text := markup.by_name(field, kind(child), texts)):
            found[field] = reader.typed(text)
    return found


def kind(child: Json) -> str:
    """The rule of equality of a field's texts; of a list's items where it is a list."""
    inner = child.get("items", {}).get(KEYWORD)
    return str(inner or child.get(KEYWORD, "text"))


def described(readers: FieldReaders, before: str = "") -> dict[str, list[str]]:
    """By field, with a dot before nested names, its rules as text in their order."""
    found: dict[str, list[str]] = {}
    for field, reader in readers.items():
        if isinstance(reader, dict):
            found |= described(reader, f"{before}{field}.")
        else:
            found[before + field] = [str(rule) for rule in reader.rules]
    return found
