"""What a GGUF file says of itself, and whether it is whole."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import gguf
import numpy as np

ARRAY = gguf.GGUFValueType.ARRAY
# general.file_type → the name that Ollama shows
FILE_TYPES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S", 12: "Q3_K_M",
    13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 32: "BF16",
}  # fmt: skip


class BrokenError(ValueError):
    """The file is not a GGUF that can be read; the message says why."""


class TruncatedError(BrokenError):
    """The file ends before its tensors do."""


@dataclass(frozen=True)
class Weights:
    """`values`: scalar metadata, arrays as None; `tensors`: name, type, shape (innermost dimension first)."""

    values: dict[str, Any]
    tensors: list[dict[str, Any]]
    parameters: int

    @property
    def family(self) -> str:
        return str(self.values["general.architecture"])

    @property
    def quantization(self) -> str:
        return FILE_TYPES.get(self.values.get("general.file_type", -1), "unknown")

    def number(self, name: str) -> int:
        """A size such as `context_length` of the architecture; 0 where it is not given."""
        return int(self.values.get(f"{self.family}.{name}") or 0)


class _Reader(gguf.GGUFReader):
    """Checks each tensor's end against the file's size before the data is mapped."""

    def _build_tensors(self, start_offs: int, fields: list[gguf.ReaderField]) -> None:
        size = len(self.data)
        for field in fields:
            dimensions, kind, offset = (
                field.parts[3],
                gguf.GGMLQuantizationType(field.parts[4][0]),
                field.parts[5][0],
            )
            block, width = gguf.GGML_QUANT_SIZES[kind]
            elements = int(np.prod(dimensions, dtype=np.uint64))
            end = int(start_offs) + int(offset) + elements // block * width
            if end > size:
                raise TruncatedError(f'tensor "{field.name}" offset+size ({end}) exceeds file size ({size})')
        super()._build_tensors(start_offs, fields)


@lru_cache(maxsize=8)
def read(path: Path, arrays: bool = False) -> Weights:
    """Read a GGUF file's header; `arrays` keeps metadata arrays too. Raises BrokenError. Cached: blobs never change."""
    try:
        reader = _Reader(path)
        values = {name: field for name, field in reader.fields.items() if not name.startswith("GGUF.")}
        contents = {name: _content(field, arrays) for name, field in values.items()}
        if "general.architecture" not in contents:
            raise BrokenError("general.architecture is missing")
    except BrokenError:
        raise
    except (ValueError, KeyError, IndexError, TypeError, OverflowError, MemoryError) as error:
        raise BrokenError(f"{type(error).__name__}: {error}") from None
    tensors = [
        {"name": tensor.name, "type": tensor.tensor_type.name, "shape": [int(size) for size in tensor.shape]}
        for tensor in reader.tensors
    ]
    return Weights(contents, tensors, sum(int(tensor.n_elements) for tensor in reader.tensors))


def _content(field: gguf.ReaderField, arrays: bool) -> Any:
    if field.types[0] == ARRAY and not arrays:
        return None
    value = field.contents()
    # a float32 such as 1e-6 as its shortest decimal, not as the nearest double
    return float(str(np.float32(value))) if field.types[0] == gguf.GGUFValueType.FLOAT32 else value


def human(count: int) -> str:
    """A count as Ollama shows it: 3548672 → "3.55M"."""
    for size, unit, digits in ((10**9, "B", 1), (10**6, "M", 2), (10**3, "K", 0)):
        if count >= size:
            whole = count % size == 0
            return f"{count / size:.{0 if whole else digits}f}{unit}"
    return str(count)
