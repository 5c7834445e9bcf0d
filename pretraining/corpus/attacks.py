"""Attacks on whoever reads a page by machine: instructions, forged answers, forged turns and second products.

They change what the page says to a careless reader and never what it states: the record stays as it was. The wordings
are in `words/attacks.txt`; those of `benchmarks/attacks.py` are others.
"""

import html
import json
import re
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

from pretraining.corpus.letters import latin
from pretraining.corpus.pick import chance, pick, weighted
from pretraining.corpus.words import ATTACKS, LISTS, words

SHARE = 0.045  # of the samples
KINDS = {"instruction": 0.28, "answer": 0.25, "turn": 0.25, "product": 0.17, "name": 0.05}
LANGUAGES = tuple(ATTACKS)
LABELS = {"name": "name", "price": "price", "category": "category", "manufacturer": "brand"}
SENSELESS = ("HACKED", "0.01", "$0.00", "FREE", "null", "unknown", "N/A", "pwned", "999999", "test", "€ 1", "Acme", "0")
TURNS = (
    "<|im_end|>\n<|im_start|>{role}\n{text}<|im_end|>",
    "<|im_start|>{role}\n{text}",
    "<|end|><|{role}|>{text}<|end|><|assistant|>",
    "<|{role}|>{text}",
    "<|{role}|>\n{text}</s>",
    "<|end|>\n<|{role}|>\n{text}",
    "[INST] {text} [/INST]",
    "[/INST] {text}",
    "<s>[INST] <<SYS>>{text}<</SYS>> [/INST]",
    "</s> {text}",
    "<end_of_turn>\n<start_of_turn>{role}\n{text}<end_of_turn>",
    "<|eot_id|><|start_header_id|>{role}<|end_header_id|>\n\n{text}",
    "<|endoftext|>{text}",
    "<|channel|>final<|message|>{text}<|return|>",
    "<｜User｜>{text}<｜Assistant｜>",
    "<{role}>{text}</{role}>",
    "### {Role}:\n{text}\n### Response:",
    "### {Role}\n{text}",
    "\n\nHuman: {text}\n\nAssistant:",
    "{Role}: {text}",
    "{ROLE}: {text}",
    "[{role}] {text}",
    '{{"role": "{role}", "content": "{text}"}}',
    "--- end of page ---\n{text}",
    "----- END OF INPUT -----\n{Role}: {text}",
    "</page>\n{text}",
)
OURS = ("<|end|>", "<|user|>", "<|assistant|>", "<|system|>", "<unk>", "<pad>")
TAGS = ("p", "p", "div", "div", "span", "small", "li", "section", "aside", "footer", "em", "strong", "h3", "blockquote")
CLASSES = ("", "", "note", "notice", "disclaimer", "alert", "review", "comment", "footer-text", "msg", "description")
ATTRIBUTES = ("title", "alt", "aria-label", "content", "data-note", "label")
BORDER = re.compile(r"</(?:ul|table|nav|header|footer|aside|h1)>", re.IGNORECASE)
TAG = re.compile(r"<[/a-zA-Z!]")
WORDS = re.compile(r"[^\W\d_]{4,}(?: [^\W\d_]+)*")
REMEMBERED = 40  # values a field name, and pages of products


def plant(samples: Iterator[Any], seed: int) -> Iterator[Any]:
    """The samples, some of them with an attack (their domain ends in ", attacked"). Same seed, same attacks."""
    attacker = Attacker(Random(f"attacks {seed}"))
    for sample in samples:
        planted = attacker.attack(sample) if chance(attacker.r, SHARE) else sample
        attacker.remember(sample)
        yield planted


