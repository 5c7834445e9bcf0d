"""Asking: the client, the rows, the creation of models, at a small HTTP server that answers what a test tells it."""

import json
import math
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from extraction.json import Json
from extraction.parse import Answer, Status
from pipeline.config import Config
from pipeline.errors import UserError
from serve import ask, create, modelfile
from serve.client import Extractor, Prompt, UnavailableError, read_prompt
from tests.serve.scripted import DIGEST, GOOD, SCHEMA, Scripted, counted


def test_the_request_is_greedy_held_to_the_schema_and_never_cut(extractor: Extractor, scripted: Scripted) -> None:
    scripted.replies = [(200, counted(extractor, "<p>", GOOD))]
    answer = extractor.ask("<p>").answer
    assert answer.record == {"a": "x"}
    (body,) = scripted.requests
    assert body["model"] == "asked:q4_k_m"
    assert (body["format"], body["stream"], body["truncate"], body["shift"]) == (SCHEMA, False, False, False)
    assert body["options"] == {
        "num_ctx": 4096,
        "num_predict": 512,
        "temperature": 0.0,
        "repeat_penalty": 1.0,
        "seed": 3407,
    }
    assert [message["role"] for message in body["messages"]] == ["system", "user"]


@pytest.mark.parametrize("wanted", [False, True])
def test_a_deterministic_answer_is_asked_for_where_it_is_wanted(
    config: Config, scripted: Scripted, wanted: bool
) -> None:
    extractor = small(config, scripted, deterministic=wanted)
    scripted.replies = [(200, counted(extractor, "<p>", GOOD))]
    extractor.ask("<p>")
    assert scripted.requests[0].get("deterministic", False) is wanted
    assert "deterministic" not in scripted.requests[0]["options"]


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, GOOD | {"done_reason": "length"}, Status.CUT_BY_LENGTH),
        (200, GOOD | {"message": {"content": "{"}}, Status.NOT_JSON),
        (200, {"message": {"content": ">>>"}, "done": False}, Status.ABORTED),
        (
            400,
            {"error": '{"error":{"message":"request (9 tokens) exceeds the available context size"}}'},
            Status.TOO_LONG,
        ),
    ],
)
def test_what_the_engine_does_is_named(
    extractor: Extractor, scripted: Scripted, status: int, body: Json, expected: Status
) -> None:
    scripted.replies = [(status, counted(extractor, "<p>", body))]
    answer = extractor.ask("<p>").answer
    assert (answer.record, answer.status) == (None, expected)


def test_a_special_token_in_a_page_is_text_and_comes_back_in_the_answer(
    extractor: Extractor, scripted: Scripted
) -> None:
    extractor.prompt = replace(extractor.prompt, special=["<|end|>", "<|user|>"])
    scripted.replies = [(200, {"message": {"content": '{"a": "<\u2060|end|> b\u2060\u2060c"}'}, "done": True})]
    scripted.replies[0][1].update(prompt_eval_count=extractor.n_tokens(extractor.chats("<|end|> b\u2060c")[0]))
    scripted.replies[0][1].update(done_reason="stop")
    assert extractor.ask("<|end|> b\u2060c").answer.record == {"a": "<|end|> b\u2060c"}
    assert scripted.requests[0]["messages"][1]["content"] == "<\u2060|end|> b\u2060\u2060c"


def test_an_endless_answer_is_asked_for_once_more(extractor: Extractor, scripted: Scripted) -> None:
    endless = {"message": {"content": '{"a": "xxxx'}, "done": False}
    scripted.replies = [(200, endless), (200, counted(extractor, "<p>", GOOD))]
    found = extractor.ask("<p>")
    assert (found.answer.record, found.first.status, found.retried) == ({"a": "x"}, Status.ABORTED, True)
    assert [body["options"]["repeat_penalty"] for body in scripted.requests] == [1.0, 1.3]
    scripted.replies = [(200, endless)]
    found = extractor.ask("<p>")
    assert (found.answer, found.retried) == (found.first, True)
    assert found.answer.status == Status.ABORTED
    scripted.replies = [(200, counted(extractor, "<p>", GOOD))]
    found = extractor.ask("<p>")
    assert (found.answer, found.retried) == (found.first, False)


TOKENS = [('{"', -9.0), ("a", -9.0), ('": "', -0.1), ("x", -0.2), ('"', -0.3), ("}", -9.0)]


def sure(extractor: Extractor) -> Json:
    """A good reply with TOKENS, of which the value has three."""
    tokens = [{"token": text, "logprob": logprob} for text, logprob in TOKENS]
    return counted(extractor, "<p>", GOOD | {"logprobs": tokens})


