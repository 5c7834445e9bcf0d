"""Train the embedded base's tokenizer: SentencePiece BPE, 8,192 pieces, byte fallback.

Reads the generated corpus; writes tokenizer.model (for llama.cpp's converter), tokenizer.json and tokenizer_config.json
(for transformers) and chat_template.jinja.

    python -m pretraining.tokenizer --out models/embedded

A piece never joins letters with spaces, digits, quotes or brackets, so a word has the same pieces wherever it stands
and a value is copied from the page piece by piece. Tags and attribute openings are whole symbols.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any

import regex

from pipeline.errors import run
from pipeline.files import atomic_write, write_text

PIECES = 8192
SAMPLES = 20_000
UNKNOWN, PAD, END = "<unk>", "<pad>", "<|end|>"
ROLES = ["<|system|>", "<|user|>", "<|assistant|>"]
SPECIAL = (UNKNOWN, PAD, END, *ROLES)
EXACTLY = {"lstrip": False, "rstrip": False, "normalized": False, "single_word": False}
SPACE = "\u2581"  # SentencePiece's own space; a literal one in a text comes back as a space
TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)

# What extraction/clean.py leaves of a page's markup.
OPENING = """
    a abbr address article aside b big body br button cite dd del details div dl dt em fieldset figcaption figure font
    footer form h1 h2 h3 h4 h5 h6 head header hr html i img input ins label legend li main mark meta nav ol option
    output p s script section select small span strike strong sub summary sup table tbody td textarea tfoot th thead
    time title tr u ul
"""
EMPTY = "br hr img input meta"
ALONE = """
    a b big body br button dd del div dl dt em font h1 h2 h3 h4 i label li nav ol option p s section select small span
    strong sup table tbody td th thead title tr u ul
"""
CLASSED = "a button dd div dl dt em form h1 h2 h3 h4 i label li nav ol p section small span strong table td th tr ul"
ATTRIBUTES = """
    alt aria-label class content data-price data-value datetime id itemprop label name property title value
