"""Score a run's adapter on its test split without exporting or serving it: prints one line of JSON, by slice.

Reads artifacts/<run>/{adapter,data}; writes gguf/prompt.json there, as the export does.

    python -m benchmarks.accuracy --config configs/embedded.yaml [--run NAME] [--set eval.batch_size=64]
"""

import json
from typing import cast

from eval import hf, metrics
from eval.predict import sample
from eval.records import Row, Score
from extraction.json import Json
from pipeline import config as configuration
from pipeline.config import Config
from pipeline.errors import run
from pipeline.files import read_rules, read_schema, write_text
from pipeline.splits import read_split


def main() -> None:
    print(json.dumps(accuracy(configuration.from_arguments(configuration.arguments(__doc__ or "").parse_args()))))


def accuracy(config: Config) -> Json:
    """{slice: {"n", "mean_field_accuracy", "record_exact_match"}} of the adapter; shares are 0 to 1."""
    from trainer.chat import pieces
    from trainer.model import load_tokenizer

    schema = read_schema(config.folder)
    tokenizer = load_tokenizer(str(config.folder / "adapter"))
    write_text(config.folder / "gguf" / "prompt.json", json.dumps(pieces(tokenizer, schema)))
    by_slice: dict[str, list[Row]] = {}
    for prediction in hf.answer_all(config, "adapter", read_split(config.folder, "test")):
        row = prediction.row
        by_slice.setdefault(row["slice"], []).append(cast(Row, {**sample(prediction), "input": row["input"]}))
    return {name: figures(metrics.score(rows, read_rules(config.folder))) for name, rows in sorted(by_slice.items())}


def figures(scored: Score) -> Json:
    """What the benchmark's table shows of a slice."""
    matched = scored["normalised"]
    return {"n": scored["n"]} | {
        "mean_field_accuracy": matched["mean_field_accuracy"],
        "record_exact_match": matched["record_exact_match"],
    }


if __name__ == "__main__":
    run(main)
