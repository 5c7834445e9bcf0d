"""Fine-tune the base model with LoRA (TRL's SFTTrainer and PEFT).

Reads artifacts/<run>/data/{train,validation}.jsonl and the base model. Writes adapter/ (whole or not at all), loss.png,
checkpoints/ (one an epoch, the last two kept) and the manifest's `train` entry.

    python -m trainer.train --config configs/embedded.yaml [--resume]
"""

import shutil
import time
from pathlib import Path
from typing import Any

from extraction import config as configuration
from extraction.config import Config
from extraction.errors import UserError, run
from extraction.files import output_of, read_jsonl, read_schema, record_stage, sha256, up_to_date, whole
from trainer.model import add_lora, check_base, device_report, is_local, load_base, load_tokenizer, prepare_libraries

Json = dict[str, Any]


def main() -> None:
    parser = configuration.arguments(__doc__ or "")
    parser.add_argument("--resume", action="store_true", help="go on from the last whole checkpoint")
    options = parser.parse_args()
    config = configuration.from_arguments(options)
    train(config, resume=options.resume)


def train(config: Config, resume: bool = False) -> None:
    """Run the stage; does nothing where its adapter is up to date."""
    check_base(config.model.model_name_or_path)
    inputs = stage_inputs(config)
    if up_to_date(config.folder, "train", inputs):
        print(f"train: up to date ({config.folder}/adapter)")
        return
    keep_older(config.folder)
    prepare_libraries(config)
    from trainer import checkpoints

    device = device_report()
    print(f"train: device: {device}", flush=True)
    checkpoint = checkpoints.begin(config.folder / "checkpoints", inputs, resume)
    if resume:
        print(f"train: goes on from {checkpoint or 'the beginning: there is no whole checkpoint'}", flush=True)
    trainer, tokenizer, counts = build(config)
    started = time.monotonic()
    if config.training.num_train_epochs > 0:
        fit(trainer, checkpoint)
    seconds = time.monotonic() - started
    write_outputs(config, trainer, tokenizer, inputs, {"device": device, "seconds": round(seconds, 1), **counts})


def keep_older(run: Path) -> None:
    """Move an adapter aside that was made from something else: a mistyped setting must not cost hours of training."""
    adapter, aside = run / "adapter", run / "adapter.old"
    if adapter.is_dir():
        shutil.rmtree(aside, ignore_errors=True)
        adapter.rename(aside)
        print(
            f"train: {run} holds a run of other data or settings: its adapter is now in {aside}, and what follows from"
            " it is made anew (RUN=another-name keeps both)"
        )


def stage_inputs(config: Config) -> Json:
    """What the adapter depends on: data, base model and settings."""
    base = Path(config.model.model_name_or_path)
    weights = {path.name: sha256(path) for path in sorted(base.glob("*.safetensors"))} if is_local(str(base)) else {}
    return {
        "data": {
            name: output_of(config.folder, "data", f"data/{name}")
            for name in ("train.jsonl", "validation.jsonl", "schema.json")
        },
        "base": {"name": config.model.model_name_or_path, "weights": weights},
        "lora": config.lora.model_dump(),
        "training": config.training.model_dump(exclude={"report_to", "logging_steps", "save_total_limit"}),
        "max_length": config.model.max_length,
        "clean": config.data.clean,
    }


def build(config: Config) -> tuple[Any, Any, Json]:
    """The trainer, the tokenizer, and counts of rows and tokens."""
    import datasets
    import torch
    from transformers import set_seed
    from transformers.trainer_callback import ProgressCallback
    from trl import SFTTrainer

    from trainer.chat import end_of_turn
    from trainer.checkpoints import MarkComplete
    from trainer.progress import LossBar
    from trainer.samples import encode_all

    set_seed(config.training.seed)
    tokenizer = load_tokenizer(config.model.model_name_or_path)
    end, schema = end_of_turn(tokenizer), read_schema(config.folder)
    parts = {}
    for name in ("train", "validation"):
        rows = read_jsonl(config.folder / "data" / f"{name}.jsonl")
        parts[name] = encode_all(tokenizer, rows, schema, end, config.model.max_length, config.data.clean)
    tokens = sum(len(sample["input_ids"]) for sample in parts["train"])
    longest = max(len(sample["input_ids"]) for part in parts.values() for sample in part)
    print(
        f"train: {len(parts['train'])} examples, {tokens} tokens an epoch, the longest has {longest}; loss on the"
        " answers only, checked"
    )
    model = load_base(config.model.model_name_or_path)
    if longest > model.config.max_position_embeddings:
        raise UserError(
            f"the longest example has {longest} tokens but the base model reads {model.config.max_position_embeddings}:"
            " shorten it"
        )
    trainer = SFTTrainer(
        model=add_lora(model, config.lora, config.folder),
        args=sft_config(config, cuda=torch.cuda.is_available()),
        train_dataset=datasets.Dataset.from_list(parts["train"]),
        eval_dataset=datasets.Dataset.from_list(parts["validation"]),
        processing_class=tokenizer,
        callbacks=[MarkComplete()],
    )
    trainer.remove_callback(ProgressCallback)
    trainer.add_callback(LossBar())
    return trainer, tokenizer, {"n_train": len(parts["train"]), "tokens": tokens}


def sft_config(config: Config, cuda: bool) -> Any:
    """trl.SFTConfig of the config's `training` section and what follows from the device."""
    import torch
    from trl import SFTConfig

    settings = config.training.model_dump()
    settings["optim"] = settings["optim"] or ("adamw_8bit" if cuda else "adamw_torch")
    bf16 = cuda and torch.cuda.is_bf16_supported()
    return SFTConfig(
        output_dir=str(config.folder / "checkpoints"),
        max_length=None,  # trainer.samples has refused what is too long; TRL would cut it
        loss_type="nll",  # the one loss of TRL that needs no Triton
        bf16=bf16,
        fp16=cuda and not bf16,
        use_cpu=not cuda,
        gradient_checkpointing=cuda,
        per_device_eval_batch_size=8,
        eval_strategy="epoch",
        save_strategy="epoch",
        logging_first_step=True,
        dataloader_pin_memory=cuda,
        run_name=config.run,
        **settings,
    )


def fit(trainer: Any, checkpoint: Path | None) -> None:
    """Train; Ctrl-C saves a whole checkpoint first."""
    from trainer.progress import StopOnInterrupt

    interrupt = StopOnInterrupt()
    trainer.add_callback(interrupt)
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    if interrupt.stopped:
        raise KeyboardInterrupt


def write_outputs(config: Config, trainer: Any, tokenizer: Any, inputs: Json, facts: Json) -> None:
    from trainer.progress import draw_loss

    history = trainer.state.log_history
    facts["loss"] = next((entry["loss"] for entry in reversed(history) if "loss" in entry), None)
    facts["validation_loss"] = next((entry["eval_loss"] for entry in reversed(history) if "eval_loss" in entry), None)
    with whole(config.folder / "adapter") as folder:
        trainer.model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    if history:
        draw_loss(config.folder / "loss.png", history)
    record_stage(config.folder, "train", inputs, [config.folder / "adapter"], **facts)
    if not history:
        print(f"train: no epoch asked for: the adapter in {config.folder}/adapter changes nothing")
        return
    print(f"train: {facts['seconds']:.0f} s, loss {facts['loss']:.4f}, validation {facts['validation_loss']:.4f}")
    print(f"train: adapter in {config.folder}/adapter, loss curve in {config.folder}/loss.png")


if __name__ == "__main__":
    run(main)
