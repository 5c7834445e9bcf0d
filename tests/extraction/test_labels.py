import time

import pytest

from extraction.labels import labels, relabelled, words
from extraction.prompt import Reader, messages, page
from extraction.prune import Pruner
from extraction.ranker import Ranker

LISTED = labels({"draft": ["Tiefgang", "Tirant d'eau"], "askingPrice": ["VB", "VB (neu)"], "size_weight": ["L & W"]})


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("<dt>Tiefgang</dt><dd>1,2 m</dd>", "<dt>Draft</dt><dd>1,2 m</dd>"),
        ("<th> TIEFGANG : </th>", "<th> Draft : </th>"),
        ("<p>Tirant\n d'eau: 1,2 m</p>", "<p>Draft: 1,2 m</p>"),
        ("Tiefgang: 1,2 m\nVB: 9.500 €", "Draft: 1,2 m\nAsking price: 9.500 €"),
        ("<b>VB (neu)</b>", "<b>Asking price</b>"),
        ("<b>L &amp; W</b>", "<b>Size weight</b>"),
        ("<p>Der Tiefgang: wenig</p>", "<p>Der Tiefgang: wenig</p>"),
        ("<p>Tiefgang wenig</p>", "<p>Tiefgang wenig</p>"),
        ("<p>VBX: 1</p>", "<p>VBX: 1</p>"),
        ('<img alt="Tiefgang">', '<img alt="Tiefgang">'),
    ],
)
def test_a_listed_label_is_read_as_its_fields_words(text: str, read: str) -> None:
    assert relabelled(text, LISTED) == read


def test_nothing_listed_changes_nothing() -> None:
    assert relabelled("<dt>Tiefgang</dt>", ()) == "<dt>Tiefgang</dt>"
    assert words("vat_paid") == words("vatPaid") == words("Vat-paid") == "Vat paid"


def test_a_page_is_relabelled_before_it_is_pruned_and_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = Reader(labels=LISTED, pruner=Pruner(Ranker([]), 100))
    schema = {"type": "object", "properties": {"draft": {"type": ["string", "null"]}}}
    seen = []
    monkeypatch.setattr(Pruner, "prune", lambda self, cleaned, schema: seen.append(cleaned) or cleaned)
    asked = messages("<dl><dt>Tirant d&#39;eau</dt><dd>1,2 m</dd></dl>", schema, reader)[1]["content"]
    assert "Draft" in asked
    assert "Tirant" not in asked
    assert seen == [page("<dl><dt>Tirant d&#39;eau</dt><dd>1,2 m</dd></dl>", reader)]


def test_a_large_page_takes_no_time() -> None:
    text = "<p>Tiefgang</p>\n" * 100_000 + " " * 1_000_000 + "<td>" * 100_000 + "\n" * 1_000_000
    started = time.monotonic()
    assert relabelled(text, LISTED).count("Draft") == 100_000
    assert time.monotonic() - started < 5
