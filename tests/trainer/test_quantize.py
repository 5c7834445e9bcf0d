import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gguf
import numpy as np
import pytest
from gguf import GGMLQuantizationType as Type

from pipeline.errors import UserError
from pipeline.files import sha256
from tests.serve import tiny
from trainer import kquants
from trainer import quantize as quantize_module
from trainer.quantize import more_bits, open_gguf, quantize, tensor_type


@pytest.mark.parametrize(
    ("name", "shape", "n_layers", "tied", "expected"),
    [
        ("token_embd.weight", (512, 8192), 8, True, Type.Q6_K),
        ("token_embd.weight", (512, 8192), 8, False, Type.Q4_K),
        ("output.weight", (512, 8192), 8, False, Type.Q6_K),
        ("output_norm.weight", (512,), 8, True, Type.F32),
        ("blk.0.attn_v.weight", (512, 128), 8, True, Type.Q6_K),
        ("blk.1.attn_v.weight", (512, 128), 8, True, Type.Q4_K),
        ("blk.3.ffn_down.weight", (1024, 512), 8, True, Type.Q6_K),
        ("blk.7.ffn_down.weight", (1024, 512), 8, True, Type.Q6_K),
        ("blk.2.attn_qkv.weight", (3072, 9216), 32, False, Type.Q6_K),
        ("blk.2.attn_q.weight", (512, 512), 8, True, Type.Q4_K),
        ("blk.2.attn_q.weight", (384, 384), 8, True, Type.Q5_0),
        ("token_embd.weight", (384, 8192), 8, True, Type.Q8_0),
        ("blk.2.attn_q.weight", (100, 100), 8, True, Type.F16),
    ],
)
def test_types_are_llama_cpps(name: str, shape: tuple[int, ...], n_layers: int, tied: bool, expected: Type) -> None:
    original = Type.F32 if len(shape) == 1 else Type.F16
    assert tensor_type(name, shape, original, "q4_k_m", n_layers, tied) == expected


def test_q8_0_is_q8_0_everywhere() -> None:
    for name in ("token_embd.weight", "output.weight", "blk.0.attn_v.weight", "blk.0.ffn_down.weight"):
        assert tensor_type(name, (512, 512), Type.F16, "q8_0", 8, False) == Type.Q8_0


def test_half_of_phi3s_layers_get_more_bits() -> None:
    assert [layer for layer in range(32) if more_bits(layer, 32)] == [
        0,
        1,
        2,
        3,
        6,
        9,
        12,
        15,
        18,
        21,
        24,
        27,
        *range(28, 32),
    ]


def write_gguf(path: Path) -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    tensors = {
        "token_embd.weight": random.normal(size=(64, 256)).astype(np.float16),
        "blk.0.attn_q.weight": random.normal(size=(256, 256)).astype(np.float16),
        "blk.0.attn_norm.weight": random.normal(size=256).astype(np.float32),
    }
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(1)
    writer.add_name("Größe")
    writer.add_add_bos_token(False)
    writer.add_token_list(["<a>", "b"])
    writer.add_file_type(1)
    for name, values in tensors.items():
        writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return tensors


@pytest.mark.parametrize(("method", "largest"), [("q4_k_m", 0.35), ("q8_0", 0.03)])
def test_the_file_holds_the_same_model_in_fewer_bytes(tmp_path: Path, method: str, largest: float) -> None:
    original = write_gguf(tmp_path / "f16.gguf")
    quantize(open_gguf(tmp_path / "f16.gguf"), tmp_path / "q.gguf", method)
    reader = gguf.GGUFReader(tmp_path / "q.gguf")
    for tensor in reader.tensors:
        values = gguf.dequantize(tensor.data, tensor.tensor_type)
        assert np.abs(values.reshape(original[tensor.name].shape) - original[tensor.name]).max() < largest, tensor.name
    assert reader.fields["general.name"].contents() == "Größe"
    assert reader.fields["tokenizer.ggml.tokens"].contents() == ["<a>", "b"]
    assert reader.fields["tokenizer.ggml.add_bos_token"].contents() is False
    assert reader.fields["general.file_type"].contents() == {"q4_k_m": 15, "q8_0": 7}[method]
    assert (tmp_path / "q.gguf").stat().st_size < (tmp_path / "f16.gguf").stat().st_size


@pytest.mark.parametrize("size", [10, 400, -100])
def test_a_truncated_gguf_is_refused(tmp_path: Path, size: int) -> None:
    write_gguf(tmp_path / "f16.gguf")
    (tmp_path / "cut.gguf").write_bytes((tmp_path / "f16.gguf").read_bytes()[:size])
    with pytest.raises(UserError, match=r"cut\.gguf is not a whole GGUF file"):
        quantize(open_gguf(tmp_path / "cut.gguf"), tmp_path / "q.gguf", "q8_0")


