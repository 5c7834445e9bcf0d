"""The base model and its adapter by Unsloth, whose kernels need CUDA."""

import inspect
from typing import Any

from extraction.config import Config


def lend_varlen_attention() -> None:
    """Let Unsloth use the attention over packed examples that torch 2.11 has; call it before Unsloth is imported.

    Unsloth takes torch's varlen_attn where that knows `enable_gqa`, so from torch 2.12 on. Otherwise each example of a
    packed row costs launches of its own, in every layer, and short examples train at half the speed.
    """
    try:
        from torch.nn.attention import varlen
    except ImportError:
        return
    plain = varlen.varlen_attn
    known = inspect.signature(plain).parameters
    if "enable_gqa" in known or "window_size" not in known:
        return

    def varlen_attn(
        query: Any,
        key: Any,
        value: Any,
        cu_seq_q: Any,
        cu_seq_k: Any,
        max_q: int,
        max_k: int,
        *,
        scale: float | None = None,
        window_size: tuple[int, int] = (-1, -1),
        enable_gqa: bool = False,
    ) -> Any:
        groups = query.shape[1] // key.shape[1] if enable_gqa else 1
        if groups > 1:
            key, value = (heads.repeat_interleave(groups, dim=1) for heads in (key, value))
        return plain(query, key, value, cu_seq_q, cu_seq_k, max_q, max_k, scale=scale, window_size=window_size)

    varlen.varlen_attn = varlen_attn  # type: ignore[assignment]


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
