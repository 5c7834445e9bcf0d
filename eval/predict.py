"""Let every variant answer the test split: artifacts/<run>/samples/<variant>.jsonl, one eval.records.Sample a line.

Reads data/test.jsonl, the models or the server, and the manifest. The variant that users get also answers some of the
validation split (samples/<variant>.validation.jsonl), on which its probabilities are calibrated. In batches, seconds
are the batch's time divided by its size; a page that was asked in parts has the sums over these. A finished file is
entered in the manifest as `predict.<variant>` with what it depends on, and is not made again while that holds. Until
then the rows are in samples/.<variant>.<fingerprint>.partial, and the next run goes on from there.

    python -m eval.score --config configs/embedded.yaml
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from tqdm import tqdm

from eval import fewshot, hf
from eval.compare import SERVED, last_served
from eval.provenance import FEW_SHOT, depends_on, describe, settings
from eval.records import Prediction, Row, Sample
from extraction.json import Json
from pipeline.config import Config
from pipeline.errors import UserError
from pipeline.files import read_jsonl, write_jsonl
from pipeline.manifest import output_of, read_manifest, record_stage, up_to_date
from pipeline.splits import Example, read_split
from serve.batch import answer_all
from serve.client import Extractor


@dataclass(frozen=True)
class Task:
    """One variant and the split that it answers."""

    variant: str
    split: str = "test"

    @property
    def name(self) -> str:
        """`<variant>`, or `<variant>.validation`."""
        return self.variant if self.split == "test" else f"{self.variant}.{self.split}"

    @property
    def stage(self) -> str:
        """Name of the manifest's entry for the samples."""
        return f"predict.{self.name}"


def tasks(config: Config) -> list[Task]:
    """What is asked of models: the test split of every variant and of the base few-shot, some of validation of the one
    that users get."""
    last = last_served(config.eval.variants)
    extra = [Task(last, "validation")] if last and config.eval.calibration else []
    prompted = [Task(FEW_SHOT)] if FEW_SHOT in config.eval.baselines else []
    return [*map(Task, config.eval.variants), *prompted, *extra]


def predict_all(config: Config, host: str) -> list[Path]:
    """The samples files of all variants of the config; servers are checked before the first long computation."""
    inputs = {task: depends_on(config, task.variant, task.split) for task in tasks(config)}
    pending = [task for task in inputs if not up_to_date(config.folder, task.stage, inputs[task])]
    for variant in dict.fromkeys(task.variant for task in pending if task.variant in SERVED):
        Extractor(config, variant, host).check()
    for task in inputs:
        if task in pending:
            predict(config, task, host, inputs[task])
        else:
            print(f"eval: {task.name}: up to date")
    return [samples_path(config, task) for task in inputs]


def samples_path(config: Config, task: Task) -> Path:
    """artifacts/<run>/samples/<variant>.jsonl"""
    return config.folder / "samples" / f"{task.name}.jsonl"


def examples(config: Config, split: str) -> list[Example]:
    """The rows of a split that are asked for; of validation the first ones, up to `eval.calibration`."""
    rows = read_split(config.folder, split)
    return rows if split == "test" else rows[: config.eval.calibration]


def read_samples(config: Config, task: Task) -> list[Row]:
    """The samples with the examples' input and group joined to them, in the split's order.

    Raises `UserError` where they are not the ones that `make eval` wrote, or are of another split than there is now.
    """
    folder, split = config.folder, f"data/{task.split}.jsonl"
    output_of(folder, task.stage, f"samples/{task.name}.jsonl")
    if read_manifest(folder)[task.stage]["inputs"][task.split] != output_of(folder, "data", split):
        raise UserError(f"{folder / split} was made again after {samples_path(config, task)}: run `make eval` again")
    by_id = {row["id"]: row for row in examples(config, task.split)}
    samples = cast(list[Sample], read_jsonl(samples_path(config, task)))
    return [_joined(sample, by_id[sample["id"]]) for sample in samples]


