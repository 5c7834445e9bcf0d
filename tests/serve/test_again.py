"""A second question to a pruned page, at a small HTTP server that answers what a test tells it."""

import json
from typing import Any

import pytest

from extraction.json import Json
from extraction.parse import Status
from pipeline.config import Config
from serve.client import Extractor
from tests.serve.scripted import GOOD, Scripted

SHELF = "".join(f'<div class="tile"><a>Table {i}</a><p>a table of note, number {i}</p></div>' for i in range(150))
PAGE = f"<body><h1>a</h1><p>b</p>{SHELF}"


def asking(config: Config, scripted: Scripted, answers: list[tuple[str | None, float]], **settings: Any) -> Extractor:
    """An extractor with these settings, and the server's (value, log-probability) of `a`, answer by answer."""
    serve = config.serve.model_copy(update={"ask_again": 0.9, **settings})
    extractor = Extractor(config.model_copy(update={"serve": serve}), "q4_k_m", scripted.url)

    def answer(request: Json) -> tuple[int, Json]:
        value, logprob = answers.pop(0)
        content = json.dumps({"a": value})
        body = {"message": {"content": content}, "logprobs": [{"token": content, "logprob": logprob}], "eval_count": 3}
        return 200, GOOD | body | {"prompt_eval_count": extractor.n_tokens(request["messages"])}

    scripted.answer = answer
    return extractor


@pytest.mark.parametrize(
    ("answers", "record", "probability"),
    [
        ([("Table", -0.5), ("a", -0.2)], "a", 0.8187),
        ([("a", -0.5), ("Table", -0.7)], "a", 0.6065),
        ([(None, -0.001), ("a", -0.2)], "a", 0.8187),
        ([(None, -0.001), ("a", -0.9)], None, 0.999),
    ],
)
def test_what_was_left_open_is_asked_for_again_of_fewer_blocks(
    config: Config, scripted: Scripted, answers: list[tuple[str | None, float]], record: str | None, probability: float
) -> None:
    first = answers[0][0]
    extractor = asking(config, scripted, list(answers))
    found = extractor.ask(PAGE)
    assert found.answer.record == {"a": record}
    assert found.first.record == {"a": first}
    assert found.probability == {"a": pytest.approx(probability, abs=1e-4)}
    assert (found.retried, found.answer_tokens, found.text) == (True, 6, json.dumps({"a": record}))
    wide, narrow = (request["messages"][1]["content"].split("\n") for request in scripted.requests)
    assert len(narrow) < len(wide)
    assert set(narrow) < set(wide)
    assert found.prompt_tokens == sum(extractor.n_tokens(request["messages"]) for request in scripted.requests)


@pytest.mark.parametrize(
    ("page", "answer", "least"),
    [(PAGE, ("a", -0.05), 0.9), (PAGE, ("a", -3.0), None), ("<p>a</p>", ("a", -3.0), 0.9)],
)
def test_a_sure_answer_and_a_short_page_are_asked_once(
    config: Config, scripted: Scripted, page: str, answer: tuple[str, float], least: float | None
) -> None:
    found = asking(config, scripted, [answer], ask_again=least).ask(page)
    assert (found.answer.record, found.retried, len(scripted.requests)) == ({"a": "a"}, False, 1)


def test_a_second_answer_that_failed_changes_nothing_and_a_first_one_gives_way(
    config: Config, scripted: Scripted
) -> None:
    for failing, record in ((1, {"a": "a"}), (0, {"a": "b"})):
        answers = [("a", -3.0), ("b", -0.1)]
        extractor = asking(config, scripted, answers)
        good = scripted.answer
        n_before = len(scripted.requests)

        def answer(request: Json, good: Any = good, failing: int = n_before + failing + 1) -> tuple[int, Json]:
            status, body = good(request)
            return status, body | ({"message": {"content": "{"}} if len(scripted.requests) == failing else {})

        scripted.answer = answer
        found = extractor.ask(PAGE)
        assert (found.answer.record, found.answer.status) == (record, Status.OK)
