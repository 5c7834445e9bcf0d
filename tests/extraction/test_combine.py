import math
import re
from typing import Any

import pytest

from extraction.combine import Part, combine, confidence, probabilities
from extraction.parse import parse_answer

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"a": {"type": ["string", "null"]}, "b": {"type": ["array", "null"]}},
    "required": ["a", "b"],
}


def part(text: str, **logprobs: float) -> Part:
    """An answer of tokens with log-probability -1, but for those given by their text."""
    tokens = [(token, logprobs.get(token, -1.0)) for token in re.findall(r"\w+|\W", text)]
    return Part(parse_answer(text, SCHEMA), text, tokens)


CHOICES = [
    ([part('{"a": "x", "b": null}', x=-2), part('{"a": "y", "b": ["z"]}', y=-0.5)], {"a": "y", "b": ["z"]}),
    ([part('{"a": "x", "b": ["w"]}', w=-0.9), part('{"a": "y", "b": ["z"]}', y=-0.1)], {"a": "y", "b": ["z"]}),
    (
        [part('{"a": "x", "b": ["w"]}', x=-9, w=-0.1), part('{"a": "y", "b": ["z"]}', y=-0.1, z=-3)],
        {"a": "y", "b": ["w"]},
    ),
    ([part('{"a": "x", "b": null}', x=-0.1), part('{"a": null, "b": ["z"]}')], {"a": "x", "b": ["z"]}),
    ([part('{"a": null, "b": null}', null=-0.01), part('{"a": "y", "b": null}', y=-3)], {"a": "y", "b": None}),
    ([part('{"a": "x", "b": null}'), part('{"a": "y", "b": null}')], {"a": "x", "b": None}),  # the first of equals
    ([part('{"a": "x", "b": nul'), part('{"a": "y", "b": null}')], {"a": "y", "b": None}),
]


@pytest.mark.parametrize(("parts", "record"), CHOICES)
def test_each_field_has_the_value_that_weighs_the_most(parts: list[Part], record: dict[str, Any]) -> None:
    assert combine(parts, SCHEMA).record == record


def test_a_part_without_a_record_is_said_and_failure_of_all_is_the_firsts() -> None:
    answer = combine([part('{"a": "x"}'), part('{"a": "y", "b": null}'), part("[]")], SCHEMA)
    assert (answer.status, answer.reason) == ("ok", "2 of 3 parts gave no record: missing field, not an object")
    assert combine([part('{"a": "x"}'), part("[]")], SCHEMA).status == "missing field"


def test_without_log_probabilities_the_first_value_stands() -> None:
    parts = [Part(parse_answer(text, SCHEMA), text, []) for text in ('{"a": null, "b": null}', '{"a": "y", "b": null}')]
    assert combine(parts, SCHEMA).record == {"a": "y", "b": None}


def test_tokens_belong_to_the_value_that_they_overlap() -> None:
    text = '```json\n{"a": "é\\"}", "b": [1, {"a": 2}]}\n```'
    tokens = [("```", -9.0), ('json\n{"a', -9.0), ('": "', -1.0), ("\ufffd", -9.0), ('\\"}', -2.0), ('", "', -3.0)]
    tokens += [("b", -9.0), ('": ', -9.0), ("[1, ", -1.0), ("{", -2.0), ('"a": 2}]', -6.0), ("}\n```", -9.0)]
    assert confidence(Part(parse_answer(text, SCHEMA), text, tokens)) == {"a": -6.0, "b": -9.0}


PROBABLE = [
    ([part('{"a": "x", "b": null}', x=-0.5, null=-0.1)], {"a": -2.5, "b": -0.1}),
    (
        [part('{"a": "x", "b": null}', x=-9, null=-0.3), part('{"a": "y", "b": null}', y=0, null=-0.2)],
        {"a": -2, "b": -0.3},
    ),
    ([part('{"a": "x"')], {}),
]


@pytest.mark.parametrize(("parts", "logprobs"), PROBABLE)
def test_a_fields_probability_is_that_of_the_chosen_value(parts: list[Part], logprobs: dict[str, float]) -> None:
    expected = {name: pytest.approx(math.exp(logprob)) for name, logprob in logprobs.items()}
    assert probabilities(parts, SCHEMA) == expected