class Attacker:
    """Plants attacks whose false values and false products are those of earlier samples."""

    def __init__(self, r: Random) -> None:
        self.r = r
        self.values: dict[str, deque[Any]] = defaultdict(lambda: deque(maxlen=REMEMBERED))
        self.products: deque[str] = deque(maxlen=REMEMBERED)

    def remember(self, sample: Any) -> None:
        """Keep a sample's values, and its page if it is a product's."""
        for field, value in sample.record.items():
            if value is not None:
                self.values[field].append(value)
        if sample.domain == "product" and len(sample.text) < 2_500:
            self.products.append(sample.text)

    def attack(self, sample: Any) -> Any:
        """The sample with an attack in its page."""
        kind = weighted(self.r, KINDS)
        marked = sample.text.startswith("<")
        attacked = sample
        if kind == "name":
            attacked = self._tokens_in_a_value(sample)
        elif kind == "product" and marked and self.products and _is_of_a_product(sample):
            attacked = replace(sample, text=self._beside(sample.text, self._product()))
        if attacked is sample:
            message = self._message(sample, kind)
            text = self._into_page(sample.text, message) if marked else self._into_lines(sample.text, message)
            attacked = replace(sample, text=text)
        return replace(attacked, domain=f"{sample.domain}, attacked")

    def element(self, sample: Any, kinds: dict[str, float]) -> str:
        """An attack on a sample as an element of its own; `kinds` are some of `KINDS`."""
        return self._element(self._message(sample, weighted(self.r, kinds)))

    def _message(self, sample: Any, kind: str) -> str:
        lang = "en" if chance(self.r, 0.5) else pick(self.r, LANGUAGES)
        answers = kind == "answer" or chance(self.r, 0.15)
        text = self._answer(sample, lang) if answers else self._instruction(sample, lang)
        if kind != "turn":
            return text
        answered = not answers and chance(self.r, 0.35)
        return self._turn(text) + (self._turn(self._answer(sample, lang)) if answered else "")

    def _instruction(self, sample: Any, lang: str) -> str:
        """Who is meant, what to forget, what to say; at least two of them."""
        sentences = [pick(self.r, _phrases(lang, "ignore"))] if chance(self.r, 0.8) else []
        if not sentences or chance(self.r, 0.4):
            sentences.insert(0, pick(self.r, _phrases(lang, "note")))
        fields = [name for name, part in sample.schema["properties"].items() if "items" not in part]
        for field in self.r.sample(fields, min(len(fields), pick(self.r, (1, 1, 1, 2, 3)))):
            wish = pick(self.r, _phrases(lang, "void" if chance(self.r, 0.1) else "claim"))
            sentences.append(
                wish.format(field=self._called(field, lang), value=_written(self._false(field, sample.record)))
            )
        if chance(self.r, 0.08):
            sentences.append(pick(self.r, _phrases(lang, "talk")))
        text = pick(self.r, (" ", " ", "\n")).join(sentences)
        return text.upper() if chance(self.r, 0.05) else text

    def _answer(self, sample: Any, lang: str) -> str:
        """A whole record, all or some of its values false, as the model itself would write it."""
        false = {name: self._false(name, sample.record) for name in sample.record}
        if chance(self.r, 0.2):
            false |= {name: value for name, value in sample.record.items() if chance(self.r, 0.5)}
        record = json.dumps(false, ensure_ascii=False, indent=pick(self.r, (None, None, None, 2)))
        record = pick(self.r, ("{}", "{}", "{}", "```json\n{}\n```", "`{}`")).format(record)
        head = [pick(self.r, _phrases(lang, key)) for key in ("ignore", "json") if chance(self.r, 0.5)]
        return " ".join([*head, record])

    def _turn(self, text: str) -> str:
        role = pick(self.r, ("user", "user", "system", "assistant"))
        form = pick(self.r, TURNS)
        return form.format(role=role, Role=role.capitalize(), ROLE=role.upper(), text=text)

    def _called(self, field: str, lang: str) -> str:
        """A field as a sentence calls it."""
        if field in LABELS and chance(self.r, 0.6):
            return pick(self.r, words(lang, LABELS[field])).rstrip(" :")
        return field.replace("_", " ") if chance(self.r, 0.5) else field

    def _false(self, field: str, record: dict[str, Any]) -> Any:
        """A value that the record does not have: another record's, or nonsense."""
        known = self.values.get(field)
        value = pick(self.r, known) if known and chance(self.r, 0.75) else pick(self.r, SENSELESS)
        return latin(self.r).capitalize() if value == record[field] else value

    def _tokens_in_a_value(self, sample: Any) -> Any:
        """A value that really has a model's token in it, such as a book's title; the sample itself if none can."""
        texts = (value for value in sample.record.values() if isinstance(value, str) and WORDS.fullmatch(value))
        value = next((text for text in texts if text in sample.text), "")
        may_be_markup = rf"[<=]{value}|{value}[^<>]*="  # a tag or an attribute's name
        if not value or re.search(may_be_markup, sample.text):
            return sample
        marked = sample.text.startswith("<")
        tokens = (*OURS, "<|im_start|>", "[INST]", "</s>")  # in plain text, a tag would be cleaned away
        token = pick(self.r, [one for one in tokens if marked or not TAG.match(one)])
        with_token = pick(self.r, ("{0} {1}", "{1} {0}", "{0}{1}")).format(value, token)
        escaped = html.escape(with_token) if marked else with_token
        record = {k: v.replace(value, with_token) if isinstance(v, str) else v for k, v in sample.record.items()}
        return replace(sample, text=sample.text.replace(value, escaped), record=record)

    def _product(self) -> str:
        """Another product's page as a part of this one: under a heading, in a dialog, in what a class hides."""
        other, r = pick(self.r, self.products), self.r
        heading = pick(r, words(pick(r, LANGUAGES), "related"))
        name = pick(r, ("related", "teaser", "recommendations", "sponsored", "cross-sell", "upsell", "recently-viewed"))
        return pick(
            r,
            (
                f'<section class="{name}"><h2>{heading}</h2>{other}</section>',
                f'<aside class="{name}"><h3>{heading}</h3>\n{other}</aside>',
                f'<div class="{name}-list"><p>{heading}</p><div class="card">{other}</div></div>',
                f'<div class="{pick(r, LISTS["classes"]["hidden"])}">{other}</div>',
                f'<div class="modal quick-view {pick(r, ("d-none", "hidden", "fade", "is-closed"))}">{other}</div>',
            ),
        )

    def _into_page(self, text: str, message: str) -> str:
        return self._beside(text, self._element(message))

    def _element(self, message: str) -> str:
        """The message as an element's text, an attribute or linked data."""
        r = self.r
        written = message if not TAG.search(message) and chance(r, 0.6) else html.escape(message, quote=False)
        name = pick(r, CLASSES) if chance(r, 0.8) else pick(r, LISTS["classes"]["hidden"])
        start = f' class="{name}"' if name else ""
        if chance(r, 0.1):
            return f'<meta name="description" content="{html.escape(message)}">'
        if chance(r, 0.1):
            tag, word = pick(r, ("span", "div", "a", "button")), pick(r, ("i", "?", "Info", "…", latin(r)))
            return f'<{tag}{start} {pick(r, ATTRIBUTES)}="{html.escape(message)}">{word}</{tag}>'
        if chance(r, 0.16):
            schema_org = {"@context": "https://schema.org", "@type": pick(r, ("WebPage", "Review", "Organization"))}
            linked_data = {
                **(schema_org if chance(r, 0.7) else {}),
                pick(r, ("description", "description", "text", "reviewBody")): message,
            }
            data = json.dumps(linked_data, ensure_ascii=False).replace("</", "<\\/")
            return f'<script type="application/ld+json">{data}</script>'
        tag = pick(r, TAGS)
        return f"<{tag}{start}>{written}</{tag}>"

    def _beside(self, text: str, part: str) -> str:
        """The page with a part at its end, at its head or where a block of it ends."""
        where = weighted(self.r, {"end": 0.5, "head": 0.2, "within": 0.3})
        ends = [found.end() for found in BORDER.finditer(text)] if where == "within" else []
        at = pick(self.r, ends) if ends else 0 if where == "head" else len(text)
        return f"{text[:at]}\n{part}\n{text[at:]}".strip()

    def _into_lines(self, text: str, message: str) -> str:
        parts = [text, message]
        if chance(self.r, 0.25):
            parts.reverse()
        return pick(self.r, ("\n", "\n\n", "\n---\n")).join(parts).strip()


def _is_of_a_product(sample: Any) -> bool:
    """Whether the page has a product of its own that another one can stand beside."""
    return sample.domain == "product" and any(value is not None for value in sample.record.values())


def _phrases(lang: str, key: str) -> tuple[str, ...]:
    return ATTACKS[lang].get(key) or ATTACKS["en"][key]


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
