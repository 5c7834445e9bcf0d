"""The base model and its adapter by Unsloth, whose kernels need CUDA."""

from typing import Any

from extraction.config import Config


def load_base(config: Config) -> Any:
    """The base model in 16 or 4 bit on this process's GPU; bfloat16 where the GPU has it."""
    from unsloth import FastLanguageModel

    model, _ = FastLanguageModel.from_pretrained(
        model_name=config.model.model_name_or_path,
        max_seq_length=config.model.max_length,
        dtype=None,
        load_in_4bit=config.model.load_in_4bit,
    )
    return model


def add_lora(model: Any, config: Config, checkpointing: bool) -> Any:
    """The model with a fresh adapter; checkpointed activations wait in the computer's memory."""
    from unsloth import FastLanguageModel

    return FastLanguageModel.get_peft_model(
        model,
        **config.lora.model_dump(),
        use_gradient_checkpointing="unsloth" if checkpointing else False,
        random_state=config.training.seed,
    )