def _joined(sample: Sample, example: Example) -> Row:
    row = cast(Row, {**sample, "input": example["input"]})
    if "group" in example:
        row["group"] = example["group"]
    if "columns" in example:
        row["columns"] = example["columns"]
    return row


def predict(config: Config, task: Task, host: str, inputs: Json) -> None:
    """Make the samples file of a variant, going on from a partial one that was made from the same `inputs`."""
    path, variant = samples_path(config, task), task.variant
    rows = examples(config, task.split)
    partial = partial_path(path, inputs)
    done = read_partial(partial)
    facts = describe(host, variant)
    rest = [row for row in rows if row["id"] not in done]
    if rest:
        predictions = _predictions(config, variant, host, rest)
        append(partial, tqdm(predictions, f"eval: {task.name}", len(rest), unit="example", smoothing=0.1))
    done = read_partial(partial)
    write_jsonl(path, [done[row["id"]] for row in rows])
    facts["seconds"] = round(sum(sample["seconds"] for sample in done.values()), 1)
    record_stage(config.folder, task.stage, inputs, [path], **facts)
    for leftover in path.parent.glob(f".{task.name}.*.partial"):
        leftover.unlink()


def _predictions(config: Config, variant: str, host: str, rows: Sequence[Example]) -> Iterator[Prediction]:
    """The prediction for each row, from the server, or from the model in this process."""
    if variant in SERVED:
        return ask_all(config, variant, host, rows)
    return fewshot.answer_all(config, rows) if variant == FEW_SHOT else hf.answer_all(config, variant, rows)


def partial_path(path: Path, inputs: Json) -> Path:
    """Where unfinished samples wait, named by what they depend on."""
    fingerprint = hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()[:16]
    return path.with_name(f".{path.stem}.{fingerprint}.partial")


def read_partial(path: Path) -> dict[str, Sample]:
    """Samples by id; a last line that was not written to its end is removed from the file."""
    if not path.is_file():
        return {}
    content = path.read_bytes()
    kept = content[: content.rfind(b"\n") + 1]
    if len(kept) < len(content):
        os.truncate(path, len(kept))
    samples = [json.loads(line) for line in kept.split(b"\n") if line]  # str.splitlines would also split at U+2028
    return {sample["id"]: sample for sample in samples}


def append(partial: Path, predictions: Iterable[Prediction]) -> None:
    """Append a sample to the partial file for each prediction, as it comes."""
    partial.parent.mkdir(parents=True, exist_ok=True)
    with partial.open("a", encoding="utf-8") as file:
        for prediction in predictions:
            file.write(json.dumps(sample(prediction), ensure_ascii=False) + "\n")
            file.flush()


def ask_all(config: Config, variant: str, host: str, rows: Sequence[Example]) -> Iterator[Prediction]:
    """The prediction for each row, in the order in which they come (serve/batch.py).

    Asked with eval.provenance.settings: without `serve.min_probability`, so that unsure values are scored like others;
    the report says what it would hold back.
    """
    asking = config.model_copy(update={"serve": settings(config, variant)})
    extractor = Extractor(asking, variant, host)
    for row, found in answer_all([extractor], rows):
        yield Prediction(
            row=row,
            first=found.first,
            text=found.text,
            prompt_tokens=found.prompt_tokens,
            seconds=found.seconds,
            final=found.answer,
            retried=found.retried,
            probability=found.probability,
        )


def sample(prediction: Prediction) -> Sample:
    """One line of a samples file."""
    row, first = prediction.row, prediction.first
    final = prediction.final or first
    return {
        "id": row["id"],
        "slice": row["slice"],
        "reference": row["output"],
        "answer": prediction.text,
        "prediction": first.record,
        "status": first.status,
        "reason": first.reason,
        "final": final.record,
        "final_status": final.status,
        "retried": prediction.retried,
        "probability": prediction.probability,
        "prompt_tokens": prediction.prompt_tokens,
        "seconds": prediction.seconds,
    }