def test_a_fields_probability_is_the_product_over_its_values_tokens(extractor: Extractor, scripted: Scripted) -> None:
    scripted.replies = [(200, sure(extractor))]
    found = extractor.ask("<p>")
    assert scripted.requests[0]["logprobs"] is True
    assert found.probability == {"a": pytest.approx(math.exp(-0.1 - 0.2 - 0.3))}
    assert (found.unsure, found.digest) == ([], DIGEST)


@pytest.mark.parametrize(("least", "record", "unsure"), [(0.5, {"a": "x"}, []), (0.6, {"a": None}, ["a"])])
def test_a_field_that_is_less_probable_than_wanted_is_left_to_a_reader(
    config: Config, scripted: Scripted, least: float, record: Json, unsure: list[str]
) -> None:
    extractor = small(config, scripted, min_probability=least)
    scripted.replies = [(200, sure(extractor))]
    found = extractor.ask("<p>")
    assert (found.answer, found.unsure) == (Answer(record, Status.OK), unsure)
    assert found.probability == {"a": pytest.approx(0.5488, abs=1e-4)}
    scripted.replies = [(200, counted(extractor, "<p>", GOOD))]  # a server that tells no probability
    assert extractor.ask("<p>").unsure == ["a"]


@pytest.mark.parametrize(
    ("digests", "what", "asked"),
    [(["e" * 64], f"has the digest {'e' * 64}", 0), ([""], "is not there", 0), ([DIGEST, "e" * 64], "has the", 1)],
)
def test_another_model_under_the_name_never_answers(
    extractor: Extractor, scripted: Scripted, digests: list[str], what: str, asked: int
) -> None:
    scripted.replies, scripted.digests = [(200, counted(extractor, "<p>", GOOD))], digests
    with pytest.raises(UserError, match=rf"asked:q4_k_m at \S+ {what}.*{DIGEST}: run `make serve` again"):
        extractor.ask("<p>")
    assert len(scripted.requests) == asked


def test_a_run_that_was_never_served_is_not_asked(config: Config, scripted: Scripted) -> None:
    with pytest.raises(UserError, match="has no served f16: run `make serve` first"):
        Extractor(config, "f16", scripted.url).ask("<p>")


@pytest.mark.parametrize(("name", "step"), [("gguf/prompt.json", "export"), ("merged/tokenizer.json", "export")])
def test_a_damaged_file_of_the_run_is_one_sentence(config: Config, name: str, step: str) -> None:
    path = config.folder / name
    path.write_text(path.read_text(encoding="utf-8")[:40], encoding="utf-8")
    with pytest.raises(UserError, match=rf"{name} .*run `make {step}` again"):
        Extractor(config, "q4_k_m", "http://127.0.0.1")


@pytest.mark.parametrize("content", ["[]", '{"before": ""}', '{"version": 9}', "7"])
def test_a_prompt_of_another_version_is_one_sentence(config: Config, content: str) -> None:
    (config.folder / "gguf" / "prompt.json").write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=r"prompt\.json is (damaged|of another version).*: run `make export` again"):
        read_prompt(config.folder)


@pytest.mark.parametrize("status", [500, 503])
def test_a_server_in_trouble_may_be_asked_again(extractor: Extractor, scripted: Scripted, status: int) -> None:
    scripted.replies = [(status, {"error": "server busy"})]
    with pytest.raises(UnavailableError, match=f"HTTP {status} to asked:q4_k_m: server busy"):
        extractor.ask("<p>")


def test_a_prompt_that_the_server_cut_is_no_answer(extractor: Extractor, scripted: Scripted) -> None:
    scripted.replies = [(200, GOOD | {"prompt_eval_count": 5})]
    answer = extractor.ask("<p>").answer
    assert answer.status == Status.PROMPT_CHANGED
    assert "5 prompt tokens" in answer.reason


LONG = "<ul>" + "".join(f"<li>Bern {i}</li>" for i in range(60)) + "</ul>"


def small(config: Config, scripted: Scripted, **settings: Any) -> Extractor:
    """An extractor with a context that LONG does not fit into."""
    serve = config.serve.model_copy(update={"num_ctx": 256, **settings})
    return Extractor(config.model_copy(update={"serve": serve}), "q4_k_m", scripted.url)


def reply(extractor: Extractor, text: str, value: str | None, logprob: float) -> list[tuple[int, Json]]:
    """A reply to each part of a page: the value, of one token with that log-probability, in the second; else null."""
    replies = []
    for number, chat in enumerate(extractor.chats(text)):
        content = json.dumps({"a": value if number == 1 else None})
        tokens = [{"token": content, "logprob": logprob, "bytes": []}]
        body = {"message": {"content": content}, "logprobs": tokens, "prompt_eval_count": extractor.n_tokens(chat)}
        replies.append((200, GOOD | body | {"eval_count": 5}))
    return replies


