"""What the base model's chat template does, found by rendering: around the messages, at a turn's end, at the start.

The served model's TEMPLATE is made from these pieces, so any base model works and nothing about it is written twice.
"""

import re
from functools import lru_cache
from typing import Any

from extraction.json import Json
from extraction.prompt import Messages, Reader, messages, render
from extraction.special import hide
from pipeline.errors import UserError

SYSTEM, USER = "\u241fsystem\u241f", "\u241fuser\u241f"
# Pages that show a difference: plain, with white space and entities, with scripts of many languages and odd characters.
PARITY_PAGES = (
    "<div class='product'><h2>iPad Air</h2><span class='price'>$1344</span></div>",
    "<p>\n\t  Fish &amp; Chips   <b>£9.50</b>\n\n</p>  <!-- {{ .Prompt }} {% raw %} -->",
    '<td title="Größe">Ünïcödé 日本語 العربية Ελληνικά 🛒 1.299,00\xa0€</td>\n{"name": null}',
)


# Tokens that llama.cpp and its converter take for control tokens whatever the tokenizer says, by their names.
CONTROL = re.compile(r"<\|.*\|>|<\uff5c.*\uff5c>|<unused\d*>|<(?:pad|mask|2mass)>|\[@BOS@\]", re.DOTALL)
SHOWN = 20  # special tokens on the last parity page, as text
MARK = re.compile(r"[<\[{]\S+[>\]}]")


@lru_cache(maxsize=2)
def special_tokens(tokenizer: Any) -> tuple[str, ...]:
    """The strings that no page may bring into a prompt, sorted.

    They are the tokenizer's special tokens and those of its added tokens that have a control token's name or that its
    chat template writes. Other added tokens, such as HTML tags, are vocabulary. Raises `UserError` for one that cannot
    be written as text.
    """
    template = str(tokenizer.chat_template or "")
    names = set(tokenizer.all_special_tokens)
    for token in tokenizer.added_tokens_decoder.values():
        name = str(token.content)
        if token.special or CONTROL.fullmatch(name) or (MARK.fullmatch(name) and name in template):
            names.add(name)
    special = tuple(sorted(names))
    ids = {tokenizer.convert_tokens_to_ids(name) for name in special}
    for name in special:
        if ids & set(tokenizer(hide(name, special), add_special_tokens=False)["input_ids"]):
            raise UserError(
                f"the base model reads {name!r} as a special token however a page writes it: take another base"
            )
    return special


def end_of_turn(tokenizer: Any) -> str:
    """The token that closes the assistant's turn, or the tokenizer's own end token where the template has none."""
    chat = [{"role": "user", "content": USER}, {"role": "assistant", "content": SYSTEM}]
    after = tokenizer.apply_chat_template(chat, tokenize=False).partition(SYSTEM)[2]
    ids = tokenizer(after, add_special_tokens=False)["input_ids"]
    special = [token for token in ids if token in tokenizer.added_tokens_decoder]
    return str(tokenizer.convert_ids_to_tokens(special[0]) if special else tokenizer.eos_token)


def prompt_ids(tokenizer: Any, chat: Messages) -> list[int]:
    """Token ids of the rendered prompt; the template writes its own special tokens, so none are added."""
    ids: list[int] = tokenizer(render(tokenizer, chat), add_special_tokens=False)["input_ids"]
    return ids


def pieces(tokenizer: Any, schema: Json) -> Json:
    """The prompt for the server: what stands before, between and after the system's and user's text; examples.

    A BOS token at the head is left to the server's tokenizer (`add_bos_token`); otherwise there would be two.
    """
    chat = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": USER}]
    before, _, rest = render(tokenizer, chat).partition(SYSTEM)
    between, _, after = rest.partition(USER)
    bos = tokenizer.bos_token
    add_bos = bool(bos) and before.startswith(bos)
    strip = len(bos) if add_bos else 0
    parity = []
    special = special_tokens(tokenizer)
    chats = [messages(page, schema, special=special) for page in PARITY_PAGES]
    for chat in (*chats, messages(" ".join(special[:SHOWN]), schema, Reader(clean=False), special)):
        rendered, expected = (
            render(tokenizer, chat),
            f"{before}{chat[0]['content']}{between}{chat[1]['content']}{after}",
        )
        if rendered != expected:
            raise UserError(
                f"the base model's chat template changes its messages: {rendered!r} instead of {expected!r}"
            )
        parity.append({"messages": chat, "rendered": rendered[strip:], "n_tokens": len(prompt_ids(tokenizer, chat))})
    stop = [end_of_turn(tokenizer)]
    return {
        "before": before[strip:],
        "between": between,
        "after": after,
        "stop": stop,
        "add_bos_token": add_bos,
        "special": list(special),
        "parity": parity,
    }
