"""Measure which batch a short job should have: what is learnt by batch, and how fast a step is by its tokens.

`learning` trains the embedded base on ROWS of the example dataset with packing, for every number of rows, epochs and
batch, seed by seed, several at a time in processes that share the GPU. `learning-half-billion` does so with that base
grown to half a billion weights (benchmarks/grown.py). `speed` times steps of a model of half a billion random weights
on Unsloth, by tokens in a batch, with its own layers and with ours (trainer/fast.py). Writes OUT/short.jsonl as the
results come, and prints the tables. What OUT/short.jsonl has of the grid is not trained again.

    python -m benchmarks.short [--only learning learning-half-billion speed] [--seconds 240] [--out FOLDER]
                               [--processes 6] [--seeds 1 2 3]
"""

import argparse
import gc
import json
import multiprocessing
import shutil
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import grown
from extraction.json import Json
from pipeline import config as configuration
from pipeline import data
from pipeline.errors import run
from pipeline.files import read_jsonl

WORK = Path("artifacts/benchmark")
ROWS, EPOCHS, SEEDS = (100, 300, 800), (1, 3), (1, 2, 3)
TOKENS = (1024, 2048, 4096, 8192, 16384)
HALF_BILLION = {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16}
HALF_BILLION["num_key_value_heads"] = 16
WARM, STEPS = 4, 12  # that compile kernels, and that are timed
CONFIG = "configs/phi3-mini-fast.yaml"
SIXTEEN_BIT = ("model.load_in_4bit=false", "model.backend=trl")
SPLIT = ("data.path=data/products.jsonl", "data.validation=0.15", "data.test=0.05")


class Base(NamedTuple):
    """What is trained, and by which batches; of a batch `at_once` rows are computed at once."""

    name: str
    folder: Path
    batches: tuple[int, ...]
    at_once: int
    left_out: tuple[tuple[int, int, int], ...] = ()  # rows, epochs, batch: what would take too long


EMBEDDED = Base("embedded", Path("models/embedded"), (1, 2, 4, 8, 16), 4)
GROWN = Base("half a billion", WORK / "grown-half-billion", (1, 2, 4, 8), 2, ((800, 3, 1),))


class Cell(NamedTuple):
    base: Base
    rows: int
    epochs: int
    batch: int
    seed: int


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", choices=tuple(TABLES), default=tuple(TABLES))
    parser.add_argument("--seconds", type=float, default=3600, help="of all together")
    parser.add_argument("--processes", type=int, default=6, help="that train at the same time")
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--out", type=Path, default=WORK / "short")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + options.seconds
    path = options.out / "short.jsonl"
    known = read_jsonl(path) if path.is_file() else []
    parts: dict[str, Callable[[float], Iterable[Json]]] = {
        "learning": partial(learning, EMBEDDED, options.processes, options.seeds, known),
        "learning-half-billion": partial(learning, GROWN, options.processes, options.seeds, known),
        "speed": speed,
    }
    for part in options.only:
        found = []
        for entry in parts[part](end):
            found.append(entry)
            if entry not in known:
                with path.open("a") as file:
                    file.write(json.dumps(entry) + "\n")
        print(TABLES[part](found), flush=True)


def learning(base: Base, processes: int, seeds: Sequence[int], known: list[Json], end: float) -> Iterable[Json]:
    """What each cell of the grid reached: first those that are known, then the others as they come."""
    cells = grid(base, seeds)
    of_base = [entry for entry in known if entry.get("base") == base.name]
    done_before = {Cell(base, *(entry[name] for name in Cell._fields[1:])): entry for entry in of_base}
    yield from (done_before[cell] for cell in cells if cell in done_before)
    cells = [cell for cell in cells if cell not in done_before]
    if not cells:
        return
    prepare(base)
    workers = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"))
    try:
        begun = {workers.submit(learn, cell): cell for cell in cells}
        for done in as_completed(begun, timeout=max(1.0, end - time.monotonic())):
            try:
                yield begun[done]._asdict() | {"base": base.name} | done.result()
            except Exception as error:  # the other cells still have something to say
                print(f"benchmark: {begun[done][1:]}: {type(error).__name__}: {error}", flush=True)
    except TimeoutError:
        print("benchmark: time was up before every cell was trained", flush=True)
    finally:
        for process in list((workers._processes or {}).values()):
            process.kill()
        workers.shutdown(wait=False, cancel_futures=True)


def grid(base: Base, seeds: Sequence[int]) -> list[Cell]:
    """The cells by seed, so that a part of them is a table too; of a seed's the longest first."""
    every = product(ROWS, EPOCHS, base.batches, seeds)
    cells = [Cell(base, *cell) for cell in every if cell[:3] not in base.left_out]
    return sorted(cells, key=lambda cell: (cell.seed, -cell.rows * cell.epochs, cell.batch))


