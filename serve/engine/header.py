"""A GGUF file's header, read so that no number in it is believed before it is held against the file's size.

Format: ggml's docs/gguf.md. Little-endian: magic, version, counts; metadata; tensor descriptions; padding; data.
"""

import mmap
import struct
from pathlib import Path
from typing import Any

import gguf
import numpy as np

from extraction.json import Json

TYPE = gguf.GGUFValueType
SCALARS = {
    TYPE.UINT8: "B", TYPE.INT8: "b", TYPE.UINT16: "H", TYPE.INT16: "h", TYPE.UINT32: "I", TYPE.INT32: "i",
    TYPE.FLOAT32: "f", TYPE.BOOL: "?", TYPE.UINT64: "Q", TYPE.INT64: "q", TYPE.FLOAT64: "d",
}  # fmt: skip
VERSIONS = (2, 3)
LONGEST_NAME = 2**16  # bytes of a key or a tensor's name
MOST_DIMENSIONS = 4


class BrokenError(ValueError):
    """The file is not a GGUF that can be read; the message says why."""


class TruncatedError(BrokenError):
    """The file ends before its tensors do."""


def read_header(path: Path, arrays: bool) -> tuple[Json, list[Json]]:
    """Metadata (arrays as None unless `arrays`) and tensors as {"name", "type", "shape"}, innermost dimension first."""
    with path.open("rb") as file:
        try:
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                return _Header(data).read(arrays)
        except ValueError as error:
            if isinstance(error, BrokenError):
                raise
            raise BrokenError(f"{type(error).__name__}: {error}") from None


class _Header:
    def __init__(self, data: mmap.mmap) -> None:
        self.data = data
        self.size = len(data)
        self.at = 0

    def read(self, arrays: bool) -> tuple[Json, list[Json]]:
        if self._bytes(4) != b"GGUF" or self._scalar("I") not in VERSIONS:
            raise BrokenError(f"not a GGUF file of version {VERSIONS[0]} or {VERSIONS[-1]}")
        n_tensors = self._count(4 + 8 + 4 + 8)
        values: Json = {}
        for _ in range(self._count(8 + 4 + 1)):
            key = self._text(LONGEST_NAME)
            if key in values:
                raise BrokenError(f"the key {key!r} is there twice")
            values[key] = self._value(self._type(), arrays)
        described = [self._tensor() for _ in range(n_tensors)]
        self._check_ends(described, values.get("general.alignment", gguf.GGUF_DEFAULT_ALIGNMENT))
        return values, [{key: tensor[key] for key in ("name", "type", "shape")} for tensor in described]

    def _tensor(self) -> Json:
        name = self._text(LONGEST_NAME)
        n_dimensions = self._scalar("I")
        if not 1 <= n_dimensions <= MOST_DIMENSIONS:
            raise BrokenError(f"tensor {name!r} has {n_dimensions} dimensions")
        shape = [self._scalar("Q") for _ in range(n_dimensions)]
        kind = gguf.GGMLQuantizationType(self._scalar("I"))
        block, width = gguf.GGML_QUANT_SIZES[kind]
        n_elements = 1
        for size in shape:
            n_elements *= size
        if shape[0] % block:
            raise BrokenError(f"tensor {name!r} has rows of {shape[0]}, which {kind.name} cannot divide")
        end = self._scalar("Q") + n_elements // block * width
        return {"name": name, "type": kind.name, "shape": shape, "end": end}

    def _check_ends(self, described: list[Json], alignment: Any) -> None:
        if not isinstance(alignment, int) or alignment < 1:
            raise BrokenError(f"general.alignment is {alignment!r}")
        start = -(-self.at // alignment) * alignment
        for tensor in described:
            if start + tensor["end"] > self.size:
                raise TruncatedError(
                    f'tensor "{tensor["name"]}" offset+size ({start + tensor["end"]}) exceeds file size ({self.size})'
                )

    def _value(self, kind: gguf.GGUFValueType, arrays: bool) -> Any:
        if kind == TYPE.STRING:
            return self._text(self.size)
        if kind != TYPE.ARRAY:
            value = self._scalar(SCALARS[kind])
            # a float32 such as 1e-6 as its shortest decimal, not as the nearest double
            return float(str(np.float32(value))) if kind == TYPE.FLOAT32 else value
        item = self._type()
        if item == TYPE.ARRAY:
            raise BrokenError("an array of arrays")
        if item == TYPE.STRING:
            texts = [self._text(self.size) for _ in range(self._count(8))]
            return texts if arrays else None
        code = SCALARS[item]
        count = self._count(struct.calcsize("<" + code))
        numbers = self._bytes(count * struct.calcsize("<" + code))
        return list(struct.unpack(f"<{count}{code}", numbers)) if arrays else None

    def _type(self) -> gguf.GGUFValueType:
        return TYPE(self._scalar("I"))

    def _count(self, least: int) -> int:
        """A number of things that take at least so many bytes each."""
        count = int(self._scalar("Q"))
        if count * least > self.size - self.at:
            raise BrokenError(f"{count} entries at byte {self.at} do not fit into a file of {self.size} bytes")
        return count

    def _text(self, longest: int) -> str:
        length = self._count(1)
        if length > longest:
            raise BrokenError(f"a name of {length} bytes")
        return self._bytes(length).decode("utf-8", "replace")

    def _scalar(self, code: str) -> Any:
        (value,) = struct.unpack("<" + code, self._bytes(struct.calcsize("<" + code)))
        return value

    def _bytes(self, length: int) -> bytes:
        if length > self.size - self.at:
            raise BrokenError(f"the file ends within its header, at byte {self.size}")
        found = self.data[self.at : self.at + length]
        self.at += length
        return found
