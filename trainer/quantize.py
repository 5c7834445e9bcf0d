"""f16 GGUF → quantized GGUF with ggml's own code, without a compiler.

The arithmetic is ggml's public `ggml_quantize_chunk`, from the shared library in the xllamacpp wheel. Which tensor
gets which type is llama.cpp's recipe (`llama_tensor_get_type_impl` in src/llama-quant.cpp) for dense models below 70B,
so that types and bytes equal what `llama-quantize` writes.
"""

import ctypes
import logging
import os
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xllamacpp.xllamacpp
from gguf import GGML_QUANT_SIZES, GGUFReader, GGUFValueType, GGUFWriter, LlamaFileType
from gguf import GGMLQuantizationType as Type
from tqdm import tqdm

from pipeline.errors import UserError

if TYPE_CHECKING:  # it imports torch
    from trainer.kquants import Device

logger = logging.getLogger(__name__)

DEFAULT_TYPE = {"q4_k_m": Type.Q4_K, "q8_0": Type.Q8_0}
FILE_TYPE = {"q4_k_m": LlamaFileType.MOSTLY_Q4_K_M, "q8_0": LlamaFileType.MOSTLY_Q8_0}
# What stands in for a type whose block does not divide a row, as in llama.cpp's tensor_type_fallback.
FALLBACK = {Type.Q4_K: Type.Q5_0, Type.Q6_K: Type.Q8_0}
SUMS, COUNTS = ".in_sum2", ".counts"  # of the two tensors that an imatrix has for each of the model's
WRITER_KEYS = ("GGUF.version", "GGUF.tensor_count", "GGUF.kv_count", "general.architecture")  # GGUFWriter's own
VALUES_AT_ONCE = 1 << 18  # that a thread converts to float32 and quantizes: they stay in its cache
COMPARED = 32  # rows of a tensor, at least, whose bytes by a GPU are compared with ggml's
AHEAD = 2  # tensors that are quantized while one is written
Array = np.ndarray[Any, Any]
Floats = np.ndarray[Any, np.dtype[np.float32]]


class DeviceError(Exception):
    """A device's bytes are not ggml's, or it has not the memory to make them."""


def more_bits(layer: int, n_layers: int) -> bool:
    """llama.cpp's `use_more_bits`: the first and last eighth of the layers, and every third between."""
    return layer < n_layers // 8 or layer >= 7 * n_layers // 8 or (layer - n_layers // 8) % 3 == 2


def layer_of(name: str) -> int:
    """The number of a tensor's layer, -1 outside the layers: llama.cpp writes the tensors in this order."""
    return int(name.split(".")[1]) if name.startswith("blk.") else -1


def tensor_type(name: str, shape: tuple[int, ...], original: Type, method: str, n_layers: int, tied: bool) -> Type:
    """The type that llama.cpp gives a tensor. `shape` in GGUF's order: the row length first."""
    if len(shape) < 2 or not name.endswith("weight") or name.endswith("_norm.weight"):
        return original
    chosen = DEFAULT_TYPE[method]
    if name == "output.weight" or (tied and name == "token_embd.weight"):
        chosen = Type.Q8_0 if method == "q8_0" or shape[0] % 256 else Type.Q6_K
    elif method == "q4_k_m" and ("attn_v." in name or "attn_qkv." in name or "ffn_down." in name):
        chosen = Type.Q6_K if more_bits(layer_of(name), n_layers) else chosen
    if shape[0] % GGML_QUANT_SIZES[chosen][0]:
        chosen = FALLBACK.get(chosen, Type.F16)
    return chosen if shape[0] % GGML_QUANT_SIZES[chosen][0] == 0 else Type.F16


def quantize(
    reader: GGUFReader, target: Path, method: str, imatrix: Path | None = None, device: "Device | None" = None
) -> None:
    """Write `target`: the model in a GGUF file (F16, BF16 or F32 tensors) quantized by "q4_k_m" or "q8_0".

    With an `imatrix` (trainer/imatrix.py, or llama.cpp's program of that name) the errors are weighed by it. A tensor
    is written while the next is quantized. Without an imatrix a `device` quantizes what trainer.kquants can; where some
    of that is found to be other than ggml's, ggml does it all.
    """
    importance, described = read_imatrix(imatrix) if imatrix else ({}, {})
    facts = {"general.quantization_version": 2, "general.file_type": int(FILE_TYPE[method])} | described
    try:
        write(reader, target, method, facts, importance, None if importance else device)
    except DeviceError:
        logger.warning("the GPU does not quantize as ggml does, or has too little memory: the CPU does it")
        write(reader, target, method, facts, importance, None)


