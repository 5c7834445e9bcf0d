"""Pre-training of the embedded base: what is packed and learned from, and that a tiny run leaves a model that loads."""

import json
import os
import shutil
import socket
import subprocess
import sys
from itertools import islice
from pathlib import Path
from queue import Queue
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from torch.multiprocessing.spawn import spawn

from extraction.prompt import Reader, completion, messages
from pipeline.errors import UserError
from pretraining.corpus import Sample, samples
from pretraining.heldout import figures, judge
from pretraining.lengthen import lengthen
from pretraining.llama import Llama, Rounded, four_bit, masker
from pretraining.parts import parted
from pretraining.stream import ANSWER, Batch, Encoded, encode, pack, ready, render
from pretraining.team import Team
from pretraining.train import architecture, prompt_weight, schedule

BASE = Path("models/embedded").resolve()


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.from_file(str(BASE / "tokenizer.json"))


@pytest.mark.parametrize(("done", "factor"), [(0, 0), (0.01, 0.5), (0.02, 1), (0.3, 1), (0.65, 0.5), (1, 0), (1.1, 0)])
def test_schedule(done: float, factor: float) -> None:
    assert schedule(done) == pytest.approx(factor)


@pytest.mark.parametrize(("done", "weight"), [(0, 0.3), (0.4, 0.16), (0.8, 0.02), (1, 0.02)])
def test_prompt_weight(done: float, weight: float) -> None:
    assert prompt_weight(done) == pytest.approx(weight)


def test_packing_keeps_conversations_whole_and_apart() -> None:
    sizes = [5, 9, 3, 7, 8, 2, 6, 4] * 6
    encoded = [Encoded([number] * size, 1) for number, size in enumerate(sizes, 1)]
    found = []
    for batch in pack(encoded, rows=2, length=12):
        assert batch.ids.shape == (2, 12)
        for ids, document in zip(batch.ids, batch.document, strict=True):
            for number in set(document.tolist()) - {0}:
                part = ids[document == number].tolist()
                assert part == encoded[part[0] - 1].ids
                found.append(part[0])
            assert not ids[document == 0].any()
    assert len(found) == len(set(found)) > len(sizes) / 2


def test_the_answers_targets_are_the_completion_and_the_end(tokenizer: Tokenizer) -> None:
    chosen = [sample for sample in islice(samples(8), 40) if len(sample.text) < 2_000]
    expected = {completion(sample.record, sample.schema) + "<|end|>" for sample in chosen}
    batch = next(pack(encode(chosen, tokenizer, 4096), rows=1, length=4096))
    for number in range(1, int(batch.document.max()) + 1):
        asked = (batch.document[0] == number) & (batch.kind[0] == ANSWER)
        targets = batch.ids[0][1:][asked[:-1]].tolist()
        assert tokenizer.decode(targets, skip_special_tokens=False) in expected
    assert batch.document.max() > 1


class Worker:
    """A process that is alive or dead."""

    name, exitcode = "worker", 1

    def __init__(self, alive: bool) -> None:
        self.is_alive = lambda: alive


def test_a_dead_worker_is_left_out_and_none_left_is_an_error() -> None:
    dead, living = Queue[Any](), Queue[Any]()
    dead.put("a")
    for name in "bcd":
        living.put(name)
    turns = ready([(Worker(False), dead), (Worker(True), living)])
    assert list(islice(turns, 4)) == ["a", "b", "c", "d"]
    with pytest.raises(UserError, match="has died"):
        next(ready([(Worker(False), Queue[Any]())]))


def test_where_no_worker_has_a_batch_the_oldest_is_given_once_more() -> None:
    queue = Queue[Any]()
    turns = ready([(Worker(True), queue)], apart=2)
    made = [Batch(*(np.full((1, 4), i, np.uint16) for _ in range(3))) for i in range(5)]
    for batch in made[:4]:
        queue.put(batch)
    given = [next(turns) for _ in range(6)]
    assert [(int(batch.ids[0, 0]), batch.again) for batch in given] == [
        *((i, False) for i in range(4)),
        (0, True),
        (1, True),
    ]
    queue.put(made[4])
    assert not next(turns).again


def test_too_long_a_conversation_is_left_out(tokenizer: Tokenizer) -> None:
    chosen = list(islice(samples(8), 30))
    lengths = [len(tokenizer.encode(render(sample)).ids) for sample in chosen]
    limit = sorted(lengths)[15]
    assert [len(one.ids) for one in encode(chosen, tokenizer, limit)] == [size for size in lengths if size <= limit]


def test_lengthened_pages_still_hold_the_page() -> None:
    plain, longer = islice(samples(2), 300), islice(lengthen(samples(2), 2), 300)
    changed = [(a, b) for a, b in zip(plain, longer, strict=True) if a != b]
    assert changed
    for before, after in changed:
        assert before.text in after.text
        assert (before.record, before.domain + ", long") == (after.record, after.domain)


def test_a_part_of_a_long_page_answers_what_it_states() -> None:
    text = "".join(f"<p>{'word ' * 40}{value}</p>\n" for value in ("", "Xylor 5000", "", "", "", "€ 12.90", "", ""))
    record = {"name": "Xylor 5000", "price": "€ 12.90", "category": None}
    schema = {"type": "object", "properties": {name: {"type": ["string", "null"]} for name in record}}
    long = Sample(text * 30, schema, record, "product")
    stated = Sample(text * 30, schema, record | {"category": "not on the page"}, "product")
    short = Sample(text, schema, record, "product")
    parts = list(parted((one for _ in range(60) for one in (long, stated, short)), 3))
    assert all(part in (stated, short) or part.cut for part in parts)
    assert [part.text for part in parts].count(text) > 40
    cut = [part for part in parts if part.cut]
    assert len(cut) > 50
    for part in cut:
        assert part.text in long.text
        assert part.record == {name: value if value and value in part.text else None for name, value in record.items()}