"""
ENTITIES = "amp nbsp quot lt gt"
# No symbol's end is another one's beginning: llama.cpp seeks the longest symbol first, transformers the leftmost.
# (Except in "<thttps://", which no page has.)
SYMBOLS = [
    *(f"<{tag}" for tag in OPENING.split()),
    *(f"</{tag}>" for tag in OPENING.split() if tag not in EMPTY.split()),
    *(f"<{tag}>" for tag in ALONE.split()),
    *(f'<{tag} class="' for tag in CLASSED.split()),
    *(f' {name}="' for name in ATTRIBUTES.split()),
    *(f"&{name};" for name in ENTITIES.split()),
    *('<meta itemprop="', '<meta property="', '<span itemprop="', '<img alt="', " data-", "https://"),
    '<script type="application/ld+json">',
]
SYMBOL = regex.compile("|".join(regex.escape(symbol) for symbol in sorted(SYMBOLS, key=len, reverse=True)))
UNIT = regex.compile(
    r"""  \p{Lu}?[\p{Ll}\p{M}]+ | \p{Lu}+(?!\p{Ll}) | [\p{Lo}\p{Lm}\p{M}]+  # a word, or a part of a compoundWord
        | [ ]+  # indentation
        | \{" | "[:,][ ]?["\[{]? | ,[ ]["{] | "[\]}] | \\"  # what stands between the values of JSON
        | "[ ]?/?> | /> | ="  # what stands between the values of HTML
        | ([-._=*/:!?])\1+  # a rule of dashes, an ellipsis
        | [^\s]  # any other character, digits one by one""",
    regex.VERBOSE,
)


def units(text: str) -> Iterator[str]:
    """The stretches of a text within which pieces form; symbols stand apart, line ends and tabs remain bytes."""
    return (match[0] for between in SYMBOL.split(text) for match in UNIT.finditer(between))


def train(texts: Iterable[str], pieces: int = PIECES) -> bytes:
    """A serialized SentencePiece model of the texts; with fewer than `pieces` where the texts do not fill them."""
    from sentencepiece import SentencePieceTrainer

    counts = Counter(unit for text in texts for unit in units(text))
    model = BytesIO()
    SentencePieceTrainer.train(
        sentence_iterator=iter(f"{unit}\t{count}" for unit, count in sorted(counts.items())),
        input_format="tsv",
        model_writer=model,
        model_type="bpe",
        vocab_size=pieces,
        hard_vocab_limit=False,
        character_coverage=0.9998,
        byte_fallback=True,
        split_digits=True,
        # The units are split already, more finely than these could.
        split_by_whitespace=False,
        split_by_unicode_script=False,
        split_by_number=False,
        allow_whitespace_only_pieces=True,
        normalization_rule_name="identity",
        add_dummy_prefix=False,
        remove_extra_whitespaces=False,
        control_symbols=ROLES,
        user_defined_symbols=[symbol.replace(" ", SPACE) for symbol in SYMBOLS],
        unk_id=0,
        pad_id=1,
        pad_piece=PAD,
        eos_id=2,
        eos_piece=END,
        bos_id=-1,
        num_threads=1,
        minloglevel=2,
    )
    return model.getvalue()


def convert(model: bytes) -> Any:
    """The `tokenizers.Tokenizer` that gives the ids of a serialized SentencePiece model."""
    from sentencepiece import SentencePieceProcessor
    from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers

    source = SentencePieceProcessor(model_proto=model)
    symbols = {symbol.replace(" ", SPACE): symbol for symbol in SYMBOLS}
    names = [symbols.get(name, name) for name in map(source.id_to_piece, range(source.vocab_size()))]
    vocabulary = {name: index for index, name in enumerate(names)}
    bpe = models.BPE(vocabulary, merges(source, set(SYMBOLS)), unk_token=UNKNOWN, fuse_unk=True, byte_fallback=True)
    tokenizer = Tokenizer(bpe)
    tokenizer.normalizer = normalizers.Replace(" ", SPACE)
    tokenizer.decoder = decoders.Sequence([decoders.Replace(SPACE, " "), decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.add_special_tokens([AddedToken(name, normalized=False, special=True) for name in SPECIAL])
    tokenizer.add_tokens([AddedToken(name, normalized=False, special=False) for name in SYMBOLS])
    return tokenizer


def merges(source: Any, apart: set[str]) -> list[tuple[str, str]]:
    """Every way to join two pieces into a third, in the order in which SentencePiece prefers the third."""
    plain = [
        i for i in range(source.vocab_size()) if not (source.is_control(i) or source.is_byte(i) or source.is_unknown(i))
    ]
    score = {source.id_to_piece(i): source.get_score(i) for i in plain}
    score = {piece: value for piece, value in score.items() if piece.replace(SPACE, " ") not in apart}
    ranked = sorted((piece for piece in score if len(piece) > 1), key=lambda piece: -score[piece])
    cuts = ((piece[:cut], piece[cut:]) for piece in ranked for cut in range(1, len(piece)))
    return [(left, right) for left, right in cuts if left in score and right in score]


def save(model: bytes, folder: Path) -> None:
    """Write the tokenizer's files into `folder`."""
    tokenizer = convert(model)
    config = {
        # Loads tokenizer.json as it is; "LlamaTokenizer" would put its own white-space rules in place of ours.
        "tokenizer_class": "PreTrainedTokenizerFast",
        "add_bos_token": False,
        "add_eos_token": False,
        "add_prefix_space": False,
        "legacy": False,
        "clean_up_tokenization_spaces": False,
        "bos_token": None,
        "eos_token": END,
        "pad_token": PAD,
        "unk_token": UNKNOWN,
        "model_max_length": 4096,
        # llama.cpp's converter learns only from this table that a symbol is matched before any merge.
        "added_tokens_decoder": {
            str(index): {"content": token.content, "special": token.special, **EXACTLY}
            for index, token in tokenizer.get_added_tokens_decoder().items()
        },
    }
    with atomic_write(folder / "tokenizer.model") as path:
        path.write_bytes(model)
    write_text(folder / "tokenizer.json", tokenizer.to_str(pretty=False))
    write_text(folder / "tokenizer_config.json", json.dumps(config, indent=1, ensure_ascii=False))
    write_text(folder / "chat_template.jinja", TEMPLATE)


def main(out: Path, samples: int, pieces: int, seed: int) -> None:
    """Train on the texts of the corpus's first `samples` samples and write the files."""
    from pretraining import corpus
    from pretraining.stream import conversation

    texts = (text for sample in islice(corpus.samples(seed), samples) for text in conversation(sample))
    model = train(texts, pieces)
    save(model, out)
    print(f"{convert(model).get_vocab_size()} pieces -> {out}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("models/embedded"))
    parser.add_argument("--samples", type=int, default=SAMPLES)
    parser.add_argument("--pieces", type=int, default=PIECES)
    parser.add_argument("--seed", type=int, default=1)
    run(partial(main, **vars(parser.parse_args())))
