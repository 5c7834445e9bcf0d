"""A Llama with random weights, half a million parameters, written straight to GGUF: its answers mean nothing."""

from pathlib import Path

import gguf
import numpy as np

HIDDEN, FFN, LAYERS, HEADS, CONTEXT = 256, 256, 1, 4, 2048
CONTROL = ["<unk>", "<s>", "</s>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>"]
TYPE = gguf.TokenType


def vocabulary() -> tuple[list[str], list[int]]:
    """Tokens and their types: control tokens, the 256 bytes, printable ASCII and a few longer pieces."""
    pieces = [chr(code) for code in range(33, 127)] + ["\u2581", "\u2581a", "wo", "rd", "word"]
    tokens = CONTROL + [f"<0x{byte:02X}>" for byte in range(256)] + pieces
    types = [TYPE.UNKNOWN] + [TYPE.CONTROL] * (len(CONTROL) - 1) + [TYPE.BYTE] * 256 + [TYPE.NORMAL] * len(pieces)
    return tokens, [int(kind) for kind in types]


def write(
    path: Path, seed: int = 1, chat_template: str | None = None, quantized: bool = False, letters: bool = True
) -> None:
    """Matrices are F16, or Q8_0 where `quantized`; without `letters` the model says bytes that are no UTF-8."""
    writer = gguf.GGUFWriter(path, "llama")
    _write_metadata(
        writer, chat_template, gguf.LlamaFileType.MOSTLY_Q8_0 if quantized else gguf.LlamaFileType.MOSTLY_F16
    )
    random = np.random.default_rng(seed)
    for name, shape in _shapes(len(vocabulary()[0])).items():
        if len(shape) == 1:
            writer.add_tensor(name, np.ones(shape, np.float32))
            continue
        values = random.normal(0, 0.05, shape).astype(np.float32)
        if letters and name == "token_embd.weight":
            values[: len(CONTROL) + 256] *= 0.1  # neither control tokens nor single bytes
        if quantized:
            kind = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(name, gguf.quants.quantize(values, kind), raw_dtype=kind)
        else:
            writer.add_tensor(name, values.astype(np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _write_metadata(writer: gguf.GGUFWriter, chat_template: str | None, file_type: gguf.LlamaFileType) -> None:
    tokens, types = vocabulary()
    writer.add_type(gguf.GGUFType.MODEL)
    writer.add_name("tiny")
    writer.add_file_type(file_type)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_vocab_size(len(tokens))
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(HIDDEN)
    writer.add_feed_forward_length(FFN)
    writer.add_block_count(LAYERS)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_rope_dimension_count(HIDDEN // HEADS)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_scores([float(-rank) for rank in range(len(tokens))])
    writer.add_token_types(types)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_add_bos_token(False)
    writer.add_add_space_prefix(False)
    if chat_template is not None:
        writer.add_chat_template(chat_template)


def _shapes(vocab: int) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {
        "token_embd.weight": (vocab, HIDDEN),
        "output_norm.weight": (HIDDEN,),
    }
    for layer in range(LAYERS):
        block = f"blk.{layer}."
        shapes |= {block + f"{name}.weight": (HIDDEN,) for name in ("attn_norm", "ffn_norm")}
        shapes |= {block + f"attn_{name}.weight": (HIDDEN, HIDDEN) for name in ("q", "k", "v", "output")}
        shapes |= {block + f"ffn_{name}.weight": (FFN, HIDDEN) for name in ("gate", "up")}
        shapes[block + "ffn_down.weight"] = (HIDDEN, FFN)
    return shapes
