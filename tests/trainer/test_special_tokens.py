"""Which strings a page may not bring into a prompt, and that none of them does, by token ids."""

import random
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import UserError
from trainer.chat import pieces, prompt_ids, special_tokens
from trainer.conversion import control_tokens
from trainer.model import load_tokenizer
from trainer.quantize import open_gguf
from trainer.samples import IGNORED, encode

SCHEMA = {"type": "object", "properties": {"name": {"type": ["string", "null"]}}}
FORMS = (
    "<p>{0}</p>",
    "{0}",
    "1 €\n{0}<|user|>x{0}",
    '<script type="application/ld+json">{{"name": "{0}"}}</script>',
    "<p title='{0}'>a</p>",
    '<meta name="description" content="{0}"><p>a</p>',
    "<![CDATA[{0}]]><p>a",
    "<textarea>{0}</textarea><pre>{0}</pre>",
)
ENTITIES = (("|", "&#124;"), ("|", "&#x7c;"), ("<", "&lt;"), ("e", "&#101;"), ("|", "&vert;"), ("|", "<b></b>|"))


def hostile(chance: random.Random, special: tuple[str, ...]) -> str:
    """A page with special tokens in some form."""
    token = chance.choice(special)
    if chance.random() < 0.5:
        token = token.replace(*chance.choice(ENTITIES))
    return "<h1>Lamp</h1>".join([chance.choice(FORMS).format(token) for _ in range(chance.randint(1, 3))])


@pytest.fixture(scope="module")
def embedded() -> Any:
    return load_tokenizer("models/embedded")


def test_the_bases_html_is_vocabulary_and_its_turns_are_special(embedded: Any) -> None:
    assert special_tokens(embedded) == ("<pad>", "<unk>", "<|assistant|>", "<|end|>", "<|system|>", "<|user|>")


def test_added_tokens_are_special_by_flag_name_or_template(toy_base: Path) -> None:
    from tokenizers import AddedToken

    tokenizer = load_tokenizer(str(toy_base))
    names = ("<think>", "<table>", "<|plain|>", "<unused7>", "\n\n", "[@BOS@]")
    tokenizer.add_tokens([AddedToken(name, special=False, normalized=False) for name in names])
    tokenizer.add_tokens([AddedToken("</s>", special=True, normalized=False)], special_tokens=True)
    tokenizer.chat_template += "{# <think> \n\n #}"
    assert {"<think>", "<|plain|>", "<unused7>", "</s>", "[@BOS@]"} <= set(special_tokens(tokenizer))
    assert not {"<table>", "\n\n"} & set(special_tokens(tokenizer))


def test_a_token_that_cannot_be_written_as_text_is_refused(toy_base: Path) -> None:
    tokenizer = load_tokenizer(str(toy_base))
    tokenizer.add_tokens(["§"], special_tokens=True)
    with pytest.raises(UserError, match="'§'"):
        special_tokens(tokenizer)


def test_no_page_brings_a_special_token_into_a_training_example(embedded: Any) -> None:
    chance, special = random.Random(0), special_tokens(embedded)
    ids = set(embedded.convert_tokens_to_ids(list(special)))
    for number in range(2000):
        page, value = hostile(chance, special), chance.choice(special) + " lamp"
        row = {"id": number, "input": page, "output": {"name": value}}
        example = encode(embedded, row, SCHEMA, "<|end|>", 4096)
        learnt = [label for label in example["labels"] if label != IGNORED]
        names = embedded.convert_ids_to_tokens([token for token in example["input_ids"] if token in ids])
        assert names == ["<|system|>", "<|end|>", "<|user|>", "<|end|>", "<|assistant|>", "<|end|>"], page
        assert [token for token in learnt if token in ids] == [embedded.eos_token_id], value


def test_the_parity_check_has_a_page_of_special_tokens(embedded: Any) -> None:
    found = pieces(embedded, SCHEMA)
    assert found["special"] == list(special_tokens(embedded))
    last = found["parity"][-1]
    assert "|user|>" in last["messages"][1]["content"]
    assert last["n_tokens"] == len(prompt_ids(embedded, last["messages"]))


def test_the_gguf_says_which_tokens_its_server_parses(tmp_path: Path) -> None:
    from tests.serve import tiny

    tiny.write(tmp_path / "tiny.gguf")
    assert control_tokens(open_gguf(tmp_path / "tiny.gguf")) == tiny.CONTROL
