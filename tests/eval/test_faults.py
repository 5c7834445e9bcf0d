"""Faults planted into a finished run, and what the evaluation says of each (docs/faults.md)."""

from collections.abc import Callable
from pathlib import Path

import pytest

from eval import score
from pipeline.config import Config, load
from pipeline.errors import UserError
from pipeline.files import write_text
from tests.eval.conftest import FakeOllama

Start = Callable[[], FakeOllama]
SERVED_ONLY = "eval.variants=[f16, q4_k_m]"


def evaluate(server: FakeOllama, *overrides: str) -> None:
    score.evaluate(load(Path("toy.yaml"), [SERVED_ONLY, *overrides]), server.url)


def double_bos(server: FakeOllama, _: Config) -> None:
    count = server.count
    server.count = lambda messages: count(messages) + 1


def cut_prompts(server: FakeOllama, _: Config) -> None:
    count = server.count
    server.count = lambda messages: min(count(messages), 40)


def another_template(server: FakeOllama, _: Config) -> None:
    count = server.count
    server.count = lambda messages: count([*messages[:1], {"role": "user", "content": messages[1]["content"] + " "}])


def swapped_gguf(_: FakeOllama, config: Config) -> None:
    write_text(config.folder / "gguf" / "q4_k_m.gguf", "another model")


def second_run_under_the_name(server: FakeOllama, _: Config) -> None:
    server.digests["extractor:q4_k_m"] = "5" * 64


def leftover_gguf(_: FakeOllama, config: Config) -> None:
    write_text(config.folder / "gguf" / "q8_0.gguf", "of an earlier export")


def worse_in_one_field(server: FakeOllama, _: Config) -> None:
    for key, answer in server.answers.items():
        if key[0] == "extractor:q4_k_m":
            server.answers[key] = answer.replace('"town": "', '"town": "x')


LEFTOVER = "eval.variants=[f16, q8_0]"
FAULTS: list[tuple[Callable[[FakeOllama, Config], None], str, list[str]]] = [
    (double_bos, r"12 of 12 prompts did not reach f16 as they are \(the server read (\d+) prompt tokens, ours has", []),
    (cut_prompts, r"12 of 12 prompts did not reach f16 as they are \(the server read 40 prompt tokens", []),
    (another_template, r"prompts did not reach f16 as they are", []),
    (swapped_gguf, r"q4_k_m\.gguf is not the file that `make export` wrote", []),
    (second_run_under_the_name, r"extractor:q4_k_m .* has the digest 5555.*run `make serve` again", []),
    (
        leftover_gguf,
        r"has no served q8_0: run `make serve` first",
        [LEFTOVER, "export.quantization_method=[q4_k_m, q8_0]"],
    ),
    (worse_in_one_field, r"gate failed: f16 → q4_k_m .* lost by itself: town −100\.0", []),
]


@pytest.mark.parametrize(("plant", "words", "overrides"), FAULTS, ids=[plant.__name__ for plant, _, _ in FAULTS])
def test_a_planted_fault_is_caught_and_named(
    plant: Callable[[FakeOllama, Config], None], words: str, overrides: list[str], toy_run: Config, ollama: Start
) -> None:
    server = ollama()
    plant(server, toy_run)
    with pytest.raises(UserError, match=words):
        evaluate(server, *overrides)
    assert "extractor:latest" not in server.digests


def test_without_a_fault_the_same_run_is_clean(toy_run: Config, ollama: Start) -> None:
    evaluate(ollama())
