"""The published shapes of the base models that configs/ names, for estimates where the hub is out of reach.

From the config.json of each model's card. `published` makes a transformers config of one, which holds what the weights'
number depends on and no more.
"""

from __future__ import annotations

from typing import Any

LLAMA = {"hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32, "num_attention_heads": 32}
LLAMA |= {"vocab_size": 32000}
LLAMA_1B = {"hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 16, "num_attention_heads": 32}
LLAMA_1B |= {"num_key_value_heads": 8, "head_dim": 64, "vocab_size": 128256, "tie_word_embeddings": True}
PHI = {"hidden_size": 3072, "intermediate_size": 8192, "num_hidden_layers": 32, "num_attention_heads": 32}
PHI |= {"num_key_value_heads": 32, "vocab_size": 32064, "tie_word_embeddings": False}
QWEN = {"hidden_size": 1024, "intermediate_size": 3072, "num_hidden_layers": 28, "num_attention_heads": 16}
QWEN |= {"num_key_value_heads": 8, "head_dim": 128, "vocab_size": 151936, "tie_word_embeddings": True}
QWEN_8B = QWEN | {"hidden_size": 4096, "intermediate_size": 12288, "num_hidden_layers": 36, "num_attention_heads": 32}
QWEN_8B |= {"tie_word_embeddings": False}
GEMMA = {"hidden_size": 1152, "intermediate_size": 6912, "num_hidden_layers": 26, "num_attention_heads": 4}
GEMMA |= {"num_key_value_heads": 1, "head_dim": 256, "vocab_size": 262144, "tie_word_embeddings": True}
# By the name without its owner and its quantization, in lower case: type of transformers, settings.
SHAPES: dict[str, tuple[str, dict[str, Any]]] = {
    "gemma-3-1b-it": ("gemma3_text", GEMMA),
    "llama-2-7b-chat-hf": ("llama", LLAMA),
    "llama-3.2-1b-instruct": ("llama", LLAMA_1B),
    "phi-3-mini-4k-instruct": ("mistral", PHI),
    "qwen3-0.6b": ("qwen3", QWEN),
    "qwen3-8b": ("qwen3", QWEN_8B),
}


def published(name: str) -> Any | None:
    """A transformers config of a base model such as Qwen/Qwen3-0.6B; None where its shape is not known here."""
    from transformers import AutoConfig

    known = SHAPES.get(name.rpartition("/")[2].lower().removesuffix("-bnb-4bit"))
    return AutoConfig.for_model(known[0], **known[1]) if known else None
