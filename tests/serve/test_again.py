"""Further questions to a pruned page, at a small HTTP server that answers what a test tells it."""

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
        ([("Table", -0.5), ("a", -0.2), ("a", -0.3)], "a", (0.8187 + 0.7408) / 3),
        ([("a", -0.5), ("Table", -0.7), ("a", -0.5)], "a", 2 * 0.6065 / 3),
        ([(None, -0.001), ("a", -0.4), ("a", -0.4)], "a", 2 * 0.6703 / 3),
        ([(None, -0.001), (None, -0.001), ("a", -0.2)], None, 2 * 0.999 / 3),
    ],
)
def test_what_was_left_open_is_elected_by_the_answers_of_fewer_blocks(
    config: Config, scripted: Scripted, answers: list[tuple[str | None, float]], record: str | None, probability: float
) -> None:
    first = answers[0][0]
    extractor = asking(config, scripted, list(answers))
    found = extractor.ask(PAGE)
    assert found.answer.record == {"a": record}
    assert found.first.record == {"a": first}
    assert found.probability == {"a": pytest.approx(probability, abs=1e-4)}
    assert (found.retried, found.answer_tokens, found.text) == (True, 9, json.dumps({"a": record}))
    read = [set(request["messages"][1]["content"].split("\n")) for request in scripted.requests]
    assert read[0] > read[1] > read[2]
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


@pytest.mark.parametrize(
    ("failing", "record"), [(set(), "a"), ({0}, "b"), ({1}, "b"), ({1, 2}, "a"), ({0, 1}, "b"), ({0, 2}, "a")]
)
def test_an_answer_that_failed_has_no_vote(config: Config, scripted: Scripted, failing: set[int], record: str) -> None:
    extractor = asking(config, scripted, [("a", -0.5), ("a", -0.5), ("b", -0.1)])
    good = scripted.answer

    def answer(request: Json) -> tuple[int, Json]:
        status, body = good(request)
        return status, body | ({"message": {"content": "{"}} if len(scripted.requests) - 1 in failing else {})

    scripted.answer = answer
    found = extractor.ask(PAGE)
    assert (found.answer.record, found.answer.status) == ({"a": record}, Status.OK)
