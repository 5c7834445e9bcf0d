"""The trainer of a run, made from its config: TRL's SFTTrainer with the examples, the model and what follows from both.

The examples reach TRL as token ids with a mask of the answer, never as labels: Unsloth answers labels with a collator
that pads, and packed examples would then see each other.
"""

import json
from pathlib import Path
from typing import Any

from extraction.json import Json
from pipeline.config import Config
from pipeline.cpu import use_fast_products
from pipeline.errors import UserError
from pipeline.files import read_schema, write_text
from pipeline.manifest import Facts
from pipeline.reading import reader
from pipeline.splits import read_split
from trainer import attention, distractors, fast, memory
from trainer.clock import Clock, Pace
from trainer.memory import Plan
from trainer.model import accepting, add_lora, backend, load_base, load_tokenizer, loading
from trainer.samples import IGNORED, Encoded, encode_all


def build(config: Config, clock: Clock, checkpoint: Path | None) -> tuple[Any, Any, Facts, Pace]:
    """The trainer, the tokenizer, facts for the manifest, and the pace that training will fill in."""
    from transformers import set_seed

    from trainer.checkpoints import check_space

    set_seed(config.training.seed)
    use_fast_products()
    tokenizer = load_tokenizer(config.model.model_name_or_path, config.model.revision)
    parts = examples(config, tokenizer)
    lengths = [len(sample["input_ids"]) for sample in parts["train"]]
    longest = max(len(sample["input_ids"]) for part in parts.values() for sample in part)
    print(
        f"train: {len(lengths)} examples, {sum(lengths)} tokens an epoch, the longest has {longest}; loss on the"
        " answers only, checked"
    )
    with loading(config.model.model_name_or_path):
        model = load_model(config, longest)
    clock.end_phase("load")
    flat = backend(config) == "trl" and attention.use(model)
    row = config.model.max_length if config.training.packing else longest
    rows = -(-sum(lengths) // row) if config.training.packing else len(lengths)
    plan, free = decide(config, model, row, rows, checkpoint)
    with accepting("lora"):
        if backend(config) == "unsloth":
            model = fast.add_lora(model, config, plan.gradient_checkpointing)
        else:
            model = add_lora(model, config.lora, config.folder, plan.gradient_checkpointing)
    check_space(config.folder, model, config.training.save_total_limit)
    pace = Pace()
    trainer = sft_trainer(config, model, tokenizer, parts, plan, pace, flat)
    clock.end_phase("prepare")
    facts: Facts = {"n_train": len(lengths), "tokens": sum(lengths), "epochs": config.training.num_train_epochs}
    facts |= {"backend": backend(config), "plan": plan.asdict(), "row": row, "free_bytes": free}
    return trainer, tokenizer, facts, pace


def load_model(config: Config, longest: int) -> Any:
    """The base model; `UserError` where it cannot read the longest example, of so many tokens."""
    if backend(config) == "unsloth":
        model = fast.load_base(config)
    else:
        sharded = config.training.fsdp_config is not None
        base = config.model.model_name_or_path, config.model.load_in_4bit, sharded, config.model.revision
        model = load_base(*base)
    if longest > model.config.max_position_embeddings:
        raise UserError(
            f"the longest example has {longest} tokens but the base model reads {model.config.max_position_embeddings}:"
            " shorten it"
        )
    return model


def sft_trainer(
    config: Config, model: Any, tokenizer: Any, parts: dict[str, list[Encoded]], plan: Plan, pace: Pace, flat: bool
) -> Any:
    """TRL's trainer over the encoded examples, which it is proved to learn as they are; `flat`: a batch is one row."""
    import datasets
    from transformers.trainer_callback import PrinterCallback, ProgressCallback
    from trl import SFTTrainer
    from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

    from trainer.checkpoints import MarkComplete
    from trainer.progress import LossBar

    validation = sorted(parts["validation"], key=lambda sample: len(sample["input_ids"]))  # so that little is padding
    with accepting("training"):
        trainer = SFTTrainer(
            model=model,
            args=sft_config(config, plan),
            train_dataset=datasets.Dataset.from_list([masked(sample) for sample in parts["train"]]),
            eval_dataset=datasets.Dataset.from_list([masked(sample) for sample in validation]),
            processing_class=tokenizer,
            # TRL has one like it, by `padding_free`, but warns then of every attention that is not Flash Attention.
            data_collator=DataCollatorForLanguageModeling(tokenizer.pad_token_id, padding_free=True)
            if flat and not config.training.packing
            else None,
            callbacks=[MarkComplete(), pace],
        )
    check_examples(trainer, parts["train"], config.training.packing)
    trainer.train_dataset.set_format("numpy")  # a batch of lists takes 20 ms, for which the GPU would wait
    for theirs in (ProgressCallback, PrinterCallback):  # the second while the libraries are kept quiet
        trainer.remove_callback(theirs)
    trainer.add_callback(LossBar())
    return trainer


def examples(config: Config, tokenizer: Any) -> dict[str, list[Encoded]]:
    """The encoded examples of the training and the validation split."""
    from trainer.chat import end_of_turn

    end, schema = end_of_turn(tokenizer), read_schema(config.folder)
    parts = {}
    for name in ("train", "validation"):
        rows = read_split(config.folder, name)
        if name == "train" and config.data.distractors:
            rows = distractors.add(rows, config.data.distractors, config.training.seed)
        parts[name] = encode_all(tokenizer, rows, schema, end, config.model.max_length, reader(config))
    return parts


def masked(sample: Encoded) -> Json:
    """The example in TRL's form: `completion_mask` is 1 where a token is learnt."""
    return {
        "input_ids": sample["input_ids"],
        "completion_mask": [int(label != IGNORED) for label in sample["labels"]],
    }


def check_examples(trainer: Any, samples: list[Encoded], packing: bool) -> None:
    """Raise `UserError` where a library changed which tokens are read, which are learnt, or what packing is."""
    wanted = sum(label != IGNORED for sample in samples for label in sample["labels"])
    rows = trainer.train_dataset
    found = sum(label != IGNORED for row in rows["labels"] for label in row)
    read, there = sum(map(len, rows["input_ids"])), sum(len(sample["input_ids"]) for sample in samples)
    if (found, read) != (wanted, there):
        raise UserError(f"the trainer would learn {found} of {read} tokens instead of {wanted} of {there}")
    if not packing:
        return
    batch = trainer.data_collator([rows[0]])
    # What pads the row has positions of its own, after those of the examples.
    positions = batch["position_ids"][0, : len(rows[0]["input_ids"])] if "position_ids" in batch else None
    starts = 0 if positions is None else int((positions == 0).sum())
    if not trainer.args.packing or "attention_mask" in batch or starts != len(rows[0]["seq_lengths"]):
        raise UserError("packed examples of this base model would see each other: set training.packing=false")


def decide(config: Config, model: Any, row: int, rows: int, checkpoint: Path | None) -> tuple[Plan, int]:
    """The plan for the device's memory, and a GPU's free bytes. A resumed run keeps the plan that it began with."""
    import torch
    from accelerate import PartialState
    from accelerate.utils import gather_object

    training, kept = config.training, config.folder / "checkpoints" / "plan.json"
    if not torch.cuda.is_available():
        plan = memory.cpu_plan(training, row)
        print(f"train: {backend(config)}, {plan}", flush=True)
        return plan, 0
    torch.cuda.empty_cache()
    free = min(gather_object([torch.cuda.mem_get_info()[0]]))
    if checkpoint and kept.is_file():
        parts = {"gradient_accumulation_steps": training.gradient_accumulation_steps}  # older plans lack it
        return Plan(**parts | json.loads(kept.read_text())), free
    step = training.gradient_accumulation_steps * PartialState().num_processes
    most = memory.largest_batch(rows, training.num_train_epochs, step)
    plan = memory.plan(
        memory.shape(model.config, config.lora.r),
        backend(config),
        free,
        row,
        training.per_device_train_batch_size,
        training.gradient_accumulation_steps,
        most,
        training.gradient_checkpointing,
    )
    if PartialState().is_main_process:
        write_text(kept, json.dumps(plan.asdict()))
    print(f"train: {backend(config)}, {free / memory.GIB:.1f} GiB free; {plan}", flush=True)
    torch.cuda.reset_peak_memory_stats()
    return plan, free


def sft_config(config: Config, plan: Plan) -> Any:
    """trl.SFTConfig of the config's `training` section and what follows from the device."""
    import torch
    from trl import SFTConfig

    cuda = torch.cuda.is_available()
    settings = config.training.model_dump() | plan.asdict()
    settings["optim"] = settings["optim"] or memory.optimizer(plan, cuda)
    if config.training.fsdp_config is not None:
        settings["fsdp"] = True
    bf16 = cuda and torch.cuda.is_bf16_supported()
    return SFTConfig(
        output_dir=str(config.folder / "checkpoints"),
        # trainer.samples has refused what is too long; TRL would cut it. With packing it is the length of a row.
        max_length=config.model.max_length if config.training.packing else None,
        # Over a number of tokens that is no multiple of 8 the adapter's gradients fall to slow matrix kernels.
        pad_to_multiple_of=64 if config.training.packing else None,
        completion_only_loss=True,
        # On a CPU the output layer sees the answers only; on CUDA finding them would wait for the GPU at every step.
        loss_type="nll" if cuda else "chunked_nll",
        bf16=bf16,
        fp16=cuda and not bf16,
        use_cpu=not cuda,
        logging_nan_inf_filter=not cuda,  # it would wait for the GPU after every step
        per_device_eval_batch_size=8,
        eval_strategy="epoch",
        save_strategy="epoch",
        logging_first_step=True,
        dataloader_pin_memory=cuda,
        ddp_find_unused_parameters=False,  # every step uses every adapter; a search breaks gradient checkpointing
        run_name=config.run,
        **settings,
    )
