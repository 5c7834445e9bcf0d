import numpy as np
import pytest
from gguf.lazy import LazyNumpyTensor

from trainer import convert


def test_float16_rounded_on_all_cores_has_numpys_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ties, numbers too small or too large for float16, and zeros with a sign among them."""
    exact = np.arange(0x7C00, dtype=np.uint16).view(np.float16).astype(np.float32)
    between = (exact[:-1] + exact[1:]) / 2
    near = np.nextafter(between, np.float32(np.inf))
    values = np.concatenate([exact, between, near, [1e-9, 65519.9, 65520.0, 1e9, np.inf, 0.0]]).astype(np.float32)
    values = np.stack([values, -values])
    monkeypatch.setattr(LazyNumpyTensor, "astype", LazyNumpyTensor.astype)
    plain = LazyNumpyTensor.astype
    convert.round_on_all_cores()
    assert LazyNumpyTensor.astype is not plain
    found = LazyNumpyTensor.to_eager(LazyNumpyTensor.from_eager(values).astype(np.float16))
    with np.errstate(over="ignore"):
        assert found.tobytes() == values.astype(np.float16).tobytes()
    assert LazyNumpyTensor.from_eager(values).astype(np.float64).dtype == np.float64