def settings(base: Base) -> list[str]:
    return [f"model.model_name_or_path={base.folder}", *SIXTEEN_BIT, *SPLIT]


def prepare(base: Base) -> None:
    """The base, the data and the ranker that every cell reads."""
    from trainer import ranking

    if base is GROWN:
        grown.make(base.folder)
    name = f"short-{base.folder.name}"
    sys.argv = ["data", "--config", CONFIG, "--run", name, "--set", *settings(base)]
    data.main()
    ranking.choose(configuration.load(Path(CONFIG), settings(base), run=name))


def learn(cell: Cell) -> Json:
    """Train a cell: held-out loss, steps an epoch, seconds of the training and of the held-out loss."""
    from trainer.model import prepare_libraries

    shared = f"short-{cell.base.folder.name}"
    config = configuration.load(
        Path(CONFIG), [*settings(cell.base), *of_cell(cell)], run=f"{shared}-{'-'.join(map(str, cell[1:]))}"
    )
    shutil.rmtree(config.folder, ignore_errors=True)
    shutil.copytree(config.folder.with_name(shared), config.folder)
    train = config.folder / "data" / "train.jsonl"
    train.write_text("".join(line + "\n" for line in train.read_text().split("\n")[: cell.rows] if line))
    prepare_libraries(config, training=True)
    import torch

    from trainer.clock import Clock
    from trainer.sft import build

    trainer, *_ = build(config, Clock(), None)
    trainer.args.save_strategy = trainer.args.eval_strategy = "no"
    began = time.monotonic()
    trainer.train()
    facts = {"loss": trainer.evaluate()["eval_loss"], "steps": trainer.state.max_steps / cell.epochs}
    facts["seconds"] = round(time.monotonic() - began, 2)
    shutil.rmtree(config.folder)
    del trainer
    gc.collect()
    torch.cuda.empty_cache()  # the other processes want it
    return facts


def of_cell(cell: Cell) -> list[str]:
    at_once = min(cell.batch, cell.base.at_once)
    return [
        f"training.num_train_epochs={cell.epochs}",
        f"training.per_device_train_batch_size={at_once}",
        f"training.gradient_accumulation_steps={cell.batch // at_once}",
        "training.gradient_checkpointing=false",  # else what the other processes leave would choose the optimizer
        f"training.seed={cell.seed}",
    ]


def learning_table(found: list[Json]) -> str:
    """Held-out loss, the mean of the seeds with their range, by rows, epochs and batch."""
    lines = ["| rows | epochs | batch | steps an epoch | held-out loss | lowest | highest | seeds |"]
    lines.append("|---|---|---|---|---|---|---|---|")
    for rows, epochs, batch in product(ROWS, EPOCHS, sorted({entry["batch"] for entry in found})):
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
        fast.FEWEST = fewest
        seconds = step_seconds(model, optimizer, tokens)
        layers = "ours" if fewest == 1 else "Unsloth's"
        yield {"tokens": tokens, "layers": layers, "seconds": seconds, "tokens_per_second": round(tokens / seconds)}


def make(folder: Path) -> None:
    """A base of half a billion random weights in bfloat16 with the embedded base's tokenizer, where it is not there."""
    import torch
    from transformers import AutoModelForCausalLM, LlamaConfig

    from benchmarks.phi3 import SHAPE, copy_tokenizer

    if (folder / "config.json").is_file():
        return
    shape = {key: value for key, value in SHAPE.items() if key != "sliding_window"} | HALF_BILLION
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(LlamaConfig(**shape), dtype=torch.bfloat16).save_pretrained(folder)
    copy_tokenizer(folder)


def step_seconds(model: Any, optimizer: Any, tokens: int) -> float:
    """The median of `STEPS` steps on rows of up to 2,048 random tokens."""
    import torch

    ids = torch.randint(3, 8000, (max(1, tokens // 2048), min(tokens, 2048)), device=model.device)
    times = []
    for _ in range(WARM + STEPS):
        torch.cuda.synchronize()
        began = time.monotonic()
        with torch.autocast("cuda", torch.bfloat16):
            loss = model(input_ids=ids, labels=ids).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        torch.cuda.synchronize()
        times.append(time.monotonic() - began)
    return round(statistics.median(times[WARM:]), 4)


def speed_table(found: list[Json]) -> str:
    lines = ["| tokens a step | layers | tokens/s, each time |", "|---|---|---|"]
    for tokens, layers in product(TOKENS, ("ours", "Unsloth's")):
        same = [entry for entry in found if (entry["tokens"], entry["layers"]) == (tokens, layers)]
        if same:
            shown = ", ".join(f"{entry['tokens_per_second']:,}" for entry in same)
            lines.append(f"| {tokens:,} | {layers} | {shown} |")
    return "\n".join(lines)


TABLES = {"speed": speed_table, "learning": learning_table, "learning-half-billion": learning_table}


if __name__ == "__main__":
    run(main)