GOLDEN = json.loads((Path(__file__).parent / "data" / "llama-quantize.json").read_text(encoding="utf-8"))["rows"]


@pytest.mark.parametrize("row", GOLDEN, ids=lambda row: f"{row['layers']} layers")
def test_files_are_llama_quantizes_byte_for_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row: dict[str, Any]
) -> None:
    monkeypatch.setattr(tiny, "LAYERS", row["layers"])
    tiny.write(tmp_path / "f16.gguf", seed=row["seed"])
    assert sha256(tmp_path / "f16.gguf") == row["f16"]  # the toy model of the record
    for method in ("q4_k_m", "q8_0"):
        quantize(open_gguf(tmp_path / "f16.gguf"), tmp_path / f"{method}.gguf", method)
        assert sha256(tmp_path / f"{method}.gguf") == row[method], method


@pytest.mark.parametrize("stored", [Type.F16, Type.BF16, Type.F32])
def test_how_rows_are_shared_among_threads_changes_no_byte(stored: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).normal(size=(37, 256)).astype(np.float32)
    data = {Type.F16: values.astype(np.float16), Type.BF16: (values.view(np.uint32) >> 16).astype(np.uint16)}
    raw = data.get(stored, values)
    raw = raw.view(np.uint8) if stored == Type.BF16 else raw  # as gguf reads it
    tensor = SimpleNamespace(tensor_type=stored, data=raw, shape=(256, 37))
    with ThreadPoolExecutor(3) as pool:
        whole = quantize_module.converted(tensor, Type.Q4_K, None, pool)()
        monkeypatch.setattr(quantize_module, "VALUES_AT_ONCE", 1000)
        np.testing.assert_array_equal(quantize_module.converted(tensor, Type.Q4_K, None, pool)(), whole)
    found = gguf.dequantize(whole, Type.Q4_K)
    assert np.abs(found.reshape(values.shape) - values).max() < 0.35


def hard_matrices() -> list[np.ndarray]:
    """Matrices (n x 256) on which rounding shows: of many sizes, with equal, few and no values, and on a grid."""
    random = np.random.default_rng(0)
    normal, sizes = random.normal(size=(400, 256)), np.repeat(10.0 ** random.uniform(-8, 2, (400, 16)), 16, 1)
    few = normal * (random.random((400, 256)) < 0.02)
    made = [normal * 0.02, normal * 3e-8, normal * 1e4, np.abs(normal), normal * sizes, sizes, few, 0 * normal]
    return [*made, random.integers(-3, 4, (400, 256)), random.standard_t(2, (400, 256)).clip(-9, 9)]


@pytest.mark.parametrize("stored", [Type.F16, Type.BF16])
@pytest.mark.parametrize("kind", [Type.Q4_K, Type.Q6_K])
def test_torch_quantizes_to_ggmls_bytes(kind: Type, stored: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kquants, "AT_ONCE", 1 << 15)
    device = kquants.Device("cpu")
    with ThreadPoolExecutor(2) as pool:
        for values in hard_matrices():
            data = values.astype(np.float16)
            if stored == Type.BF16:
                data = (values.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
            tensor = SimpleNamespace(data=data, tensor_type=stored, shape=np.array([256, 400]))
            by_ggml = quantize_module.converted(tensor, kind, None, pool)()
            assert np.array_equal(quantize_module.converted(tensor, kind, None, pool, device)(), by_ggml)


def test_a_device_with_other_bytes_quantizes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_gguf(tmp_path / "f16.gguf")
    device, asked = kquants.Device("cpu"), []
    plain = kquants.Device.blocks
    monkeypatch.setattr(kquants.Device, "blocks", lambda self, *given: asked.append(given[1]) or plain(self, *given))
    quantize(open_gguf(tmp_path / "f16.gguf"), tmp_path / "plain.gguf", "q4_k_m")
    quantize(open_gguf(tmp_path / "f16.gguf"), tmp_path / "device.gguf", "q4_k_m", device=device)
    assert sorted(asked) == ["Q4_K", "Q6_K"]
    monkeypatch.setitem(kquants.QUANTIZERS, "Q6_K", lambda values: kquants.q6_k(values) ^ 1)
    quantize(open_gguf(tmp_path / "f16.gguf"), tmp_path / "other.gguf", "q4_k_m", device=device)
    monkeypatch.setitem(kquants.QUANTIZERS, "Q4_K", fails)
    quantize(open_gguf(tmp_path / "f16.gguf"), tmp_path / "failed.gguf", "q4_k_m", device=device)
    assert len({sha256(tmp_path / f"{name}.gguf") for name in ("plain", "device", "other", "failed")}) == 1


def fails(*_: Any) -> None:
    raise RuntimeError("CUDA error")
