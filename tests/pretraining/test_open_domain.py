from collections import Counter
from itertools import islice
from random import Random

import pytest

from pretraining.corpus import inline, open_domain, records
from pretraining.corpus.domains import DOMAINS, HELD_OUT, Slot
from pretraining.corpus.kinds import OTHER_YES_NO, SIGNS, YES, affirmed
from pretraining.corpus.markup import plain
from pretraining.corpus.open_domain import TITLES
from pretraining.corpus.page import AFTER, Page
from pretraining.corpus.pages import pages
from pretraining.corpus.product import product
from pretraining.corpus.words import ENTITIES

LANGUAGES = ("en", "de", "fr", "ja", "ru")


def drawn(seed: int) -> dict[str, Slot]:
    r = Random(seed)
    return open_domain.slots(r, LANGUAGES[seed % len(LANGUAGES)])


def test_an_open_record_has_fields_that_no_other_slot_of_it_has() -> None:
    for seed in range(200):
        slots = drawn(seed)
        assert len(slots) >= 4
        fields = Counter(field for slot in slots.values() for field in slot.fields[1:])
        assert not [field for field, n in fields.items() if n > 1]
        assert all(slot.fields and slot.labels and all(slot.labels) for slot in slots.values())


def test_every_attribute_makes_a_value_in_every_language() -> None:
    assert len(open_domain.ATTRIBUTES) > 400
    for name, slot in open_domain.ATTRIBUTES.items():
        for language in LANGUAGES:
            assert slot.make(Random(name), language).strip(), name


def test_some_fields_are_invented_and_look_like_their_labels() -> None:
    alike = []
    for seed in range(100):
        for field, slot in open_domain.invented(Random(seed), "en", 5).items():
            words = slot.labels[0].casefold().split()
            alike.append(any(word in field.casefold() for word in words))
    assert sum(alike) > 0.9 * len(alike)


def test_the_held_out_domains_lend_nothing() -> None:
    titles = {slot.fields for _, slot in open_domain.TITLES}
    own = {next(iter(DOMAINS[name].values())).fields for name in HELD_OUT} - {
        next(iter(slots.values())).fields for name, slots in DOMAINS.items() if name not in HELD_OUT
    }
    assert not titles & own


def test_half_of_the_records_are_of_no_domain() -> None:
    r = Random(5)
    shares = Counter(records.domain(r) == open_domain.NAME for _ in range(1_000))
    assert 0.45 < shares[True] / 1_000 < 0.55
    assert any(sample.domain == "open, page" for sample in islice(pages(4, "record", (3_000, 9_000)), 20))


@pytest.mark.parametrize("seed", range(len(AFTER)))
def test_a_value_before_its_label(seed: int) -> None:
    r = Random(seed)
    page = Page(r, product(r))
    text = plain(page.rows([(None, "Rooms", "4"), (None, "Floor", "2nd")], "after"))
    assert "".join(text.split()) == "4Rooms2ndFloor"


@pytest.mark.parametrize("kind", inline.KINDS)
def test_several_labels_and_values_on_a_line(kind: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inline, "KINDS", (kind,))
    pairs = [("Rooms", "4"), ("Floor", "2nd"), ("Lift", "No"), ("Rent", "1 EUR"), ("Free", "May")]
    for seed in range(30):
        r = Random(seed)
        text = plain(inline.lines(Page(r, product(r)).m, r, pairs))
        places = [text.index(part) for pair in pairs for part in sorted(pair, key=text.index)]
        assert places == sorted(places), text
        assert all(len(text.split(part)) == 2 for pair in pairs for part in pair), text


def test_the_judging_pages_never_have_several_values_on_a_line_by_look() -> None:
    looks = {records.drawn(Random(seed), "boat", "en").page.look for seed in range(300)}
    assert "inline" not in looks
    assert "inline" in {records.drawn(Random(seed), open_domain.NAME, "en").page.look for seed in range(100)}


def test_a_title_may_be_called_by_what_the_page_is_about() -> None:
    assert not set(HELD_OUT) & set(ENTITIES)
    first = [next(iter(drawn(seed).values())).fields for seed in range(300)]
    usual = {field for _, slot in TITLES for field in slot.fields}
    known = {field for fields in first for field in fields if any(field.startswith(entity) for entity in ENTITIES)}
    called = [fields[0] for fields in first if fields[0] not in usual]
    assert 180 < len(called) < 280
    assert len(set(called) - known) > 60  # about anything


def test_the_title_of_a_domains_page_may_be_called_by_anything_and_is_then_mostly_asked_for() -> None:
    own = asked = 0
    for seed in range(400):
        r = Random(seed)
        draft = records.drawn(r, "recipe", "en")
        title = next(iter(draft.slots))
        if draft.slots[title].fields != DOMAINS["recipe"][title].fields:
            own += 1
            asked += bool(draft.sure)
    assert 80 < own < 160
    assert own / 5 < asked < own
    boats = [records.drawn(Random(seed), "boat", "en") for seed in range(100)]
    assert all(draft.slots is DOMAINS["boat"] and not draft.sure for draft in boats)


def test_fields_of_no_other_page_are_seldom_asked_for_in_vain() -> None:
    asked = vain = 0
    for seed in range(400):
        r = Random(seed)
        draft = records.drawn(r, open_domain.NAME, "en")
        if not draft.empty:
            _, record = records.question(r, draft)
            strange = {
                f for name, slot in draft.slots.items() if name not in open_domain.ATTRIBUTES for f in slot.fields
            }
            asked += sum(name in strange for name in record)
            vain += sum(name in strange and value is None for name, value in record.items())
    assert 0 < vain < asked / 15


def test_a_label_may_say_nothing_of_a_value_that_is_alone_of_its_kind() -> None:
    foreign = 0
    for seed in range(300):
        slots = drawn(seed)
        for name, slot in slots.items():
            usual = open_domain.ATTRIBUTES.get(name)
            if usual and slot.make is usual.make and slot.labels != usual.labels:
                foreign += 1
                assert sum(open_domain.kind_of(other) == open_domain.kind_of(slot) for other in slots.values()) == 1
    assert foreign > 20


def test_a_value_without_a_label_is_the_only_one_of_its_kind() -> None:
    told = 0
    for seed in range(300):
        slots = drawn(seed)
        kinds_of = Counter(open_domain.KINDS.get(slot.maker) for slot in slots.values())
        plain_ones = [slot for name, slot in list(slots.items())[1:] if slot.plain and slot.maker in open_domain.KINDS]
        assert all(kinds_of[open_domain.KINDS[slot.maker]] == 1 for slot in plain_ones)
        told += len(plain_ones)
    assert told > 50


def test_yes_and_no_are_told_apart_in_every_language() -> None:
    for no in (pair[1] for pair in (*OTHER_YES_NO.values(), *SIGNS)):
        assert no.casefold() not in YES
    said = {affirmed(Random(seed), lang) for seed in range(200) for lang in ("cs", "ja", "en")}
    assert {"Ano", "Ne", "はい", "いいえ", "Yes", "No", "✓"} <= said
