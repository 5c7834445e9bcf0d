"""Pre-train the embedded base model from scratch on the generated corpus, within a budget of time, on one GPU or more.

Reads the tokenizer's files in the output folder; writes beside them config.json, generation_config.json and
model.safetensors (float16), training.json (the run's record with held-out figures), train-log.jsonl, heldout.jsonl and
learning-curve.png.

    python -m pretraining.train --out models/embedded --seconds 480
    python -m pretraining.train --out models/embedded --seconds 1000 --pause-after 500     (twice: pretraining.pt)
    torchrun --nproc-per-node 2 -m pretraining.train --out models/embedded --seconds 480     (a process a GPU)
    python -m pretraining.train --out /tmp/tiny --seconds 20 --tiny --rows 4     (a CPU will do)
"""

import argparse
import json
import os
from collections.abc import Iterator
from functools import partial
from itertools import count, islice
from pathlib import Path
from typing import Any

from extraction.json import Json
from pipeline.errors import UserError, run
from pipeline.files import write_jsonl, write_text
from pretraining import outcome, pause
from pretraining.clock import EVERY, Clock, line, print_once
from pretraining.stream import ANSWER, PROMPT, Batch, batches
from pretraining.team import Team

CONTEXT = 4096  # tokens in a row, and the longest conversation
MUON_LR = 0.012
ADAM_LR = 0.002
WARM_UP, DECAY = 0.02, 0.7  # shares of the time
PROMPT_WEIGHT = (0.3, 0.02)  # of a prompt token's loss at the beginning and from 80 % of the time on; an answer's is 1
ROUNDED = 0.75  # share of the time after which the model computes with 4-bit weights
UNTIMED = 3  # steps at learning rate 0 while the kernels are compiled
HELD_OUT_SEED = 900_000_000
LATER = 1_000  # added to the numbers of the workers, for each call before
Updates = list[tuple[Any, float]]  # optimizers, each with its highest learning rate


def architecture(vocabulary: int, tiny: bool) -> Any:
    """The model's `LlamaConfig`: 18.9 M parameters, every row a multiple of 256 as K-quants need it."""
    from transformers import LlamaConfig

    size: Json = {"hidden_size": 512, "intermediate_size": 768, "num_hidden_layers": 8, "num_attention_heads": 8}
    small: Json = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2}
    return LlamaConfig(
        vocab_size=vocabulary,
        **(small if tiny else size),
        num_key_value_heads=2,
        head_dim=64,
        max_position_embeddings=CONTEXT,
        rope_parameters={"rope_type": "default", "rope_theta": 50_000.0},
        tie_word_embeddings=True,
        bos_token_id=None,
        pad_token_id=1,
        eos_token_id=2,
    )


def schedule(done: float) -> float:
    """Factor of the learning rate when `done` (0 to 1) of the time has passed: warm-up, constant, linear to zero."""
    return max(0.0, min(1.0, done / WARM_UP, (1 - done) / DECAY))


def prompt_weight(done: float, first: float = PROMPT_WEIGHT[0]) -> float:
    """Weight of a prompt token's loss when `done` (0 to 1) of the time has passed; `first` at the beginning."""
    last = PROMPT_WEIGHT[1]
    return first + (last - first) * min(1.0, done / 0.8)


def losses(hidden: Any, embedding: Any, ids: Any, kind: Any, weight: Any) -> tuple[Any, Any]:
    """The weighted loss to descend, and the mean loss of the answers' tokens."""
    from torch.nn import functional as F  # noqa: N812

    logits = F.linear(hidden, embedding).float().flatten(0, 1)
    each = F.cross_entropy(logits, ids.roll(-1, 1).flatten(), reduction="none")
    answer, asked = (kind.flatten() == ANSWER).float(), (kind.flatten() == PROMPT).float()
    weights = answer + weight * asked
    return (each * weights).sum() / weights.sum(), (each.detach() * answer).sum() / answer.sum()


