"""Pre-train the embedded base model from scratch on the generated corpus, within a budget of time, on one GPU.

Reads the tokenizer's files in the output folder; writes beside them config.json, generation_config.json and
model.safetensors (float16), training.json (the run's record with held-out figures), train-log.jsonl, heldout.jsonl and
learning-curve.png.

    python -m trainer.base.pretrain --out models/embedded --seconds 480
    python -m trainer.base.pretrain --out /tmp/tiny --seconds 20 --tiny --rows 4     (a CPU will do)
"""

import argparse
import json
import os
import time
from collections.abc import Iterator
from functools import partial
from itertools import count, islice
from pathlib import Path
from typing import Any

from extraction.errors import UserError, run
from extraction.files import write_jsonl, write_text
from trainer.base import outcome
from trainer.base.stream import ANSWER, PROMPT, Batch, batches

CONTEXT = 4096  # tokens in a row, and the longest conversation
MUON_LR = 0.02
ADAM_LR = 0.003
WARM_UP, DECAY = 0.02, 0.4  # shares of the time
PROMPT_WEIGHT = (0.3, 0.02)  # of a prompt token's loss at the beginning and from 80 % of the time on; an answer's is 1
UNTIMED = 3  # steps at learning rate 0 while the kernels are compiled
EVERY = 100  # steps between two lines of the log
HELD_OUT_SEED = 900_000_000
Json = dict[str, Any]


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


def prompt_weight(done: float) -> float:
    """Weight of a prompt token's loss when `done` (0 to 1) of the time has passed."""
    first, last = PROMPT_WEIGHT
    return first + (last - first) * min(1.0, done / 0.8)


def losses(hidden: Any, embedding: Any, ids: Any, kind: Any, weight: Any) -> tuple[Any, Any]:
    """The weighted loss to descend, and the mean loss of the answers' tokens."""
    from torch.nn import functional as F  # noqa: N812

    logits = F.linear(hidden, embedding).float().flatten(0, 1)
    each = F.cross_entropy(logits, ids.roll(-1, 1).flatten(), reduction="none")
    answer, asked = (kind.flatten() == ANSWER).float(), (kind.flatten() == PROMPT).float()
    weights = answer + weight * asked
    return (each * weights).sum() / weights.sum(), (each.detach() * answer).sum() / answer.sum()


def optimizers(model: Any, device: str) -> list[tuple[Any, float]]:
    """Muon for the matrices, AdamW for the embedding and the norms, each with its highest learning rate."""
    import torch

    from trainer.base.optimizer import Muon

    matrices = [p for name, p in model.named_parameters() if p.dim() == 2 and "embed" not in name]
    others = [p for name, p in model.named_parameters() if p.dim() != 2 or "embed" in name]
    adam = torch.optim.AdamW(others, ADAM_LR, betas=(0.9, 0.95), weight_decay=0.0, fused=device == "cuda")
    return [(Muon(matrices, MUON_LR), MUON_LR), (adam, ADAM_LR)]


def train(model: Any, stream: Iterator[Batch], seconds: float, device: str) -> list[Json]:
    """Train for `seconds` after compilation; return the log's rows, the last of which has the totals."""
    import torch

    from trainer.base.llama import masker

    updates = optimizers(model, device)
    score = losses
    if device == "cuda":  # layer by layer: the whole model at once takes minutes
        score = torch.compile(losses, dynamic=False)
        for layer in model.model.layers:
            layer.compile(dynamic=False)
    clock = Clock(seconds)
    log: list[Json] = []
    recent: list[Any] = []
    mask_of = None
    for step in count(1):
        made = clock.wait(stream)
        arrays = (made.ids, made.document, made.kind)
        ids, document, kind = (torch.from_numpy(array.astype("int32")).to(device) for array in arrays)
        mask_of = mask_of or masker(ids.shape[0], ids.shape[1], device)
        for optimizer, peak in updates:
            for group in optimizer.param_groups:
                group["lr"] = peak * schedule(clock.done) if step > UNTIMED else 0.0
        weight = torch.full((), prompt_weight(clock.done), device=device)
        mask = mask_of(document)
        with torch.autocast("cuda", torch.bfloat16, enabled=device == "cuda"):
            hidden = model.hidden(ids, mask)
            loss, answer_loss = score(hidden, model.model.embed_tokens.weight, ids.long(), kind, weight)
        loss.backward()
        for optimizer, _ in updates:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        recent.append(answer_loss)
        if step == UNTIMED:
            print(f"compiled: loss {answer_loss.item():.2f} after {clock.passed:.0f} s", flush=True)
            clock, recent = Clock(seconds), []
        elif step > UNTIMED and (step % EVERY == 0 or clock.done >= 1):
            log.append(line(recent, step - UNTIMED, clock))
            recent = []
            if clock.done >= 1:
                return log
    raise AssertionError


