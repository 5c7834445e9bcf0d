import pytest

from benchmarks.labels import ABSENT, ALIKE, OTHER, TITLE, UNLABELLED, told
from pretraining.corpus import Sample
from pretraining.corpus.ask import TEXT, schema_of

PAGE = (
    "<h1>Aurora</h1><p>Sun-Wed 9:00</p>"
    "<dl><dt>Asking price</dt><dd>£9,500</dd><dt>Tirant d&#39;eau</dt><dd>1.2 m</dd></dl>"
)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("boat", "Aurora", TITLE),
        ("askingPrice", "£9,500", ALIKE),
        ("Asking price", "£9,500", ALIKE),
        ("draft", "1.2 m", OTHER),
        ("broker", "Sun-Wed 9:00", UNLABELLED),
        ("broker", None, ABSENT),
        ("details", {"draft": "1.2 m"}, None),
    ],
)
def test_how_a_page_tells_which_value_is_asked_for(name: str, value: object, expected: str | None) -> None:
    sample = Sample(PAGE, schema_of({name: TEXT}), {name: value}, "boat, page")
    assert told(sample, name) == expected


def test_a_page_of_no_domain_tells_nothing() -> None:
    assert told(Sample(PAGE, schema_of({"title": TEXT}), {"title": "Aurora"}, "example.org"), "title") is None