def test_a_page_longer_than_the_context_is_asked_in_parts(config: Config, scripted: Scripted) -> None:
    extractor = small(config, scripted)
    scripted.replies = reply(extractor, LONG, "Bern 7", -2.0)
    n_parts = len(scripted.replies)
    found = extractor.ask(LONG)
    assert found.answer == Answer({"a": "Bern 7"}, Status.OK)
    assert found.probability == {"a": pytest.approx(math.exp(-2.0))}
    assert len(scripted.requests) == n_parts > 2
    assert all(request["logprobs"] is True and request["options"]["num_ctx"] == 256 for request in scripted.requests)
    assert (found.text, found.parts, found.answer_tokens) == ('{"a": "Bern 7"}', n_parts, 5 * n_parts)
    assert found.prompt_tokens == sum(map(extractor.n_tokens, extractor.chats(LONG)))
    for request in scripted.requests:
        assert extractor.n_tokens(request["messages"]) <= 256 - 32 + 2  # room for an eighth of the context
    pages = [request["messages"][1]["content"] for request in scripted.requests]
    assert all(any(f"<li>Bern {i}</li>" in page for page in pages) for i in range(60))


def test_a_part_that_gave_no_record_is_said(config: Config, scripted: Scripted) -> None:
    extractor = small(config, scripted)
    scripted.replies = reply(extractor, LONG, "Bern 7", -2.0)
    scripted.replies[-1][1]["message"] = {"content": "{"}
    answer = extractor.ask(LONG).answer
    assert (answer.record, answer.reason) == (
        {"a": "Bern 7"},
        f"1 of {len(extractor.chats(LONG))} parts gave no record: not JSON",
    )


def test_a_page_longer_than_the_context_can_be_refused(config: Config, scripted: Scripted) -> None:
    extractor = small(config, scripted, on_overlong="error")
    scripted.replies = [(400, {"error": "request (9 tokens) exceeds the available context size (256 tokens)"})]
    answer = extractor.ask(LONG).answer
    assert (answer.status, len(scripted.requests)) == (Status.TOO_LONG, 1)
    assert answer.reason.endswith("num_ctx is 256; raise serve.num_ctx, or let serve.on_overlong=split ask in parts")


@pytest.mark.parametrize(("ground", "record"), [(False, {"a": "x"}), (True, {"a": None})])
def test_what_the_page_does_not_state_can_be_rejected(
    config: Config, scripted: Scripted, ground: bool, record: Json
) -> None:
    extractor = small(config, scripted, ground=ground)
    scripted.replies = [(200, counted(extractor, "<p>y</p>", GOOD))]
    found = extractor.ask("<p>y</p>")
    assert (found.answer.record, found.first.record, found.text) == (record, record, '{"a": "x"}')
    scripted.replies = reply(extractor, LONG, "x", -2.0)
    assert extractor.ask(LONG).answer.record == record


@pytest.mark.parametrize(("distinct", "last"), [(False, "3 m"), (True, None)])
def test_a_value_can_be_left_to_the_field_that_its_line_names(
    config: Config, scripted: Scripted, distinct: bool, last: str | None
) -> None:
    extractor = small(config, scripted, distinct=distinct)
    text = {"type": ["string", "null"]}
    extractor.schema = {"type": "object", "properties": {"beam": text, "draft": text}, "required": ["beam", "draft"]}
    page = "<p>Beam 3 m</p>"
    answer = {"beam": "3 m", "draft": "3 m"}
    body = {
        "message": {"content": json.dumps(answer)},
        "prompt_eval_count": extractor.n_tokens(extractor.chats(page)[0]),
    }
    scripted.replies = [(200, GOOD | body)]
    found = extractor.ask(page)
    assert (found.answer.record, found.first.record) == ({"beam": "3 m", "draft": last}, answer)


def test_a_refusal_and_a_missing_server_are_errors(extractor: Extractor, scripted: Scripted) -> None:
    scripted.replies = [(404, {"error": "model 'asked:q4_k_m' not found"})]
    with pytest.raises(UserError, match="HTTP 404: model 'asked:q4_k_m' not found"):
        extractor.ask("<p>")
    scripted.shutdown()
    scripted.server_close()
    with pytest.raises(UserError, match=r"no Ollama answers at .* `make serve`"):
        extractor.ask("<p>")


