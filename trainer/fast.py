"""The base model and its adapter by Unsloth, whose kernels need CUDA."""

import inspect
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from typing import Any

from pipeline.config import Config

FEWEST = 8192 * 3072**2  # tokens × width²: below it launching kernels binds a layer, and Unsloth's has fewer of them


class OnlySFT(MetaPathFinder):
    """Lets Unsloth write and compile its version of TRL's SFT trainer as it is imported, and not of all fourteen."""

    MODULE = "unsloth.models.rl"

    @classmethod
    def install(cls) -> None:
        """Call it before Unsloth is imported."""
        if cls.MODULE not in sys.modules:
            sys.meta_path.insert(0, cls())

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: Any = None) -> ModuleSpec | None:
        if fullname != self.MODULE:
            return None
        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(fullname, path, target)
        if spec and spec.loader:
            execute = spec.loader.exec_module

            def narrowed(module: Any) -> None:
                execute(module)
                if patch := getattr(module, "_patch_trl_rl_trainers", None):
                    module.patch_trl_rl_trainers = lambda: patch("sft_trainer")

            spec.loader.exec_module = narrowed  # type: ignore[method-assign]
        return spec


def patch_varlen_attention() -> None:
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


def patch_lora_layers() -> None:
    """Let trainer.projections compute those of Unsloth's layers that it supports; call it after Unsloth's import.

    And lay the gradients of rotated queries and keys out as the projections read them, which saves a copy of each.
    """
    from functools import partial

    from unsloth.kernels import fast_lora, rope_embedding

    from trainer.projections import GatedMLP, Projections

    original = fast_lora._apply
    places = {fast_lora.LoRA_MLP: 15, fast_lora.LoRA_QKV: 15, fast_lora.LoRA_W: 5}
    dequantize = partial(fast_lora.fast_dequantize, use_global_buffer=True)

    def apply(function: Any, x: Any, *arguments: Any) -> Any:
        projections, rest = arguments[: places.get(function, 0)], arguments[places.get(function, 0) :]
        dropout_and_biases = rest[-4:]
        if not is_supported(x, projections) or any(extra is not None for extra in dropout_and_biases):
            return original(function, x, *arguments)
        if function is fast_lora.LoRA_MLP:
            return GatedMLP.apply(dequantize, *rest[:2], x, *projections)  # type: ignore[no-untyped-call]
        outputs = Projections.apply(dequantize, x, *projections)  # type: ignore[no-untyped-call]
        return outputs if function is fast_lora.LoRA_QKV else outputs[0]

    def rotate_back(ctx: Any, of_query: Any, of_key: Any) -> tuple[Any, ...]:
        rotated = [rope_embedding._bshd_buffer(gradient) for gradient in (of_query, of_key)]
        angles = ctx.cos, ctx.sin, ctx.rope_indices, ctx.has_indices
        with rope_embedding.torch_gpu_device(of_query.device):
            rope_embedding._rope_qk(of_query, of_key, *rotated, *angles, True, rope_embedding._eager_kernel)
        return *rotated, None, None, None

    fast_lora._apply = apply
    rope_embedding.Fast_RoPE_Embedding_QK.backward = staticmethod(rotate_back)


def is_supported(x: Any, projections: Sequence[Any]) -> bool:
    """Whether the input is large, and Unsloth's arguments are adapted weights in 16 bits or NF4, all of one scale.

    A projection has five arguments: trainer.projections.Projection.
    """
    import torch
    from bitsandbytes.functional import QuantState

    if torch.compiler.is_compiling() or x.numel() * x.shape[-1] < FEWEST or len(set(projections[4::5])) != 1:
        return False
    for weight, quantization, a in zip(projections[::5], projections[1::5], projections[2::5], strict=True):
        stored = weight if quantization is None else quantization
        if a is None or stored.dtype != x.dtype or type(quantization) not in (type(None), QuantState):
            return False
    return True


def load_base(config: Config) -> Any:
    """The base model in 16 or 4 bit on this process's GPU; bfloat16 where the GPU has it."""
    from unsloth import FastLanguageModel

    model, _ = FastLanguageModel.from_pretrained(
        model_name=config.model.model_name_or_path,
        revision=config.model.revision,
        use_exact_model_name=True,  # another repository would not have that commit
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
        **config.lora.peft,
        use_gradient_checkpointing="unsloth" if checkpointing else False,
        random_state=config.training.seed,
    )
