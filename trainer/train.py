"""Fine-tune the base model with LoRA (TRL's SFTTrainer; on CUDA through Unsloth).

Reads artifacts/<run>/data/{train,validation}.jsonl and the base model. Writes base.json (which commit of a hub's base),
adapter/ (whole or not at all), loss.png, checkpoints/ (after an epoch, a minute apart at least, two kept), older/ (what
an earlier training made) and the manifest's `train` entry.

    python -m trainer.train --config configs/embedded.yaml [--resume]
    torchrun --nproc-per-node 2 -m trainer.train --config configs/phi3-mini-fast.yaml    (make train NPROC=2)
"""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from extraction.json import Json
from pipeline import config as configuration
from pipeline.base import is_local
from pipeline.config import Config
from pipeline.errors import UserError, run
from pipeline.files import atomic_write, sha256
from pipeline.manifest import Facts, output_of, record_stage, up_to_date
from pipeline.reading import pruning, read_as
from trainer import ranking
from trainer.model import check_base, device_report, pin, prepare_libraries
from trainer.older import keep_adapter

if TYPE_CHECKING:  # it imports transformers
    from trainer.clock import Clock, Pace


def main() -> None:
    parser = configuration.arguments(__doc__ or "")
    parser.add_argument("--resume", action="store_true", help="go on from the last whole checkpoint")
    parser.add_argument("--begun", type=int, metavar="FD", help="file descriptor to write to before the first step")
    options = parser.parse_args()
    if options.begun is not None:
        os.set_inheritable(options.begun, False)
    config = configuration.from_arguments(options)
    train(config, resume=options.resume, begun=options.begun)


def train(config: Config, resume: bool = False, begun: int | None = None) -> None:
    """Run the stage; does nothing where its adapter is up to date. `begun`: a pipe that hears when steps begin."""
    check_base(config.model.model_name_or_path)
    asked, config = config, pin(config)
    ranking.choose(config)
    inputs = stage_inputs(config)
    if up_to_date(config.folder, "train", inputs):
        print(f"train: up to date ({config.folder}/adapter)")
        return
    prepare_libraries(config, training=True)
    from accelerate import PartialState

    from trainer import checkpoints
    from trainer.clock import Clock
    from trainer.sft import build

    clock = Clock()
    device = device_report()
    print(f"train: device: {device}", flush=True)
    processes = PartialState(cpu=device.startswith("CPU"))
    with processes.main_process_first():
        config = configuration.pinned(asked)  # as the first process has pinned it
        checkpoint = checkpoints.begin(config.folder / "checkpoints", inputs, resume)
    if resume:
        print(f"train: goes on from {checkpoint or 'the beginning: there is no whole checkpoint'}", flush=True)
    clock.end_phase("import")
    trainer, tokenizer, facts, pace = build(config, clock, checkpoint)
    if begun is not None:
        os.write(begun, b"cpu " if device.startswith("CPU") else b"cuda")
    started = time.monotonic()
    if config.training.num_train_epochs > 0:
        fit(config, trainer, checkpoint, facts)
    clock.end_phase("train")
    facts |= {"device": device, "seconds": round(time.monotonic() - started, 1)}
    write_outputs(config, trainer, tokenizer, inputs, facts, clock, pace)


def stage_inputs(config: Config) -> Json:
    """What the adapter depends on: data, base model and settings."""
    base = Path(config.model.model_name_or_path)
    weights = {path.name: sha256(path) for path in sorted(base.glob("*.safetensors"))} if is_local(str(base)) else {}
    pinned = {"revision": config.model.revision} if config.model.revision else {}
    return {
        "data": {
            name: output_of(config.folder, "data", f"data/{name}")
            for name in ("train.jsonl", "validation.jsonl", "schema.json")
        },
        "base": {"name": config.model.model_name_or_path, "weights": weights, **pinned},
        "lora": config.lora.model_dump(),
        "training": config.training.model_dump(exclude={"report_to", "logging_steps", "save_total_limit"}),
        "max_length": config.model.max_length,
        **read_as(config),
        "ranker": pruning(config),
        "distractors": config.data.distractors,
        "backend": config.model.backend,
        "load_in_4bit": config.model.load_in_4bit,
    }


def fit(config: Config, trainer: Any, checkpoint: Path | None, facts: Facts) -> None:
    """Train; Ctrl-C saves a whole checkpoint first. Too little GPU memory is a `UserError` that says what to change."""
    import torch

    from trainer import memory
    from trainer.progress import StopOnInterrupt

    interrupt = StopOnInterrupt()
    trainer.add_callback(interrupt)
    try:
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    except torch.OutOfMemoryError:
        four_bit = config.model.load_in_4bit
        advice = memory.advice(memory.Plan(**facts["plan"]), four_bit, facts["row"], facts["free_bytes"])
        raise UserError(advice) from None
    if interrupt.stopped:
        raise KeyboardInterrupt


def write_outputs(
    config: Config, trainer: Any, tokenizer: Any, inputs: Json, facts: Facts, clock: "Clock", pace: "Pace"
) -> None:
    """The adapter, the loss curve and the manifest's entry, by the first process; a sharded adapter is gathered."""
    import torch

    from trainer.progress import draw_loss

    history = trainer.state.log_history
    facts["loss"] = next((entry["loss"] for entry in reversed(history) if "loss" in entry), None)
    facts["validation_loss"] = next((entry["eval_loss"] for entry in reversed(history) if "eval_loss" in entry), None)
    weights = trainer.accelerator.get_state_dict(trainer.model_wrapped) if trainer.is_fsdp_enabled else None
    if not trainer.is_world_process_zero():
        return
    model = trainer.accelerator.unwrap_model(trainer.model)
    if config.lora.interpolation < 1:
        weights = interpolated(weights or model.state_dict(), config.lora.interpolation)
    with atomic_write(config.folder / "adapter") as folder:
        model.save_pretrained(folder, state_dict=weights)
        tokenizer.save_pretrained(folder)
        keep_adapter(config.folder / "adapter", successor=folder)
    configuration.save(config)
    if not history:
        record_stage(config.folder, "train", inputs, [config.folder / "adapter"], **facts)
        print(f"train: num_train_epochs is 0: the adapter in {config.folder}/adapter changes nothing")
        return
    draw_loss(config.folder / "loss.png", history)
    clock.end_phase("save")
    facts["phases"] = clock.phases | {"first_step": round(pace.first, 1)}
    facts["tokens_per_second"] = pace.tokens_per_second(facts["tokens"] * facts["epochs"] / trainer.state.max_steps)
    facts["steps"] = trainer.state.max_steps
    if torch.cuda.is_available():
        facts["peak_gib"] = round(torch.cuda.max_memory_allocated() / 2**30, 2)
    record_stage(config.folder, "train", inputs, [config.folder / "adapter"], **facts)
    print(f"train: {clock} (the first step took {pace.first:.1f})")
    print(f"train: {facts['seconds']:.0f} s, loss {facts['loss']:.4f}, validation {facts['validation_loss']:.4f}")
    print(f"train: adapter in {config.folder}/adapter, loss curve in {config.folder}/loss.png")


def interpolated(weights: Json, share: float) -> Json:
    """The weights of the mean of the fine-tuned model (`share`) and its base: the adapter's product, scaled.

    WiSE-FT (Wortsman et al. 2022, arXiv:2109.01903): keeps more of what the base does right on inputs unlike those that
    it was fine-tuned on.
    """
    return {name: value * share if ".lora_B." in name else value for name, value in weights.items()}


if __name__ == "__main__":
    run(main)
