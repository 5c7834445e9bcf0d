"""Measure which batch a short job should have: what is learnt by batch, and how fast a step is by its tokens.

`learning` trains the embedded base on ROWS of the example dataset with packing, for every number of rows, epochs and
batch, with three seeds, several at a time in processes that share the GPU. `speed` times steps of a model of half a
billion random weights on Unsloth, by tokens in a batch, with its own layers and with ours (trainer/fast.py). Writes
OUT/short.jsonl as the results come, and prints the tables.

    python -m benchmarks.short [--only learning speed] [--seconds 240] [--out artifacts/benchmark/short]
"""

import argparse
import json
import multiprocessing
import shutil
import statistics
import sys
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from extraction.json import Json
from pipeline import config as configuration
from pipeline import data
from pipeline.config import Config
from pipeline.errors import run

WORK = Path("artifacts/benchmark")
ROWS, EPOCHS, BATCHES, SEEDS = (100, 300, 800), (1, 3), (1, 2, 4, 8, 16), (1, 2, 3)
PROCESSES = 6
TOKENS = (1024, 2048, 4096, 8192, 16384)
HALF_BILLION = {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16}
HALF_BILLION["num_key_value_heads"] = 16
STEPS = 12  # that are timed; as many before them compile kernels
CONFIG = "configs/phi3-mini-fast.yaml"
EMBEDDED = ("model.model_name_or_path=models/embedded", "model.load_in_4bit=false", "model.backend=trl")
SPLIT = ("data.path=data/products.jsonl", "data.validation=0.15", "data.test=0.05")


class Cell(NamedTuple):
    rows: int
    epochs: int
    batch: int
    seed: int


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", choices=("speed", "learning"), default=["speed", "learning"])
    parser.add_argument("--seconds", type=float, default=3600, help="of all together")
    parser.add_argument("--out", type=Path, default=WORK / "short")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + options.seconds
    for part in options.only:
        found = []
        for entry in PARTS[part](end):
            found.append(entry)
            with (options.out / "short.jsonl").open("a") as file:
                file.write(json.dumps(entry) + "\n")
        print(TABLES[part](found), flush=True)


def learning(end: float) -> Iterable[Json]:
    """What each cell of the grid reached, as it comes; the largest cells begin first."""
    prepare()
    cells = [Cell(*cell) for cell in product(ROWS, EPOCHS, BATCHES, SEEDS)]
    cells.sort(key=lambda cell: (-cell.rows * cell.epochs, cell.batch))  # the hungriest do not begin together
    workers = ProcessPoolExecutor(PROCESSES, multiprocessing.get_context("spawn"))
    try:
        begun = {workers.submit(learn, cell): cell for cell in cells}
        for done in as_completed(begun, timeout=max(1.0, end - time.monotonic())):
            try:
                yield begun[done]._asdict() | done.result()
            except Exception as error:  # the other cells still have something to say
                print(f"benchmark: {begun[done]}: {type(error).__name__}: {error}", flush=True)
    except TimeoutError:
        print("benchmark: time was up before every cell was trained", flush=True)
    finally:
        for process in list((workers._processes or {}).values()):
            process.kill()
        workers.shutdown(wait=False, cancel_futures=True)


def settings(name: str, *more: str) -> Config:
    return configuration.load(Path(CONFIG), [*EMBEDDED, *SPLIT, *more], run=name)


def prepare() -> None:
    """The data and the ranker that every cell reads."""
    from trainer import ranking

    sys.argv = ["data", "--config", CONFIG, "--run", "short", "--set", *EMBEDDED, *SPLIT]
    data.main()
    ranking.choose(settings("short"))


def learn(cell: Cell) -> Json:
    """Train a cell: held-out loss, steps an epoch, seconds of the training loop."""
    from trainer.model import prepare_libraries

    config = settings(
        f"short-{'-'.join(map(str, cell))}",
        f"training.num_train_epochs={cell.epochs}",
        f"training.per_device_train_batch_size={cell.batch}",
        f"training.seed={cell.seed}",
    )
    shutil.rmtree(config.folder, ignore_errors=True)
    shutil.copytree(config.folder.with_name("short"), config.folder)
    train = config.folder / "data" / "train.jsonl"
    train.write_text("".join(line + "\n" for line in train.read_text().split("\n")[: cell.rows] if line))
    prepare_libraries(config, training=True)
    import torch

    from trainer.clock import Clock
    from trainer.sft import build

    trainer, *_ = build(config, Clock(), None)
    trainer.args.save_strategy = "no"
    began = time.monotonic()
    trainer.train()
    losses = [entry["eval_loss"] for entry in trainer.state.log_history if "eval_loss" in entry]
    shutil.rmtree(config.folder)
    torch.cuda.empty_cache()  # the other processes want it
    facts = {"loss": losses[-1], "steps": trainer.state.max_steps / cell.epochs}
    return facts | {"seconds": round(time.monotonic() - began, 2)}


