import pytest

from benchmarks import again
from extraction.parse import Answer, Status
from serve.result import Extraction

SCHEMA = {"type": "object", "properties": {"name": {"type": ["string", "null"]}}}


class Fake:
    """A client whose further questions find the name of each page that asks for it."""

    schema = SCHEMA

    def ask(self, page: str) -> Extraction:
        first, last = (Answer({"name": value}, Status.OK) for value in ("x", page))
        return Extraction(last, first, page != "x", {}, [], page, page, "", 1, 1, 1, 2.0, 0.0, 0.0, "")


@pytest.mark.parametrize("labelled", [True, False])
def test_the_first_answers_and_the_last_are_scored_on_the_same_pages(
    capsys: pytest.CaptureFixture[str], labelled: bool
) -> None:
    rules = {"properties": {"name": {"type": "string", "x-match": "text"}}} if labelled else {}
    pages = [again.Page(name, SCHEMA, {"output": {"name": name}}, name) for name in ("x", "Oak", "Ash", "Elm")]
    again.show("toys", Fake(), pages, rules)  # type: ignore[arg-type]
    printed = capsys.readouterr().out
    assert printed.startswith("toys: 4 pages; micro-F1 0.250 → 1.000 (+0.750, ")
    assert "; 3 asked again; seconds a page: 2.00 (median), 2.00 (p95), of these 2.00" in printed
