from collections import Counter

import pytest

from extraction.glossary import FILE, called, sections
from extraction.labels import labels, relabelled
from extraction.names import name_words


def test_a_field_is_called_what_its_subject_calls_it() -> None:
    boat = called(["length", "beam", "draft", "berths"])
    assert "Tiefgang" in boat["draft"]
    assert "Tirant d'eau" in boat["draft"]
    assert "Länge" in boat["length"]
    play = called(["director", "cast", "length"])
    assert "Regie" in play["director"]
    assert "Spieldauer" in play["length"]
    assert "Länge" not in play["length"]


def test_names_are_found_however_they_are_written() -> None:
    assert called(["side_effects"])["side_effects"] == called(["sideEffect"])["sideEffect"]
    assert called(["zorvik"]) == {}
    assert called(["name", "price", "category", "manufacturer"]) == {}  # the base has learnt those


def test_a_label_that_leaves_a_doubt_is_left_out() -> None:
    found = called(["price", "asking_price", "list_price"])
    for labels_of in found.values():
        assert not any({"price", "list", "asking"} & set(name_words(label)) for label in labels_of)
    counted = Counter(label.casefold() for labels_of in found.values() for label in labels_of)
    assert max(counted.values(), default=1) == 1


def test_the_glossary_is_whole() -> None:
    assert len(sections()) > 100
    assert sum(map(len, sections())) > 5_000
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if not line.startswith("["):
            names, found = line.split(" ; ")
            assert all(name.isidentifier() and name.isascii() for name in names.split()), line
            assert all(label == label.strip() != "" for label in found.split("|")), line
            assert not set("<>:：=\n") & set(found), line


@pytest.mark.parametrize(
    ("field", "text", "read"),
    [
        ("servings", "<dt>Annosmäärä</dt><dd>4</dd>", "<dt>Servings</dt><dd>4</dd>"),
        ("living_area", "<p>Wohnfläche ca.: 80 m²</p>", "<p>Living area: 80 m²</p>"),
        ("side_effects", "<th>Bijwerkingen</th>", "<th>Side effects</th>"),
    ],
)
def test_a_page_is_read_in_its_fields_words(field: str, text: str, read: str) -> None:
    assert relabelled(text, labels(called([field]))) == read