def learning_table(found: list[Json]) -> str:
    """Held-out loss, the mean of the seeds with their range, by rows, epochs and batch."""
    lines = ["| rows | epochs | batch | steps an epoch | held-out loss | lowest | highest | seeds |"]
    lines.append("|---|---|---|---|---|---|---|---|")
    for rows, epochs, batch in product(ROWS, EPOCHS, BATCHES):
        same = [entry for entry in found if (entry["rows"], entry["epochs"], entry["batch"]) == (rows, epochs, batch)]
        if same:
            losses, steps = [entry["loss"] for entry in same], same[0]["steps"]
            figures = " | ".join(f"{value:.4f}" for value in (statistics.mean(losses), min(losses), max(losses)))
            lines.append(f"| {rows} | {epochs} | {batch} | {steps:g} | {figures} | {len(same)} |")
    return "\n".join(lines)


def speed(end: float) -> Iterable[Json]:
    """Seconds of a step, by tokens and by whose layers compute it; tokens a second."""
    base = WORK / "half-billion"
    make(base)
    config = configuration.load(
        Path(CONFIG), [f"model.model_name_or_path={base}", "model.load_in_4bit=false"], run="short-speed"
    )
    from trainer.model import prepare_libraries

    prepare_libraries(config, training=True)
    import torch

    from trainer import fast

    model = fast.add_lora(fast.load_base(config), config, False)
    learnt = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(learnt, lr=1e-4, fused=True)
    for tokens, fewest in product(TOKENS, (1, 1 << 40, 1, 1 << 40)):
        if time.monotonic() > end:
            break
        fast.FEWEST_TOKENS = fewest
        seconds = step_seconds(model, optimizer, tokens)
        layers = "ours" if fewest == 1 else "Unsloth's"
        yield {"tokens": tokens, "layers": layers, "seconds": seconds, "tokens_per_second": round(tokens / seconds)}


def make(folder: Path) -> None:
    """A base of half a billion random weights in bfloat16 with the embedded base's tokenizer, where it is not there."""
    import torch
    from transformers import AutoModelForCausalLM, LlamaConfig

    from benchmarks.phi3 import SHAPE, TOKENIZER

    if (folder / "config.json").is_file():
        return
    shape = {key: value for key, value in SHAPE.items() if key != "sliding_window"} | HALF_BILLION
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(LlamaConfig(**shape), dtype=torch.bfloat16).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer.model", "tokenizer_config.json", "chat_template.jinja"):
        shutil.copy(TOKENIZER / name, folder / name)


def step_seconds(model: Any, optimizer: Any, tokens: int) -> float:
    """The median of `STEPS` steps on rows of up to 2,048 random tokens."""
    import torch

    ids = torch.randint(3, 8000, (max(1, tokens // 2048), min(tokens, 2048)), device=model.device)
    times = []
    for _ in range(2 * STEPS):
        torch.cuda.synchronize()
        began = time.monotonic()
        with torch.autocast("cuda", torch.bfloat16):
            loss = model(input_ids=ids, labels=ids).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        torch.cuda.synchronize()
        times.append(time.monotonic() - began)
    return round(statistics.median(times[STEPS:]), 4)


def speed_table(found: list[Json]) -> str:
    lines = ["| tokens a step | layers | tokens/s, each time |", "|---|---|---|"]
    for tokens, layers in product(TOKENS, ("ours", "Unsloth's")):
        same = [entry for entry in found if (entry["tokens"], entry["layers"]) == (tokens, layers)]
        if same:
            shown = ", ".join(f"{entry['tokens_per_second']:,}" for entry in same)
            lines.append(f"| {tokens:,} | {layers} | {shown} |")
    return "\n".join(lines)


PARTS = {"learning": learning, "speed": speed}
TABLES = {"learning": learning_table, "speed": speed_table}


if __name__ == "__main__":
    run(main)
