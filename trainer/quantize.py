"""f16 GGUF → quantized GGUF with ggml's own code, without a compiler.

The arithmetic is ggml's public `ggml_quantize_chunk`, from the shared library in the xllamacpp wheel. Which tensor
gets which type is llama.cpp's recipe (`llama_tensor_get_type_impl` in src/llama-quant.cpp) for dense models below 70B,
so that types and bytes equal what `llama-quantize` writes.
"""

import ctypes
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import xllamacpp.xllamacpp
from gguf import GGML_QUANT_SIZES, GGUFReader, GGUFValueType, GGUFWriter, LlamaFileType
from gguf import GGMLQuantizationType as Type
from tqdm import tqdm

from extraction.errors import UserError

DEFAULT_TYPE = {"q4_k_m": Type.Q4_K, "q8_0": Type.Q8_0}
FILE_TYPE = {"q4_k_m": LlamaFileType.MOSTLY_Q4_K_M, "q8_0": LlamaFileType.MOSTLY_Q8_0}
# What stands in for a type whose block does not divide a row, as in llama.cpp's tensor_type_fallback.
FALLBACK = {Type.Q4_K: Type.Q5_0, Type.Q6_K: Type.Q8_0}
WRITER_KEYS = ("GGUF.version", "GGUF.tensor_count", "GGUF.kv_count", "general.architecture")  # GGUFWriter's own


def more_bits(layer: int, n_layers: int) -> bool:
    """llama.cpp's `use_more_bits`: the first and last eighth of the layers, and every third between."""
    return layer < n_layers // 8 or layer >= 7 * n_layers // 8 or (layer - n_layers // 8) % 3 == 2


def tensor_type(name: str, shape: tuple[int, ...], original: Type, method: str, n_layers: int, tied: bool) -> Type:
    """The type that llama.cpp gives a tensor. `shape` in GGUF's order: the row length first."""
    if len(shape) < 2 or not name.endswith("weight") or name.endswith("_norm.weight"):
        return original
    chosen = DEFAULT_TYPE[method]
    if name == "output.weight" or (tied and name == "token_embd.weight"):
        chosen = Type.Q8_0 if method == "q8_0" or shape[0] % 256 else Type.Q6_K
    elif method == "q4_k_m" and ("attn_v." in name or "attn_qkv." in name or "ffn_down." in name):
        chosen = Type.Q6_K if more_bits(int(name.split(".")[1]), n_layers) else chosen
    if shape[0] % GGML_QUANT_SIZES[chosen][0]:
        chosen = FALLBACK.get(chosen, Type.F16)
    return chosen if shape[0] % GGML_QUANT_SIZES[chosen][0] == 0 else Type.F16


def quantize(source: Path, target: Path, method: str) -> None:
    """Write `target`: the GGUF `source` (F16, BF16 or F32 tensors) quantized by "q4_k_m" or "q8_0"."""
    reader = open_gguf(source)
    architecture = str(reader.fields["general.architecture"].contents())
    if experts := reader.fields.get(f"{architecture}.expert_count"):
        raise UserError(f"{source} has {experts.contents()} experts: quantize it with llama.cpp's llama-quantize")
    n_layers = int(reader.fields[f"{architecture}.block_count"].contents())
    tied = not any(tensor.name == "output.weight" for tensor in reader.tensors)
    writer = copy_metadata(
        reader, target, {"general.file_type": int(FILE_TYPE[method]), "general.quantization_version": 2}
    )
    for tensor in tqdm(reader.tensors, desc=f"export: {method}", unit="tensor", mininterval=1.0):
        shape = tuple(int(size) for size in tensor.shape)
        chosen = tensor_type(tensor.name, shape, tensor.tensor_type, method, n_layers, tied)
        if chosen == tensor.tensor_type:
            writer.add_tensor(tensor.name, tensor.data, raw_dtype=chosen)
        elif chosen == Type.F16:
            writer.add_tensor(tensor.name, as_float32(tensor).astype(np.float16))
        else:
            writer.add_tensor(tensor.name, chunks(as_float32(tensor), chosen), raw_dtype=chosen)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def open_gguf(path: Path) -> GGUFReader:
    """A reader of a GGUF file; a broken or truncated one is a `UserError`."""
    try:
        return GGUFReader(path)
    except (ValueError, IndexError, OSError, KeyError) as error:
        raise UserError(f"{path} is not a whole GGUF file ({error}): run `make export` again") from None


def copy_metadata(reader: GGUFReader, target: Path, changes: Mapping[str, int]) -> GGUFWriter:
    """A writer to `target` with all metadata of `reader`, changed by `changes` (uint32 values)."""
    writer = GGUFWriter(target, str(reader.fields["general.architecture"].contents()))
    for key, field in reader.fields.items():
        if key in WRITER_KEYS or key in changes:
            continue
        element = field.types[-1] if field.types[0] == GGUFValueType.ARRAY else None
        writer.add_key_value(key, field.contents(), field.types[0], sub_type=element)
    for key, value in changes.items():
        writer.add_uint32(key, value)
    return writer


def as_float32(tensor: Any) -> np.ndarray[Any, np.dtype[np.float32]]:
    """A tensor's values, shape (n_rows, row length), as ggml hands them to its quantizers."""
    data = tensor.data
    if tensor.tensor_type == Type.BF16:
        data = (data.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
    return np.ascontiguousarray(data, dtype=np.float32).reshape(-1, int(tensor.shape[0]))


def chunks(values: np.ndarray[Any, np.dtype[np.float32]], kind: Type) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Quantized bytes, (n_rows, bytes a row). Rows are independent, so threads share them (ctypes frees the GIL)."""
    n_rows, n_columns = values.shape
    block, size = GGML_QUANT_SIZES[kind]
    result = np.empty((n_rows, n_columns // block * size), dtype=np.uint8)
    threads = os.cpu_count() or 1
    bounds = [n_rows * part // threads for part in range(threads + 1)]

    def fill(first: int, last: int) -> None:
        if last > first:
            rows, out = values[first:last], result[first:last]
            quantize_chunk(int(kind), rows.ctypes.data, out.ctypes.data, 0, last - first, n_columns, None)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(fill, bounds[:-1], bounds[1:]))
    return result


quantize_chunk = ctypes.CDLL(xllamacpp.xllamacpp.__file__).ggml_quantize_chunk
quantize_chunk.restype = ctypes.c_size_t
quantize_chunk.argtypes = [
    ctypes.c_int,  # ggml_type
    ctypes.c_void_p,  # const float * src
    ctypes.c_void_p,  # void * dst
    *[ctypes.c_int64] * 3,  # start, nrows, n_per_row
    ctypes.c_void_p,  # const float * imatrix
]
