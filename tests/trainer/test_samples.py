from pathlib import Path
from typing import Any

import pytest

from extraction.prompt import completion, messages
from pipeline.errors import UserError
from trainer.chat import end_of_turn, pieces, prompt_ids
from trainer.model import load_tokenizer
from trainer.samples import IGNORED, encode

SCHEMA = {"type": "object", "properties": {"town": {"type": ["string", "null"]}, "seats": {"type": "integer"}}}
ROW = {"id": "r1", "input": "<p>Bern 3</p>", "output": {"town": "Bern", "seats": 3}}


@pytest.fixture
def tokenizer(toy_base: Path) -> Any:
    return load_tokenizer(str(toy_base))


def test_the_loss_is_on_the_answer_and_its_end_only(tokenizer: Any) -> None:
    sample = encode(tokenizer, ROW, SCHEMA, "<|end|>", 1000)
    learnt = [label for label in sample["labels"] if label != IGNORED]
    assert tokenizer.decode(learnt) == '{"town": "Bern", "seats": 3}<|end|>'
    assert sample["input_ids"][-len(learnt) :] == learnt
    asked = prompt_ids(tokenizer, messages(ROW["input"], SCHEMA))
    assert sample["input_ids"][: -len(learnt)] == asked
    assert tokenizer.decode(asked).endswith("<p>Bern 3</p><|end|><|assistant|>")


def test_a_sample_that_is_too_long_is_named(tokenizer: Any) -> None:
    with pytest.raises(UserError, match=r"example r1 has \d+ tokens, more than model.max_length 20"):
        encode(tokenizer, ROW, SCHEMA, "<|end|>", 20)


def test_a_mask_that_is_wrong_is_refused(tokenizer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainer.samples.completion", lambda *given: completion(*given) + "<|end|>")
    monkeypatch.setattr("trainer.samples.prompt_ids", lambda *_: prompt_ids(tokenizer, messages("<p>", SCHEMA)))
    with pytest.raises(UserError, match="joins the prompt's end"):
        encode(tokenizer, ROW, SCHEMA, "", 1000)


def test_the_end_of_a_turn_and_the_pieces_come_from_the_template(tokenizer: Any) -> None:
    assert end_of_turn(tokenizer) == "<|end|>"
    found = pieces(tokenizer, SCHEMA)
    assert (found["before"], found["between"]) == ("<|system|>", "<|end|><|user|>")
    assert (found["after"], found["add_bos_token"]) == ("<|end|><|assistant|>", False)
    assert all(example["n_tokens"] > 0 for example in found["parity"])


def test_a_bos_in_the_template_is_left_to_the_server(tokenizer: Any) -> None:
    tokenizer.bos_token = "<s>"
    tokenizer.chat_template = "{{ bos_token }}" + tokenizer.chat_template
    found = pieces(tokenizer, SCHEMA)
    assert (found["before"], found["add_bos_token"]) == ("<|system|>", True)
    assert all(example["rendered"].startswith("<|system|>") for example in found["parity"])


def test_a_template_that_changes_its_messages_is_refused(tokenizer: Any) -> None:
    tokenizer.chat_template = tokenizer.chat_template.replace("m.content", "m.content | trim | upper")
    with pytest.raises(UserError, match="chat template"):
        pieces(tokenizer, SCHEMA)