def optimizers(model: Any, device: str) -> Updates:
    """Muon for the matrices, AdamW for the embedding and the norms, each with its highest learning rate."""
    import torch

    from pretraining.optimizer import Muon

    matrices = [p for name, p in model.named_parameters() if p.dim() == 2 and "embed" not in name]
    others = [p for name, p in model.named_parameters() if p.dim() != 2 or "embed" in name]
    adam = torch.optim.AdamW(others, ADAM_LR, betas=(0.9, 0.95), weight_decay=0.0, fused=device == "cuda")
    return [(Muon(matrices, MUON_LR), MUON_LR), (adam, ADAM_LR)]


def begin_at(model: Any, folder: Path) -> None:
    """Give the model the weights of an earlier base."""
    from safetensors.torch import load_file

    kept = load_file(folder / "model.safetensors")
    model.load_state_dict({name: kept[name].float() for name in model.state_dict() if name in kept})


def train(
    model: Any,
    stream: Iterator[Batch],
    clock: Clock,
    log: list[Json],
    device: str,
    updates: Updates,
    first_weight: float = PROMPT_WEIGHT[0],
) -> None:
    """Train until the clock says stop, compilation not counted; the log's last row has the totals."""
    import torch

    from pretraining.llama import masker

    score = compiled(model) if device == "cuda" else losses
    recent: list[Any] = []
    mask_of = None
    for step in count(1):
        batch = clock.wait(stream)
        arrays = (batch.ids, batch.document, batch.kind)
        ids, document, kind = (torch.from_numpy(array.astype("int32")).to(device) for array in arrays)
        if clock.done >= ROUNDED:
            model.round()
        mask_of = mask_of or masker(ids.shape[0], ids.shape[1], device)
        weight = torch.full((), prompt_weight(clock.done, first_weight), device=device)
        mask = mask_of(document)
        with torch.autocast("cuda", torch.bfloat16, enabled=device == "cuda"):
            hidden = model.hidden(ids, mask)
            loss, answer_loss = score(hidden, model.model.embed_tokens.weight, ids.long(), kind, weight)
        loss.backward()
        clock.team.average(model.parameters())
        for optimizer, peak in updates if step > UNTIMED else ():
            for group in optimizer.param_groups:
                group["lr"] = peak * schedule(clock.done)
            optimizer.step()
        for optimizer, _ in updates:
            optimizer.zero_grad(set_to_none=True)
        if step == UNTIMED:
            print_once(clock.team, f"compiled: loss {answer_loss.item():.2f} after {clock.passed - clock.before:.0f} s")
            clock.start_again()
        elif step > UNTIMED:
            clock.steps += 1
            recent.append(answer_loss)
            if clock.steps % EVERY == 0 or clock.over:
                log.append(line(recent, clock))
                recent = []
            if clock.over:
                return


def compiled(model: Any) -> Any:
    """`losses` compiled, and the model's layers one by one: the whole model at once takes minutes."""
    import torch

    for layer in model.model.layers:
        layer.compile(dynamic=False)
    return torch.compile(losses, dynamic=False)


