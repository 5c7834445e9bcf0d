"""Measure training on CUDA: our recipe, and the tutorial's on Unsloth and on TRL, PEFT and bitsandbytes.

Every recipe is a run of trainer.train in a process of its own with a time limit, so that one that fails costs only its
own row. The base has Phi-3-mini's shape and random weights (benchmarks/phi3.py). Needs no network. Writes the record
(GPU, versions, configs, every run's facts) to OUT, after each run, and prints the table, after each part.

    python -m benchmarks.train [--out artifacts/benchmark/train.json] [--only base steady job …]
    python -m benchmarks.train --only base best tutorial --times 3  beside the best and the tutorial, in turn
    python -m benchmarks.train --only base sharded gpus             on two GPUs
"""

import argparse
import json
import random
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml

from benchmarks.phi3 import NAME
from benchmarks.runs import arguments, call, packed, stop, train
from benchmarks.summary import (
    BEST,
    BEST_UNSLOTH,
    JOB_UNSLOTH,
    OURS,
    PAIRED,
    STEADY,
    TRL,
    TUTORIAL_UNSLOTH,
    UNSLOTH,
    table,
)
from data import values
from extraction.json import Json
from pipeline.files import write_jsonl, write_text

WORK = Path("artifacts/benchmark")
JOB, LONG, PACKED = WORK / "job.jsonl", WORK / "long.jsonl", WORK / "packed.jsonl"
EXAMPLES = Path("data/products.jsonl")
ONE_GPU = ("base", "steady", "best", "tutorial", "job", "memory", "example", "tests", "quality")
TWO_GPUS = ("sharded", "gpus")
BASE = f"model.model_name_or_path={WORK / NAME}"
EMBEDDED = ("model.model_name_or_path=models/embedded", "model.load_in_4bit=false")
FEW = ("data.validation=0.2", "data.test=0.5", "training.num_train_epochs=1")
ALL = ("data.validation=0.02", "data.test=0.02")
FAST, TUTORIAL = "configs/phi3-mini-fast.yaml", "configs/phi3-mini.yaml"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=WORK / "train.json")
    parser.add_argument("--times", type=int, default=3, help="how often `best` and `tutorial` run each, in turn")
    parser.add_argument("--seconds", type=float, default=7200, help="after these, `best` and `tutorial` end")
    parser.add_argument("--only", nargs="*", choices=ONE_GPU + TWO_GPUS, default=ONE_GPU)
    options = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    WORK.mkdir(parents=True, exist_ok=True)
    write_jsonl(JOB, rows(520))
    write_jsonl(LONG, rows(6000))
    record: Json = {"started": time.strftime("%F %T"), "machine": {}, "runs": {}, "tests": ""}
    record |= {"times": options.times, "end": time.time() + options.seconds, "out": str(options.out)}
    for part in options.only:
        globals()[f"part_{part}"](record)
        write_text(options.out, json.dumps(record, indent=1))
        print(table(record), flush=True)


def rows(n: int) -> list[Json]:
    """`n` product pages of one short template, as the tutorial's are."""
    rng, examples = random.Random(0), []
    for number in range(n):
        product = values.sample(rng, "en")
        shown = {"name": product.name, "price": product.price, "category": product.category}
        shown["manufacturer"] = product.manufacturer
        parts = (f"<span class='{field}'>{text}</span>" for field, text in shown.items() if text)
        examples.append({"id": f"r{number}", "input": f"<div class='product'>{''.join(parts)}</div>", "output": shown})
    return examples


def part_base(record: Json) -> None:
    if (WORK / NAME / "config.json").is_file():
        return
    code, output = call([sys.executable, "-m", "benchmarks.phi3", str(WORK)], 180)
    if code == 0:
        record["machine"] = json.loads(output.strip().splitlines()[-1])


def part_job(record: Json) -> None:
    """The tutorial's whole job: 500 rows, 3 epochs, from process start to the adapter on disk."""
    train(record, OURS, FAST, JOB, [BASE, *ALL], 130)
    train(record, JOB_UNSLOTH, TUTORIAL, JOB, [BASE, *ALL], 400)


def part_steady(record: Json) -> None:
    """Steady speed where it needs more rows (ours) or fewer (the tutorial's) than the job has."""
    train(record, STEADY, FAST, LONG, [BASE, *ALL, "training.num_train_epochs=1"], 130)
    for title, library in ((UNSLOTH, "unsloth"), (TRL, "trl")):
        train(record, title, TUTORIAL, JOB, [BASE, *FEW, f"model.backend={library}"], 130)