def test_parts_are_asked_as_serving_asks_them() -> None:
    part = next(one for one in parted(lengthen(samples(5), 5), 5) if one.cut)
    assert messages(part.text, part.schema, Reader(clean=False))[-1]["content"] == part.text.strip()
    assert part.text.strip() in render(part)


def test_the_model_is_transformers_llama_and_sees_one_conversation_at_a_time() -> None:
    from transformers import LlamaForCausalLM

    torch.manual_seed(0)
    config = architecture(512, tiny=True)
    ours, theirs = Llama(config).eval(), LlamaForCausalLM(config).eval()
    theirs.load_state_dict(ours.state_dict() | {"lm_head.weight": ours.model.embed_tokens.weight})
    first, second = torch.randint(0, 512, (1, 20)), torch.randint(0, 512, (1, 30))
    document = torch.tensor([[1] * 20 + [2] * 30])
    with torch.inference_mode():
        packed = ours(torch.cat((first, second), 1), masker(1, 50, "cpu")(document))
        torch.testing.assert_close(packed[:, :20], theirs(first).logits, atol=1e-4, rtol=1e-3)
        torch.testing.assert_close(packed[:, 20:], theirs(second).logits, atol=1e-4, rtol=1e-3)


def test_rounded_weights_have_sixteen_steps_a_block_and_pass_the_gradient_on() -> None:
    torch.manual_seed(0)
    layer, x = Rounded(64, 8), torch.randn(5, 64)
    plain = layer(x)
    torch.testing.assert_close(plain, torch.nn.functional.linear(x, layer.weight))
    layer.rounding.fill_(1.0)
    layer(x).sum().backward()
    torch.testing.assert_close(layer.weight.grad, x.sum(0).expand(8, 64))
    for rounded, block in zip(four_bit(layer.weight).view(-1, 32), layer.weight.view(-1, 32), strict=True):
        assert len(rounded.unique()) <= 16
        assert (rounded - block).abs().max() <= (block.max() - block.min()) / 30 + 1e-6
    assert not torch.allclose(layer(x), plain, atol=1e-3)


def test_the_architecture_suits_k_quants_and_the_budget() -> None:
    model = Llama(architecture(8192, tiny=False))
    assert sum(p.numel() for p in model.parameters()) <= 20_000_000
    assert all(p.shape[-1] % 256 == 0 for p in model.parameters())


def test_judging_counts_a_failure_as_wrong_in_every_field() -> None:
    chosen = list(islice(samples(1), 2))
    right = completion(chosen[0].record, chosen[0].schema)
    counted = figures(list(judge(chosen, [right, "{"])))["all"]
    fields = [len(sample.record) for sample in chosen]
    assert counted == {
        "n": 2,
        "exact_match": 0.5,
        "field_accuracy": round(fields[0] / sum(fields), 4),
        "parsed": 0.5,
    }


def teammate(rank: int, port: int, folder: Path) -> None:
    """One of two processes: what it has after averaging its gradients and summing its numbers."""
    os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2"}
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "CUDA_VISIBLE_DEVICES": ""}
    team = Team()
    weights = [SimpleNamespace(grad=torch.full(size, first + rank)) for size, first in (((2, 3), 0.0), ((4,), 10.0))]
    team.average(weights)
    facts = {"gradients": [weight.grad.tolist() for weight in weights], "sums": team.sums(rank + 1, 5)}
    (folder / f"{rank}.json").write_text(json.dumps(facts))
    team.leave()


def test_two_processes_average_their_gradients_and_sum_their_numbers(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    spawn(teammate, (port, tmp_path), nprocs=2)  # type: ignore[no-untyped-call]
    expected = {"gradients": [[[0.5] * 3] * 2, [10.5] * 4], "sums": [3, 10]}
    assert [json.loads((tmp_path / f"{rank}.json").read_text()) for rank in (0, 1)] == [expected, expected]


@pytest.mark.slow
def test_a_tiny_run_learns_and_leaves_a_model_that_loads(tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        shutil.copy(BASE / name, tmp_path)
    command = [sys.executable, "-m", "pretraining.train", "--out", str(tmp_path), "--seconds", "15", "--tiny"]
    command += ["--rows", "2", "--workers", "1", "--held-out", "2", "--pause-after", "8"]
    subprocess.run(command, check=True)
    assert (tmp_path / "pretraining.pt").is_file()
    assert not (tmp_path / "model.safetensors").exists()
    subprocess.run(command, check=True)
    assert not (tmp_path / "pretraining.pt").exists()
    seconds = [json.loads(row)["seconds"] for row in (tmp_path / "train-log.jsonl").read_text().splitlines()]
    assert seconds == sorted(seconds)
    assert len(seconds) >= 2
    record: dict[str, Any] = json.loads((tmp_path / "training.json").read_text())
    assert record["final"]["answer_loss"] < 8.9  # ln 8192 is 9.01
    assert record["held_out"]["all"]["n"] == 2
    model = AutoModelForCausalLM.from_pretrained(tmp_path)
    assert model.dtype == torch.float16
    assert (tmp_path / "learning-curve.png").read_bytes().startswith(b"\x89PNG")


def test_without_a_tokenizer_the_remedy_is_named(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pretraining.train", "--out", str(tmp_path)]
    asked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert asked.returncode == 1
    assert asked.stderr.startswith("error: ")
    assert "python -m pretraining.tokenizer" in asked.stderr