def write(
    reader: GGUFReader,
    target: Path,
    method: str,
    facts: Mapping[str, str | int],
    importance: Mapping[str, Floats],
    device: "Device | None",
) -> None:
    """`quantize`, with what to change in the metadata; `DeviceError` where the device's bytes are not ggml's."""
    writer = copy_metadata(reader, target, facts)
    chosen = tensor_types(reader, method)
    for tensor, kind in chosen:
        size = n_bytes(int(tensor.n_elements), kind)
        writer.add_tensor_info(tensor.name, tensor.shape[::-1].tolist(), np.dtype(np.void), size, raw_dtype=kind)
    with closing(writer), ThreadPoolExecutor(os.cpu_count()) as pool:
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        waiting: deque[Callable[[], Array]] = deque()
        for tensor, kind in tqdm(chosen, desc=f"export: {method}", unit="tensor", mininterval=1.0):
            waiting.append(converted(tensor, kind, importance.get(tensor.name), pool, device))
            if len(waiting) > AHEAD:
                writer.write_tensor_data(waiting.popleft()())
        for result in waiting:
            writer.write_tensor_data(result())


def tensor_types(reader: GGUFReader, method: str) -> list[tuple[Any, Type]]:
    """The tensors of a model in the order of the file to write, each with the type that it gets there."""
    architecture = str(reader.fields["general.architecture"].contents())
    if experts := reader.fields.get(f"{architecture}.expert_count"):
        raise UserError(f"the model has {experts.contents()} experts: quantize it with llama.cpp's llama-quantize")
    n_layers = int(reader.fields[f"{architecture}.block_count"].contents())
    tied = not any(tensor.name == "output.weight" for tensor in reader.tensors)

    def kind(tensor: Any) -> Type:
        shape = tuple(int(size) for size in tensor.shape)
        return tensor_type(tensor.name, shape, tensor.tensor_type, method, n_layers, tied)

    ordered = sorted(reader.tensors, key=lambda tensor: (layer_of(tensor.name), tensor.name))
    return [(tensor, kind(tensor)) for tensor in ordered]


def open_gguf(path: Path) -> GGUFReader:
    """A reader of a GGUF file; a broken or truncated one is a `UserError`."""
    try:
        return GGUFReader(path)
    except (ValueError, IndexError, OSError, KeyError) as error:
        raise UserError(f"{path} is not a whole GGUF file ({error}): run `make export` again") from None


def read_imatrix(path: Path) -> tuple[dict[str, Floats], dict[str, str | int]]:
    """Mean squared inputs, (row length), by tensor; and what llama-quantize says of the file in the quantized one."""
    reader = open_gguf(path)
    found = {tensor.name: tensor.data for tensor in reader.tensors}
    names = [name.removesuffix(SUMS) for name in found if name.endswith(SUMS)]
    means = {name: found[name + SUMS].reshape(-1) / found[name + COUNTS].reshape(-1) for name in names}
    datasets, chunks = (reader.fields[f"imatrix.{key}"].contents() for key in ("datasets", "chunk_count"))
    described: dict[str, str | int] = {"quantize.imatrix.file": path.name, "quantize.imatrix.dataset": datasets[0]}
    return means, described | {"quantize.imatrix.entries_count": len(means), "quantize.imatrix.chunks_count": chunks}


def copy_metadata(reader: GGUFReader, target: Path, changes: Mapping[str, str | int]) -> GGUFWriter:
    """A writer to `target` with all metadata of `reader`, changed by `changes` (strings and uint32 values)."""
    writer = GGUFWriter(target, str(reader.fields["general.architecture"].contents()))
    for key, field in reader.fields.items():
        if key in WRITER_KEYS or key in changes:
            continue
        element = field.types[-1] if field.types[0] == GGUFValueType.ARRAY else None
        writer.add_key_value(key, field.contents(), field.types[0], sub_type=element)
    for key, value in changes.items():
        if isinstance(value, str):
            writer.add_string(key, value)
        else:
            writer.add_uint32(key, value)
    return writer