def test_one_page_prints_its_record(
    config: Config, scripted: Scripted, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("page.html").write_text("<p>", encoding="utf-8")
    scripted.replies = [(200, counted(Extractor(config, "q4_k_m", scripted.url), "<p>", GOOD))]
    monkeypatch.setenv("OLLAMA_HOST", scripted.url)
    for html in ("page.html", "<p>"):
        monkeypatch.setattr(sys, "argv", ["ask", "--config", "c.yaml", "--html", html])
        ask.main()
        assert capsys.readouterr().out == '{"a": "x"}\n'


def test_the_places_of_the_values_are_printed_on_request(
    config: Config, scripted: Scripted, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scripted.replies = [(200, counted(Extractor(config, "q4_k_m", scripted.url), "<p>x</p>", GOOD))]
    monkeypatch.setenv("OLLAMA_HOST", scripted.url)
    asked_with(monkeypatch, "--html", "<p>x</p>", "--evidence")
    place = {"field": "a", "xpath": "/html/body/p", "attribute": None, "start": 0, "end": 1}
    assert json.loads(capsys.readouterr().out) == {"record": {"a": "x"}, "evidence": [place]}


def asked_with(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["ask", "--config", "c.yaml", *arguments])
    ask.main()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["--html", "pgae.html"],
            r"no file 'pgae\.html' \(No such file .*\), and a page has a tag: give TEXT=",
        ),
        (["--html", "x" * 5000], r"no file 'x+…' \(File name too long\)"),
        (["--html", "pages"], r"pages is a folder: .*`make extract IN=pages OUT="),
        (["--html", "logo.png"], r"logo\.png is no page: it holds zero bytes"),
        (["--html", "blank.html"], "the page is empty"),
        (["--text", "caf\udce9"], r"character 4 is half of a surrogate pair \(U\+DCE9\)"),
        ([], "nothing to ask: give HTML=page"),
    ],
)
def test_what_is_no_page_is_one_sentence(
    config: Config, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str
) -> None:
    Path("pages").mkdir()
    Path("logo.png").write_bytes(b"\x89PNG\0")
    Path("blank.html").write_text(" \n")
    with pytest.raises(UserError, match=words):
        asked_with(monkeypatch, *arguments)


def test_a_text_without_a_tag_is_asked_where_it_is_said_to_be_one(
    config: Config, scripted: Scripted, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scripted.replies = [(200, counted(Extractor(config, "q4_k_m", scripted.url), "Lamp, $5", GOOD))]
    monkeypatch.setenv("OLLAMA_HOST", scripted.url)
    asked_with(monkeypatch, "--text", "Lamp, $5")
    assert capsys.readouterr().out == '{"a": "x"}\n'


def test_a_server_that_renders_or_counts_otherwise_is_refused(config: Config, scripted: Scripted) -> None:
    prompt = read_prompt(config.folder)
    right = {"_debug_info": {"rendered_template": prompt.parity[0]["rendered"]}}
    wrong = {"_debug_info": {"rendered_template": "<s><|system|>S"}}
    scripted.replies = [(200, right), (200, wrong)]
    with pytest.raises(UserError, match=r"<s><\|system\|>S'\ninstead of\n'<\|system\|>S"):
        create.check_parity(scripted.url, "asked:f16", prompt, {})
    scripted.replies = [(200, right), (200, right), (200, {"prompt_eval_count": 8})]
    with pytest.raises(UserError, match="reads 8 tokens where training had 7"):
        create.check_parity(scripted.url, "asked:f16", prompt, {})
    scripted.replies = [(200, right), (200, right), (200, {"prompt_eval_count": 7})]
    create.check_parity(scripted.url, "asked:f16", prompt, {})


def test_the_modelfile_is_the_models(config: Config) -> None:
    values = modelfile.settings(config, read_prompt(config.folder))
    assert values["template"] == "<|system|>{{ .System }}<|end|><|user|>{{ .Prompt }}<|end|><|assistant|>"
    text = modelfile.render(config, "q4_k_m", "abc", values)
    assert "FROM ./gguf/q4_k_m.gguf\n" in text
    assert f'TEMPLATE """{values["template"]}"""' in text
    assert 'SYSTEM """Extract these fields' in text
    assert {line for line in text.splitlines() if line.startswith("PARAMETER")} == {
        "PARAMETER temperature 0.0",
        "PARAMETER seed 3407",
        "PARAMETER repeat_penalty 1.0",
        "PARAMETER num_ctx 4096",
        "PARAMETER num_predict 512",
        'PARAMETER stop "<|end|>"',
    }
    assert "@" not in text


def test_a_template_that_go_would_read_is_refused() -> None:
    with pytest.raises(UserError, match="cannot hold"):
        modelfile.template(Prompt("{{ x", "", "", [], False))
