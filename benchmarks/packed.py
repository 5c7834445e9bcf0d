"""Train as an expert would with Unsloth alone: packed rows, no checkpointing, fused AdamW, variable-length attention.

What the tutorial's recipe leaves on the table is not ours to claim: this is the strongest baseline. It learns the same
tokens of the same examples as trainer.train, with Unsloth's own layers, collator and data path. Prints a line of JSON.

    python -m benchmarks.packed --config configs/phi3-mini-fast.yaml --run NAME
"""

import json
import os
from typing import Any

from extraction.json import Json
from pipeline import config as configuration
from pipeline.config import Config
from pipeline.errors import run


def main() -> None:
    config = configuration.from_arguments(configuration.arguments(__doc__ or "").parse_args())
    os.environ.setdefault("UNSLOTH_COMPILE_LOCATION", "artifacts/.unsloth")
    from trainer.fast import patch_varlen_attention

    patch_varlen_attention()  # Unsloth's own choice, from torch 2.12 on
    import unsloth  # noqa: F401  before what it patches

    print(json.dumps(train(config)))


def train(config: Config) -> Json:
    """Steady tokens a second, the GPU's peak memory, the last loss."""
    import datasets
    import torch
    from trl import SFTTrainer
    from unsloth import FastLanguageModel

    from trainer import ranking
    from trainer.clock import Pace
    from trainer.sft import examples, masked

    ranking.choose(config)
    model, tokenizer = FastLanguageModel.from_pretrained(
        config.model.model_name_or_path,
        max_seq_length=config.model.max_length,
        load_in_4bit=config.model.load_in_4bit,
    )
    model = FastLanguageModel.get_peft_model(
        model, **config.lora.peft, use_gradient_checkpointing=False, random_state=config.training.seed
    )
    samples = examples(config, tokenizer)["train"]
    tokens = sum(len(sample["input_ids"]) for sample in samples)
    pace = Pace()
    trainer = SFTTrainer(
        model=model,
        processing_class=tokenizer,
        train_dataset=datasets.Dataset.from_list([masked(sample) for sample in samples]),
        args=arguments(config),
        callbacks=[pace],
    )
    torch.cuda.reset_peak_memory_stats()
    trainer.train()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    speed = pace.tokens_per_second(tokens * config.training.num_train_epochs / trainer.state.max_steps)
    peak = round(torch.cuda.max_memory_allocated() / 2**30, 2)
    return {"tokens_per_second": speed, "peak_gib": peak, "loss": losses[-1], "steps": trainer.state.max_steps}


def arguments(config: Config) -> Any:
    """trl.SFTConfig with the batch, the rate and the epochs of `config`, and packing at its best."""
    from trl import SFTConfig

    return SFTConfig(
        output_dir=str(config.folder / "packed"),
        packing=True,
        max_length=config.model.max_length,
        completion_only_loss=True,
        per_device_train_batch_size=int(config.training.per_device_train_batch_size),
        gradient_accumulation_steps=1,
        gradient_checkpointing=False,
        optim="adamw_torch_fused",
        learning_rate=config.training.learning_rate,
        warmup_steps=config.training.warmup_steps,
        num_train_epochs=config.training.num_train_epochs,
        bf16=True,
        logging_steps=5,
        save_strategy="no",
        report_to="none",
        seed=config.training.seed,
    )


if __name__ == "__main__":
    run(main)