def rows_of(tensor: Any) -> Array:
    """A tensor's values as they are stored, (n_rows, row length in values; BF16 as uint16)."""
    data = tensor.data.view(np.uint16) if tensor.tensor_type == Type.BF16 else tensor.data
    rows: Array = data.reshape(-1, int(tensor.shape[0]))
    return rows


def as_float32(rows: Array, stored: Type) -> Floats:
    """Rows of a tensor that is `stored` so, as ggml hands them to its quantizers."""
    if stored == Type.BF16:
        rows = (rows.astype(np.uint32) << 16).view(np.float32)
    return np.ascontiguousarray(rows, dtype=np.float32)


def converted(
    tensor: Any, kind: Type, importance: Floats | None, pool: Executor, device: "Device | None" = None
) -> Callable[[], Array]:
    """Begin to make a tensor's values, (n_rows, row length), of type `kind`; call the result to wait for them.

    Errors are weighed by the columns' `importance`. Without one the `device` quantizes what it can.
    """
    if kind == tensor.tensor_type:
        return lambda: tensor.data
    n_columns = int(tensor.shape[0])
    if importance is not None and importance.shape != (n_columns,):
        raise UserError(f"the imatrix has {importance.size} columns where the model has {n_columns}: make it anew")
    if device and kind in (Type.Q4_K, Type.Q6_K) and tensor.tensor_type in (Type.F16, Type.BF16):
        return pool.submit(by_device, tensor, kind, device).result
    return in_threads(tensor, kind, importance, pool)


def by_device(tensor: Any, kind: Type, device: "Device") -> Array:
    """`converted` by a device, with some rows compared with ggml's: `DeviceError` where they differ."""
    stored = rows_of(tensor)
    found = device.blocks(stored, kind.name)
    compared = slice(None, None, max(1, len(stored) // COMPARED))
    ours = np.ascontiguousarray(found[compared])
    ggmls = np.empty_like(ours)
    fill(ggmls, stored[compared], tensor.tensor_type, kind, None)
    if not np.array_equal(ours, ggmls):
        raise DeviceError
    return found


def in_threads(tensor: Any, kind: Type, importance: Floats | None, pool: Executor) -> Callable[[], Array]:
    """`converted` by ggml.

    Rows are independent, so the pool's threads share them, a few at a time: numpy and ctypes free the GIL, and no more
    of the tensor is in float32 than the threads work on.
    """
    stored = rows_of(tensor)
    n_rows, n_columns = stored.shape
    weights = None if importance is None else np.ascontiguousarray(importance, dtype=np.float32)
    result: Array = np.empty((n_rows, n_bytes(n_columns, kind)), dtype=np.uint8)
    step = max(1, VALUES_AT_ONCE // n_columns)
    begun = [
        pool.submit(fill, result[first : first + step], stored[first : first + step], tensor.tensor_type, kind, weights)
        for first in range(0, n_rows, step)
    ]

    def finished() -> Array:
        for part in begun:
            part.result()
        return result

    return finished


def n_bytes(n_values: int, kind: Type) -> int:
    """Bytes of so many values, of whole blocks."""
    block, size = GGML_QUANT_SIZES[kind]
    return int(n_values // block * size)


def fill(out: Array, stored: Array, stored_as: Type, kind: Type, weights: Floats | None) -> None:
    """Write `stored` rows, of type `kind`, to `out`, (n_rows, bytes of a row)."""
    rows = as_float32(stored, stored_as)
    if kind == Type.F16:
        out[:] = rows.astype(np.float16).view(np.uint8)
        return
    weighed = None if weights is None else weights.ctypes.data
    quantize_chunk(int(kind), rows.ctypes.data, out.ctypes.data, 0, len(rows), rows.shape[1], weighed)


quantize_chunk = ctypes.CDLL(xllamacpp.xllamacpp.__file__).ggml_quantize_chunk
quantize_chunk.restype = ctypes.c_size_t
quantize_chunk.argtypes = [
    ctypes.c_int,  # ggml_type
    ctypes.c_void_p,  # const float * src
    ctypes.c_void_p,  # void * dst
    *[ctypes.c_int64] * 3,  # start, nrows, n_per_row
    ctypes.c_void_p,  # const float * imatrix
]