def main(
    out: Path,
    seconds: float,
    pause_after: float | None,
    start: Path | None,
    rate: float,
    first_weight: float,
    seed: int,
    rows: int,
    workers: int,
    held_out: int,
    tiny: bool,
) -> None:
    """Stream, train, save, evaluate, record; or, where the call's time ends before the budget, keep the state."""
    if not (out / "tokenizer.json").is_file():
        raise UserError(f"{out} has no tokenizer.json: run `python -m pretraining.tokenizer --out {out}` first")
    length = 512 if tiny else CONTEXT
    kept = out / "pretraining.pt"
    team = Team()
    calls = pause.calls(kept)
    # A later call's workers have seeds of their own, and so has every process.
    first = LATER * calls + team.rank * workers
    stream = batches(out / "tokenizer.json", seed, rows, length, workers, first)
    import torch
    from transformers import AutoTokenizer

    from pretraining.llama import Llama

    torch.manual_seed(seed)
    torch.set_float32_matmul_precision("high")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = Llama(architecture(len(AutoTokenizer.from_pretrained(out)), tiny)).to(device)
    parameters = sum(p.numel() for p in model.parameters())
    print_once(
        team,
        f"{parameters:,} parameters on {team.size} {device}, each {workers} workers, {rows} x {length} tokens a step",
    )
    if start:
        begin_at(model, start)
    updates = [(optimizer, peak * rate) for optimizer, peak in optimizers(model, device)]
    run_of: Json = {
        "seconds": seconds,
        "seed": seed,
        "rows": rows,
        "processes": team.size,
        "start": start and str(start),
        "rate": rate,
        "prompt_weight": [first_weight, PROMPT_WEIGHT[1]],
    }
    facts = pause.load(kept, model, updates, device, run_of) or {"log": [], "clock": {"passed": 0.0}}
    clock = Clock(team, seconds, facts["clock"]["passed"] + (pause_after or seconds), **facts["clock"])
    train(model, stream, clock, facts["log"], device, updates, first_weight)
    team.leave()
    if not team.first:
        return
    if clock.done < 1:
        totals = {"passed": clock.passed, "steps": clock.steps, "tokens": clock.tokens}
        pause.save(kept, model, updates, run_of | {"log": facts["log"], "clock": totals, "calls": calls + 1})
        print(f"{seconds - clock.passed:.0f} s are left: the same command goes on from {kept}")
        return
    finish(out, model, facts["log"], run_of, held_out, device)
    kept.unlink(missing_ok=True)


def finish(out: Path, model: Any, log: list[Json], run_of: Json, held_out: int, device: str) -> None:
    """Write the model, the record, the curve, and what it answers to samples that it was not trained on."""
    from pretraining import heldout
    from pretraining.stream import samples

    outcome.save(model, out)
    write_jsonl(out / "train-log.jsonl", log)
    outcome.draw(log, out / "learning-curve.png")
    rates = {"muon": MUON_LR, "adamw": ADAM_LR, "warm_up": WARM_UP, "decay": DECAY, "rounded_from": ROUNDED}
    facts: Json = {**run_of, "parameters": sum(p.numel() for p in model.parameters()), "rates": rates}
    result = outcome.record(device, log, **facts)
    write_text(out / "training.json", json.dumps(result, indent=1))
    chosen = list(islice(samples(HELD_OUT_SEED + run_of["seed"]), held_out))
    answers = list(heldout.judge(chosen, heldout.answers(out, chosen, device)))
    write_jsonl(out / "heldout.jsonl", answers)
    result["held_out"] = heldout.figures(answers)
    write_text(out / "training.json", json.dumps(result, indent=1))
    print(json.dumps(result["held_out"], indent=1))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("models/embedded"))
    parser.add_argument("--seconds", type=float, default=480, help="of training, after compilation")
    parser.add_argument("--pause-after", type=float, help="seconds of training in this call; the same command goes on")
    parser.add_argument("--start", type=Path, help="a base of this architecture to begin with; default: random weights")
    parser.add_argument("--rate", type=float, default=1.0, help="factor of the learning rates; lower after --start")
    parser.add_argument(
        "--first-weight", type=float, default=PROMPT_WEIGHT[0], help="of a prompt's token at first; lower after --start"
    )
    parser.add_argument("--seed", type=int, default=3407)
    parser.add_argument("--rows", type=int, default=16, help=f"of {CONTEXT} tokens a step, a GPU")
    cores = (os.cpu_count() or 2) // int(os.environ.get("LOCAL_WORLD_SIZE", 1))
    parser.add_argument("--workers", type=int, default=max(1, cores - 1), help="processes that make samples, a GPU")
    parser.add_argument("--held-out", type=int, default=300, help="samples of the evaluation at the end")
    parser.add_argument("--tiny", action="store_true", help="two small layers and short rows, to try the program")
    run(partial(main, **vars(parser.parse_args())))
