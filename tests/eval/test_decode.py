from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, LlamaConfig

from eval import decode, graphs, hf
from pipeline.config import Config, load
from pipeline.errors import UserError

PHI3 = LlamaConfig(hidden_size=3072, intermediate_size=8192, num_hidden_layers=32, num_attention_heads=32)


@pytest.fixture
def shared_keys() -> Any:
    """A random model of which two query heads share a key; the large weights make each answer another."""
    torch.manual_seed(3)
    shape = {"hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 2, "vocab_size": 60}
    config = LlamaConfig(**shape, num_attention_heads=4, num_key_value_heads=2, initializer_range=0.4)
    return AutoModelForCausalLM.from_config(config, attn_implementation=decode.attention(config)).eval()


def test_the_answers_are_those_of_transformers_generate(shared_keys: Any) -> None:
    prompts = [[(7 * row + step) % 50 + 5 for step in range(3 + 4 * row)] for row in range(9)]
    plain = shared_keys
    found = decode.greedy(plain, prompts, 0, [1, 2, 3, 4], 40)
    plain.set_attn_implementation("eager")
    for prompt, (tokens, _) in zip(prompts, found, strict=True):
        alone = plain.generate(
            torch.tensor([prompt]), do_sample=False, max_new_tokens=40, eos_token_id=[1, 2, 3, 4], pad_token_id=0
        )
        assert tokens == alone[0, len(prompt) :].tolist()
    assert len({len(tokens) for tokens, _ in found}) > 3  # rows did leave the batch at different steps


@pytest.mark.parametrize("stretch", [4, 64])
def test_a_static_cache_gives_the_same_tokens_and_scores(
    shared_keys: Any, monkeypatch: pytest.MonkeyPatch, stretch: int
) -> None:
    """What a GPU replays as a graph, computed step by step."""
    monkeypatch.setattr(graphs, "STRETCH", stretch)
    shared_keys.set_attn_implementation("sdpa")
    prompts = [[(7 * row + step) % 50 + 5 for step in range(3 + 4 * row)] for row in range(9)]
    for limit in (1, 2, 40):
        with torch.inference_mode():
            plain, static = (
                module.greedy(shared_keys, prompts, 0, [1, 2, 3, 4], limit, True) for module in (decode, graphs)
            )
        assert [tokens for tokens, _ in static] == [tokens for tokens, _ in plain]
        for (_, ours), (_, theirs) in zip(static, plain, strict=True):
            assert ours == pytest.approx(theirs, abs=1e-4)


def test_a_gpu_decodes_by_graphs() -> None:
    for device, module in (("cuda", graphs), ("cpu", decode)):
        assert hf.decoder(SimpleNamespace(device=torch.device(device))) is module.greedy


def test_a_model_that_refuses_graphs_is_asked_step_by_step_and_out_of_memory_is_said(
    shared_keys: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shared_keys.set_attn_implementation("sdpa")
    asked = (shared_keys, [[5, 6, 7], [8, 9]], 0, [1, 2], 9)

    def fail(error: Exception) -> Any:
        def step(*_: Any) -> Any:
            raise error

        return step

    monkeypatch.setattr(graphs, "Step", fail(torch.OutOfMemoryError("full")))
    with pytest.raises(torch.OutOfMemoryError):
        graphs.greedy(*asked)
    monkeypatch.setattr(graphs, "Step", fail(RuntimeError("operation not permitted when stream is capturing")))
    assert graphs.greedy(*asked) == decode.greedy(*asked)
    assert graphs.greedy(*asked) == decode.greedy(*asked)
    assert capsys.readouterr().out.count("not permitted when stream is capturing") == 1


def test_a_row_that_has_ended_costs_no_more_steps(shared_keys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    prompts, sizes = [[5, 6, 7 + row] for row in range(9)], []
    forward = shared_keys.forward

    def count(**inputs: Any) -> Any:
        sizes.append(len(inputs["input_ids"]))
        return forward(**inputs)

    monkeypatch.setattr(shared_keys, "forward", count)
    found = decode.greedy(shared_keys, prompts, 0, [1, 2, 3, 4], 40)
    assert sizes[0] == 9
    assert sum(sizes) < 1.5 * sum(len(tokens) for tokens, _ in found)


def test_an_adapter_that_was_added_to_the_weights_computes_the_same(toy_run: Config) -> None:
    _, model = hf.load(toy_run, "adapter")
    assert not isinstance(model, PeftModel)
    base = AutoModelForCausalLM.from_pretrained(toy_run.model.model_name_or_path, dtype=torch.float32)
    beside = PeftModel.from_pretrained(base, str(toy_run.folder / "adapter"))
    ids = torch.arange(8)[None]
    with torch.no_grad():
        torch.testing.assert_close(model(ids).logits, beside(ids).logits, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(("gib", "prompt", "rows"), [(130, 250, 256), (40, 250, 128), (20, 250, 64), (1, 4000, 1)])
def test_a_batch_is_as_large_as_the_free_memory_holds(gib: int, prompt: int, rows: int) -> None:
    assert decode.rows_that_fit(gib * 2**30, PHI3, prompt, 512) == rows


def test_the_configs_batch_size_goes_before_the_memory(toy_run: Config) -> None:
    model = SimpleNamespace(device=torch.device("cpu"))
    assert decode.batch_size(load(Path("toy.yaml"), ["eval.batch_size=5"]), model, 100) == 5
    auto = load(Path("toy.yaml"), ["eval.batch_size=auto"])
    assert decode.batch_size(auto, model, 100) == decode.CPU_ROWS
    assert [decode.batch_size(auto, model, length) for length in (1024, 2048, 4096, 32768)] == [32, 8, 2, 1]


def test_a_batch_that_the_memory_does_not_hold_is_asked_in_halves(
    toy_run: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []

    def generate(_model: Any, _tokenizer: Any, prompts: list[list[int]], *_: Any) -> list[hf.Generated]:
        sizes.append(len(prompts))
        if len(prompts) > 2:
            raise torch.OutOfMemoryError
        return [hf.Generated(str(prompt[0]), False) for prompt in prompts]

    monkeypatch.setattr(hf, "generate", generate)
    answers = hf.answer_batch(None, None, [[n] for n in range(7)], [], toy_run)
    assert [one.text for one in answers] == [str(n) for n in range(7)]
    assert sizes == [7, 3, 1, 2, 4, 2, 2]
    monkeypatch.setattr(hf, "generate", lambda *_: (_ for _ in ()).throw(torch.OutOfMemoryError))
    with pytest.raises(UserError, match="does not hold one prompt of 1 tokens"):
        hf.answer_batch(None, None, [[1]], [], toy_run)
