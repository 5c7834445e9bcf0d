"""Let every variant answer the test split: artifacts/<run>/samples/<variant>.jsonl, one row an example.

Reads data/test.jsonl, the models or the server, and the manifest. A row: {"id", "slice", "reference", "answer" (raw
text), "prediction" (record or null), "status", "reason", "prompt_tokens", "seconds"}; in batches, seconds are the
batch's time divided by its size. A page that was asked in parts has the sums over these, and the record chosen from
them as its answer. A finished file is entered in the manifest as `predict.<variant>` with what it depends on, and is
not made again while that holds. Until then the rows are in samples/.<variant>.<fingerprint>.partial, and the next run
goes on from there.

    python -m eval.score --config configs/embedded.yaml
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tqdm import tqdm

from eval import hf
from eval.compare import SERVED
from eval.provenance import depends_on, describe
from extraction.json import Json
from extraction.parse import Answer
from pipeline.config import Config
from pipeline.files import read_jsonl, write_jsonl
from pipeline.manifest import record_stage, up_to_date
from serve.client import Extractor


def predict_all(config: Config, host: str) -> list[Path]:
    """The samples files of all variants of the config; servers are checked before the first long computation."""
    inputs = {variant: depends_on(config, variant) for variant in config.eval.variants}
    pending = [name for name in inputs if not up_to_date(config.folder, stage(name), inputs[name])]
    for variant in pending:
        if variant in SERVED:
            Extractor(config, variant, host).check()
    for variant in inputs:
        if variant in pending:
            predict(config, variant, host, inputs[variant])
        else:
            print(f"eval: {variant}: up to date")
    return [samples_path(config, variant) for variant in inputs]


def samples_path(config: Config, variant: str) -> Path:
    """artifacts/<run>/samples/<variant>.jsonl"""
    return config.folder / "samples" / f"{variant}.jsonl"


def read_samples(config: Config, variant: str) -> list[Json]:
    """A variant's samples with the examples' input and group joined to them, in the test split's order."""
    examples = {row["id"]: row for row in read_jsonl(config.folder / "data" / "test.jsonl")}
    keep = ("input", "group")
    samples = read_jsonl(samples_path(config, variant))
    return [row | {key: examples[row["id"]][key] for key in keep if key in examples[row["id"]]} for row in samples]


def predict(config: Config, variant: str, host: str, inputs: Json) -> None:
    """Make the samples file of a variant, going on from a partial one that was made from the same `inputs`."""
    path = samples_path(config, variant)
    rows = read_jsonl(config.folder / "data" / "test.jsonl")
    partial = partial_path(path, inputs)
    done = read_partial(partial)
    facts = describe(host, variant)
    rest = [row for row in rows if row["id"] not in done]
    if rest:
        served = variant in SERVED
        answers = ask_all(config, variant, host, rest) if served else hf.answer_all(config, variant, rest)
        append(partial, tqdm(answers, f"eval: {variant}", len(rest), unit="example", smoothing=0.1))
    done = read_partial(partial)
    write_jsonl(path, [done[row["id"]] for row in rows])
    seconds = round(sum(sample["seconds"] for sample in done.values()), 1)
    record_stage(config.folder, stage(variant), inputs, [path], seconds=seconds, **facts)
    for leftover in path.parent.glob(f".{variant}.*.partial"):
        leftover.unlink()


def stage(variant: str) -> str:
    """Name of the manifest's entry for a variant's samples."""
    return f"predict.{variant}"


def partial_path(path: Path, inputs: Json) -> Path:
    """Where unfinished samples wait, named by what they depend on."""
    fingerprint = hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()[:16]
    return path.with_name(f".{path.stem}.{fingerprint}.partial")


def read_partial(path: Path) -> dict[str, Json]:
    """Samples by id; a last line that was not written to its end is removed from the file."""
    if not path.is_file():
        return {}
    content = path.read_bytes()
    kept = content[: content.rfind(b"\n") + 1]
    if len(kept) < len(content):
        os.truncate(path, len(kept))
    samples = [json.loads(line) for line in kept.split(b"\n") if line]  # str.splitlines would also split at U+2028
    return {sample["id"]: sample for sample in samples}


def append(partial: Path, answers: Iterable[tuple[Json, Answer, Json]]) -> None:
    """Append a sample to the partial file for each (row, parsed answer, facts), as it comes."""
    partial.parent.mkdir(parents=True, exist_ok=True)
    with partial.open("a", encoding="utf-8") as file:
        for row, answer, facts in answers:
            file.write(json.dumps(sample(row, answer, facts), ensure_ascii=False) + "\n")
            file.flush()


def ask_all(config: Config, variant: str, host: str, rows: Sequence[Json]) -> Iterator[tuple[Json, Answer, Json]]:
    """(row, parsed answer, facts) for each row, asked of the server one after the other."""
    extractor = Extractor(config, variant, host)
    for row in rows:
        found = extractor.ask(row["input"])
        facts = {"answer": found.text, "prompt_tokens": found.prompt_tokens, "seconds": found.seconds}
        yield row, found.answer, facts


def sample(row: Json, answer: Answer, facts: Json) -> Json:
    """One line of a samples file."""
    return {
        "id": row["id"],
        "slice": row["slice"],
        "reference": row["output"],
        "answer": facts["answer"],
        "prediction": answer.record,
        "status": answer.status,
        "reason": answer.reason,
        "prompt_tokens": facts["prompt_tokens"],
        "seconds": facts["seconds"],
    }
