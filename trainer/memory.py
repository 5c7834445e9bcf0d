"""What fits into the GPU's memory: the batch, and whether activations are kept or computed again.

A forward pass keeps activations of every token for the backward pass. With gradient checkpointing it keeps one vector a
layer and computes the rest again, which costs half as much time again; so that is done only where nothing else fits.
"""

from dataclasses import asdict, dataclass
from typing import Any

from pipeline.config import Training

GIB = 2**30
SHARE = 0.85  # of the free memory; the allocator's gaps, cuBLAS and the evaluation need the rest
STEPS = 48  # of a training: with fewer, the same epochs teach less (docs/gpu.md has what was measured)
CPU_TOKENS = 8192  # of a batch: the embedded base took 3.5 GB of memory for 7,154
# Activations in multiples of a layer's 16-bit (10 * hidden + 2.5 * feed-forward) numbers a token. Unsloth: Phi-3-mini's
# shape took 3.0 MB a token, which is 0.93 of it. PEFT keeps float32 copies of each adapter's input too.
OVERHEAD = {"unsloth": 1.0, "trl": 3.0}


@dataclass(frozen=True)
class Plan:
    """Rows of a batch on one device, batches of a step, and whether gradients are checkpointed."""

    per_device_train_batch_size: int
    gradient_accumulation_steps: int
    gradient_checkpointing: bool

    def asdict(self) -> dict[str, Any]:
        return asdict(self)


def largest_batch(rows: int, epochs: float, batches: int) -> int:
    """The most rows of a batch that leave `STEPS` steps, each of `batches` batches, to a training of so many epochs."""
    return max(1, int(rows * epochs / (STEPS * batches)))


def cpu_plan(training: Training, row: int) -> Plan:
    """A CPU's: steps in as many parts as keep a batch of rows of `row` tokens to `CPU_TOKENS`; "auto" is 2 rows."""
    batch, parts = training.per_device_train_batch_size, training.gradient_accumulation_steps
    if batch == "auto":
        batch = 2
    else:
        while batch % 2 == 0 and batch * row > CPU_TOKENS:
            batch, parts = batch // 2, parts * 2
    return Plan(batch, parts, training.gradient_checkpointing is True)


@dataclass(frozen=True)
class Shape:
    """What of a model decides how much a training step needs."""

    hidden: int
    feed_forward: int
    layers: int
    vocabulary: int
    r: int

    def bytes_per_token(self, backend: str, checkpointing: bool) -> float:
        """Activations of one token, the logits in float32 with their gradient included (Unsloth makes none)."""
        layer = 2 * (10 * self.hidden + 2.5 * self.feed_forward) * OVERHEAD[backend]
        logits = 12 * self.vocabulary if backend == "trl" else 0
        return (2 * self.hidden * self.layers + layer if checkpointing else self.layers * layer) + logits

    def adapter_bytes(self) -> float:
        """Weights, gradients and AdamW's two moments of the adapter, in float32."""
        return 16 * self.r * self.layers * (11 * self.hidden + 3 * self.feed_forward)


def shape(config: Any, r: int) -> Shape:
    """The `Shape` of a transformers config."""
    text = config.get_text_config()
    return Shape(text.hidden_size, text.intermediate_size, text.num_hidden_layers, text.vocab_size, r)


def plan(
    model: Shape, backend: str, free: int, row: int, batch: int | str, parts: int, most: int, checkpointing: bool | str
) -> Plan:
    """The largest batch of rows of `row` tokens that `free` bytes hold, a power of two up to `most`.

    A `batch` or `checkpointing` other than "auto" stays as it is. A step has `parts` batches.
    """
    room = SHARE * free - model.adapter_bytes()
    choices = (False, True) if checkpointing == "auto" else (bool(checkpointing),)
    for choice in choices:
        fits = int(room // (row * model.bytes_per_token(backend, choice)))
        if fits >= (1 if batch == "auto" else int(batch)):
            break
    if batch == "auto":
        batch = 1 << (max(1, min(fits, most)).bit_length() - 1)
    return Plan(int(batch), parts, choice)


def optimizer(chosen: Plan, cuda: bool) -> str:
    """The AdamW of a device. In 8 bit it takes 0.7 GiB less for Phi-3-mini, and a kernel launch a matrix."""
    if not cuda:
        return "adamw_torch"
    return "adamw_8bit" if chosen.gradient_checkpointing else "adamw_torch_fused"


def advice(chosen: Plan, load_in_4bit: bool, row: int, free: int) -> str:
    """One sentence for a GPU that ran out of memory: what did not fit, the key to change, and its next value."""
    batch = chosen.per_device_train_batch_size
    problem = (
        f"the GPU's memory ({free / GIB:.1f} GiB free before training) does not hold a batch of {batch} × {row} tokens"
    )
    if not chosen.gradient_checkpointing:
        return f"{problem} without gradient checkpointing: set training.gradient_checkpointing=true"
    if batch > 1:
        return f"{problem}: set training.per_device_train_batch_size={batch // 2}"
    if not load_in_4bit:
        return f"{problem}: set model.load_in_4bit=true"
    return f"{problem}: set model.max_length={row // 2}, which must hold the longest example, or a smaller base model"
