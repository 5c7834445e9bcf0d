from pathlib import Path

import gguf
import numpy as np
import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from pipeline.errors import UserError
from tests.serve import tiny
from trainer import imatrix
from trainer.quantize import open_gguf, quantize, read_imatrix

N_COLUMNS = 256


@pytest.fixture
def model() -> LlamaForCausalLM:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=50, hidden_size=32, intermediate_size=48, num_hidden_layers=1, num_attention_heads=2
    )
    return LlamaForCausalLM(config).eval()


def test_the_sums_are_those_of_every_token(model: LlamaForCausalLM) -> None:
    examples = [[1, 2, 3], [4, 5]]
    sums = imatrix.squares(model, examples)
    assert {n for _, n in sums.values()} == {5}
    with torch.inference_mode():
        seen = [model.model.layers[0].input_layernorm(model.model.embed_tokens(torch.tensor(ids))) for ids in examples]
        last = [model.model(torch.tensor([ids])).last_hidden_state[0] for ids in examples]
    for name, values in (("model.layers.0.self_attn.k_proj", seen), ("lm_head", last)):
        assert sums[name][0] == pytest.approx(torch.cat(values).square().sum(0).numpy(), rel=1e-4)


def test_every_matrix_of_the_gguf_has_its_sums(model: LlamaForCausalLM, tmp_path: Path) -> None:
    tiny.write(tmp_path / "f16.gguf")
    found = imatrix.named(imatrix.squares(model, [[1, 2]]), open_gguf(tmp_path / "f16.gguf"))
    tensors = gguf.GGUFReader(tmp_path / "f16.gguf").tensors
    matrices = {tensor.name for tensor in tensors if len(tensor.shape) == 2}
    # The embedding is looked up, not multiplied with, unless it is the output layer too.
    tied = "output.weight" not in matrices
    assert found.keys() == (matrices if tied else matrices - {"token_embd.weight"})


def test_the_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    sums = {"blk.0.attn_q.weight": (np.arange(N_COLUMNS, dtype=np.float32), 4)}
    imatrix.save(sums, tmp_path / "imatrix.gguf", n_examples=2)
    means, described = read_imatrix(tmp_path / "imatrix.gguf")
    assert means["blk.0.attn_q.weight"] == pytest.approx(np.arange(N_COLUMNS) / 4)
    assert described == {
        "quantize.imatrix.file": "imatrix.gguf",
        "quantize.imatrix.dataset": "train.jsonl",
        "quantize.imatrix.entries_count": 1,
        "quantize.imatrix.chunks_count": 2,
    }


def write_f16(path: Path) -> np.ndarray:
    values = np.random.default_rng(0).normal(size=(64, N_COLUMNS)).astype(np.float16)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(1)
    writer.add_tensor("blk.0.attn_q.weight", values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return values


def test_what_matters_loses_less(tmp_path: Path) -> None:
    values = write_f16(tmp_path / "f16.gguf")
    weights = np.where(np.arange(N_COLUMNS) % 8 == 0, 100, 1).astype(np.float32)
    imatrix.save({"blk.0.attn_q.weight": (weights, 1)}, tmp_path / "imatrix.gguf", n_examples=1)

    def lost(path: Path | None) -> float:
        quantize(open_gguf(tmp_path / "f16.gguf"), tmp_path / "q.gguf", "q4_k_m", path)
        tensor = gguf.GGUFReader(tmp_path / "q.gguf").tensors[0]
        error = gguf.dequantize(tensor.data, tensor.tensor_type).reshape(values.shape) - values
        return float(np.square(error)[:, weights > 1].mean())

    assert lost(tmp_path / "imatrix.gguf") < 0.5 * lost(None)


def test_an_imatrix_of_another_model_is_refused(tmp_path: Path) -> None:
    write_f16(tmp_path / "f16.gguf")
    imatrix.save({"blk.0.attn_q.weight": (np.ones(32, np.float32), 1)}, tmp_path / "imatrix.gguf", n_examples=1)
    with pytest.raises(UserError, match="32 columns where the model has 256"):
        quantize(open_gguf(tmp_path / "f16.gguf"), tmp_path / "q.gguf", "q4_k_m", tmp_path / "imatrix.gguf")