class Clock:
    """The time budget, the tokens trained in it, and the time spent waiting for data."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.start, self.waited, self.tokens = seconds, time.monotonic(), 0.0, 0

    @property
    def passed(self) -> float:
        return time.monotonic() - self.start

    @property
    def done(self) -> float:
        """Share of the time that has passed."""
        return self.passed / self.seconds

    def wait(self, stream: Iterator[Batch]) -> Batch:
        """The next batch."""
        before = time.monotonic()
        made = next(stream)
        self.waited += time.monotonic() - before
        self.tokens += int((made.document > 0).sum())
        return made


def line(recent: list[Any], step: int, clock: Clock) -> Json:
    """A row of the log, printed as well; the loss is the answers' mean over the `recent` steps."""
    loss = sum(value.item() for value in recent) / len(recent)
    if loss != loss:
        raise UserError(f"the loss is not a number at step {step}: lower MUON_LR and ADAM_LR")
    row = {"step": step, "tokens": clock.tokens, "seconds": round(clock.passed, 1), "answer_loss": round(loss, 5)}
    row |= {
        "tokens_per_second": round(clock.tokens / clock.passed),
        "waiting_for_data": round(clock.waited / clock.passed, 3),
    }
    print(f"{json.dumps(row)} {max(0, clock.seconds - clock.passed):.0f} s left", flush=True)
    return row


def main(out: Path, seconds: float, seed: int, rows: int, workers: int, held_out: int, tiny: bool) -> None:
    """Stream, train, save, evaluate, record."""
    if not (out / "tokenizer.json").is_file():
        raise UserError(f"{out} has no tokenizer.json: run `python -m trainer.base.tokenizer --out {out}` first")
    length = 512 if tiny else CONTEXT
    stream = batches(out / "tokenizer.json", seed, rows, length, workers)
    import torch
    from transformers import AutoTokenizer

    from trainer.base import corpus, heldout
    from trainer.base.lengthen import lengthen
    from trainer.base.llama import Llama

    torch.manual_seed(seed)
    torch.set_float32_matmul_precision("high")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = Llama(architecture(len(AutoTokenizer.from_pretrained(out)), tiny)).to(device)
    parameters = sum(p.numel() for p in model.parameters())
    print(f"{parameters:,} parameters on {device}, {workers} workers, {rows} x {length} tokens a step", flush=True)
    log = train(model, stream, seconds, device)
    outcome.save(model, out)
    write_jsonl(out / "train-log.jsonl", log)
    outcome.draw(log, out / "learning-curve.png")
    rates = {"muon": MUON_LR, "adamw": ADAM_LR, "warm_up": WARM_UP, "decay": DECAY}
    facts: Json = {"seed": seed, "parameters": parameters, "rates": rates, "prompt_weight": PROMPT_WEIGHT}
    result = outcome.record(device, log, **facts)
    write_text(out / "training.json", json.dumps(result, indent=1))
    unseen = HELD_OUT_SEED + seed
    samples = list(islice(lengthen(corpus.samples(unseen), unseen), held_out))
    judged = list(heldout.judge(samples, heldout.answers(out, samples, device)))
    write_jsonl(out / "heldout.jsonl", judged)
    result["held_out"] = heldout.figures(judged)
    write_text(out / "training.json", json.dumps(result, indent=1))
    print(json.dumps(result["held_out"], indent=1))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("models/embedded"))
    parser.add_argument("--seconds", type=float, default=480, help="of training, after compilation")
    parser.add_argument("--seed", type=int, default=3407)
    parser.add_argument("--rows", type=int, default=16, help=f"of {CONTEXT} tokens a step")
    parser.add_argument(
        "--workers", type=int, default=max(1, (os.cpu_count() or 2) - 1), help="processes that make samples"
    )
    parser.add_argument("--held-out", type=int, default=300, help="samples of the evaluation at the end")
    parser.add_argument("--tiny", action="store_true", help="two small layers and short rows, to try the program")
    run(partial(main, **vars(parser.parse_args())))
