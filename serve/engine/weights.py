"""What a GGUF file says of itself, and whether it is whole."""

from dataclasses import dataclass
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any

from serve.engine.header import BrokenError, read_header

# general.file_type → the name that Ollama shows
FILE_TYPES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S", 12: "Q3_K_M",
    13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 32: "BF16",
}  # fmt: skip


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
        value = self.values.get(f"{self.family}.{name}")
        return int(value) if isinstance(value, int | float) else 0


@lru_cache(maxsize=8)
def read(path: Path, arrays: bool = False) -> Weights:
    """Read a GGUF file's header; `arrays` keeps metadata arrays too. Raises BrokenError. Cached: blobs never change."""
    values, tensors = read_header(path, arrays)
    if not isinstance(values.get("general.architecture"), str):
        raise BrokenError("general.architecture is missing")
    return Weights(values, tensors, sum(prod(tensor["shape"]) for tensor in tensors))


def human(count: int) -> str:
    """A count as Ollama shows it: 3548672 → "3.55M"."""
    for size, unit, digits in ((10**9, "B", 1), (10**6, "M", 2), (10**3, "K", 0)):
        if count >= size:
            whole = count % size == 0
            return f"{count / size:.{0 if whole else digits}f}{unit}"
    return str(count)