def part_best(record: Json) -> None:
    """Steady speed beside Unsloth packed at its best, in turn, at the largest batch of which 78 GiB hold both."""
    for number in turns(record):
        title = f"{BEST} {number}"
        batch_of_eight(record, title)
        packed(record, f"{BEST_UNSLOTH} {number}", title, limit(record))


def part_tutorial(record: Json) -> None:
    """Steady speed beside the tutorial's recipe on Unsloth, in turn."""
    for number in turns(record):
        batch_of_eight(record, f"{PAIRED} {number}")
        settings = [BASE, *FEW, "model.backend=unsloth"]
        train(record, f"{TUTORIAL_UNSLOTH} {number}", TUTORIAL, JOB, settings, limit(record))


def turns(record: Json) -> Iterator[int]:
    """The numbers of the pairs that there is time for; prints the table after each."""
    write_jsonl(PACKED, rows(3000))
    for number in range(1, record["times"] + 1):
        yield number
        print(table(record), flush=True)
        if time.time() > record["end"]:
            break


def batch_of_eight(record: Json, title: str) -> None:
    settings = [BASE, *ALL, "training.per_device_train_batch_size=8", "training.num_train_epochs=1"]
    train(record, title, FAST, PACKED, settings, limit(record))


def limit(record: Json) -> float:
    """Seconds that the next run may take."""
    return max(1.0, min(130.0, record["end"] - time.time()))


def part_example(record: Json) -> None:
    """Steady speed on the example dataset's lengths."""
    train(record, "steady, ours, example dataset", FAST, EXAMPLES, [BASE, *ALL], 110)


def part_memory(record: Json) -> None:
    """Peak memory of a few steps at the tutorial's batch, ours without packing; the two share the GPU."""
    few = [BASE, "data.validation=0.02", "data.test=0.9", "training.num_train_epochs=1"]
    same = ["training.per_device_train_batch_size=2", "training.packing=false", "training.gradient_checkpointing=true"]
    with ThreadPoolExecutor(2) as pool:
        for title, config in (("memory, ours", FAST), ("memory, tutorial", TUTORIAL)):
            pool.submit(train, record, title, config, JOB, few + same, 120)


def part_tests(record: Json) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-m", "gpu", "-p", "no:cacheprovider"]
    command += ["tests/trainer/test_cuda.py", "tests/trainer/test_train.py"]
    record["tests"] = call(command, 420)[1][-3000:]


def part_sharded(record: Json) -> None:
    """The loss of the embedded base sharded over two GPUs, and of a copy on each; they share the GPUs."""
    fsdp = "{transformer_layer_cls_to_wrap: [LlamaDecoderLayer], cpu_ram_efficient_loading: true}"
    with ThreadPoolExecutor(2) as pool:
        for title, sharding in (("FSDP", fsdp), ("DDP", "null")):
            settings = [*EMBEDDED, "training.num_train_epochs=1", f"training.fsdp_config={sharding}"]
            pool.submit(train, record, title, "configs/fsdp.yaml", EXAMPLES, settings, 150, 2)


def part_gpus(record: Json) -> None:
    """Speed and loss of the same steps on one GPU, in two halves each, and on two."""
    settings = [BASE, *ALL, "training.num_train_epochs=1", "training.per_device_train_batch_size=8"]
    for title, n_gpus, halves in (("1 GPU", 1, 2), ("2 GPUs", 2, 1)):
        steps = f"training.gradient_accumulation_steps={halves}"
        train(record, title, FAST, LONG, [*settings, steps], 150, n_gpus)


def part_quality(record: Json) -> None:
    """Held-out loss and accuracy after equal epochs, embedded base, example dataset, 3 seeds; they share the GPU."""
    holdout = yaml.safe_load(Path("configs/embedded.yaml").read_text())["data"]["holdout"]
    with ThreadPoolExecutor(6) as pool:
        for config, name in ((FAST, "ours"), (TUTORIAL, "tutorial")):
            for seed in (1, 2, 3):
                split = ["data.group=layout", f"data.holdout=[{','.join(holdout)}]", f"training.seed={seed}"]
                title = f"quality, {name}, seed {seed}"
                pool.submit(quality, record, title, config, [*EMBEDDED, *split])


def quality(record: Json, title: str, config: str, settings: Sequence[str]) -> None:
    """A run on the example dataset, and its adapter's accuracy on the test split."""
    train(record, title, config, EXAMPLES, settings, 300)
    options = arguments(title, config, EXAMPLES, [*settings, "eval.batch_size=256"])
    code, output = call([sys.executable, "-m", "benchmarks.accuracy", *options], 200)
    if code == 0:
        record["runs"][title]["accuracy"] = json.loads(output.strip().splitlines()[-1])
        print(f"benchmark: {title}: {record['runs'][title]['accuracy']}", flush=True)


if __name__ == "__main__":
    main()
