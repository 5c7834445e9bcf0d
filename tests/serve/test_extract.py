"""Many pages: what is read, what is written, what is asked again, and how many at once."""

import fcntl
import gzip
import json
import shutil
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from extraction.json import Json
from pipeline.config import Config
from pipeline.errors import UserError
from serve import batch, sources
from serve.answers import Answers
from serve.client import Extractor
from serve.concurrency import HOLD, MOST, Concurrency
from serve.extract import extract, from_ray, main
from tests.serve.scripted import DIGEST, SCHEMA, Scripted, copying

OUT = Path("out.jsonl")


def lines(path: Path = OUT) -> list[Json]:
    return [json.loads(line) for line in path.read_bytes().split(b"\n") if line]


def records(path: Path = OUT) -> dict[str, Any]:
    """The value by id; each id stands once."""
    found = {line["id"]: line["record"] and line["record"]["a"] for line in lines(path)}
    assert len(found) == len(lines(path))
    return found


def rows(*texts: str, name: str = "in.jsonl") -> Path:
    Path(name).write_bytes(b"".join(json.dumps({"id": i, "input": t}).encode() + b"\n" for i, t in enumerate(texts)))
    return Path(name)


@pytest.fixture
def server(scripted: Scripted, extractor: Extractor) -> Scripted:
    """A server that copies each page's text."""
    scripted.answer = copying(extractor)
    return scripted


def test_a_line_says_all_of_a_page(config: Config, extractor: Extractor, server: Scripted) -> None:
    Path("in.jsonl").write_text('{"id": 7, "url": "http://x/y", "input": "<p>Bern"}\n')
    extract(config, [extractor], Path("in.jsonl"), OUT)
    (line,) = lines()
    assert line.pop("seconds") > 0
    assert line.pop("prompt_tokens") > 10
    assert len(line.pop("settings")) == 16
    assert line == {
        "id": "7",
        "url": "http://x/y",
        "input_sha256": "978b2125a2202d917dec466d4fff98c8925e1e4eefa9ea36d30b05b1d7c29578",
        "record": {"a": "Bern"},
        "status": "ok",
        "reason": "",
        "probability": {"a": 0.904837},
        "unsure": [],
        "evidence": [{"field": "a", "xpath": "/html/body/p", "attribute": None, "start": 0, "end": 4}],
        "model": DIGEST,
        "answer_tokens": 3,
    }


BAD = {
    b'{"id": "empty", "input": " "}': "the page is empty",
    b'{"id": "half", "input": "a\\ud83d"}': "half of a surrogate pair",
    b'{"id": "\\ud83d", "input": 5}': 'no text under "input"',
    b'{"input": null}': 'no text under "input"',
    b"[1]": "a JSON list",
    b"{": "not JSON",
    b'{"input": "\xff"}': "not UTF-8",
    b'{"input": ' + b"[" * 200_000: "not JSON",
    b'{"id": "0", "input": "<p>again"}': "an earlier page has the id 0",
}


def test_a_bad_row_is_a_line_and_not_the_end_of_the_others(
    config: Config, extractor: Extractor, server: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = "<p>one\u2028two\u2029three\x85four"
    good = json.dumps({"id": 0, "input": odd}, ensure_ascii=False).encode()
    last = b'{"id": "last", "input": "<p>last"}'
    Path("in.jsonl").write_bytes(b"\xef\xbb\xbf" + b"\n".join([good, b"", *BAD, last]) + b"\n")
    for new in (2 + len(BAD), 0):
        with pytest.raises(UserError, match=f"{len(BAD)} of {2 + len(BAD)} pages have no record; out.jsonl says why"):
            extract(config, [extractor], Path("in.jsonl"), OUT)
        printed = capsys.readouterr().err
        assert f"{2 + len(BAD)} pages in out.jsonl, {new} of them new" in printed
        assert f"{len(BAD)} no page" in printed
    found = {line["id"]: line for line in lines()}
    assert found["0"]["record"]["a"].startswith("one")
    assert found["last"]["status"] == "ok"
    reasons = [line["reason"] for line in lines() if line["status"] == "no page"]
    assert all(any(reason in printed for printed in reasons) for reason in BAD.values())


def warc(*answers: tuple[str, str, bytes]) -> bytes:
    """A web archive of (url, content type, body)."""
    content = b""
    for number, (url, kind, body) in enumerate(answers):
        http = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
        head = f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: {url}\r\nWARC-Record-ID: <urn:uuid:{number}>\r\n"
        head += f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(http)}\r\n\r\n"
        content += head.encode() + http + b"\r\n\r\n"
    return content


def test_each_kind_of_source_is_read(workspace: Path) -> None:
    (workspace / "pages" / "b").mkdir(parents=True)
    (workspace / "pages" / "b" / "1.HTM").write_bytes("<p>Größe".encode("latin-1"))
    (workspace / "pages" / "a.html").write_text("<p>a")
    (workspace / "pages" / "logo.png").write_bytes(b"\x89PNG")
    (workspace / "list.json").write_text('[{"input": "<p>a"}, 5]')
    pq.write_table(pa.table({"id": [1, None], "input": ["<p>a", None], "other": [1, 2]}), workspace / "t.parquet")
    found = [
        ("http://x/1", "text/html; charset=windows-1251", "<p>Лампа".encode("cp1251")),
        ("http://x/2", "image/png", b""),
    ]
    (workspace / "crawl.warc.gz").write_bytes(gzip.compress(warc(*found)))
    (workspace / "CUT.WARC").write_bytes(warc(*found[:1])[:-8])
    shutil.copy("t.parquet", "T.PARQUET")
    (workspace / "B.HTML").write_text("<p>\na\nb")
    named = ("pages", "list.json", "t.parquet", "T.PARQUET", "crawl.warc.gz", "CUT.WARC", "pages/a.html", "B.HTML")
    read = {
        name: [(page["id"], page.get("input"), page.get("url")) for page in sources.read(Path(name))] for name in named
    }
    assert read == {
        "pages": [("a.html", "<p>a", None), ("b/1.HTM", "<p>Größe", None)],
        "list.json": [("row1", "<p>a", None), ("row2", None, None)],
        "t.parquet": [("1", "<p>a", None), ("row2", None, None)],
        "T.PARQUET": [("1", "<p>a", None), ("row2", None, None)],
        "crawl.warc.gz": [("urn:uuid:0", "<p>Лампа", "http://x/1")],
        "CUT.WARC": [("CUT.WARC:end", None, None)],
        "B.HTML": [("B.HTML", "<p>\na\nb", None)],
        "pages/a.html": [("a.html", "<p>a", None)],
    }
    assert {name: sources.count(Path(name)) for name in read} == {name: len(pages) for name, pages in read.items()}


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("t.csv", b"id,input\n1,<p>\n", "neither JSON Lines nor JSON \\(CSV is not read\\)"),
        ("t.jsonl", b" \n", "is empty"),
        ("t.json", b"[1,", "not a JSON list"),
        ("t.json", b"[]", r"t\.json holds no page"),
        ("t.warc", b"", r"t\.warc holds no page"),
        ("t.parquet", b"PAR1", "not a Parquet file"),
        ("other", None, "there is no other"),
    ],
)
def test_what_is_no_source_is_one_sentence(
    config: Config, extractor: Extractor, server: Scripted, name: str, content: bytes | None, words: str
) -> None:
    if content is not None:
        Path(name).write_bytes(content)
    with pytest.raises(UserError, match=words):
        extract(config, [extractor], Path(name), OUT)
    assert not OUT.exists()


@pytest.mark.parametrize("torn", ['{"id": "9", "record"', '{"id": "Gr\u00f6\u00dfe"', "", "\n\n", '{"i'])
def test_a_kill_loses_and_doubles_nothing(config: Config, extractor: Extractor, server: Scripted, torn: str) -> None:
    extract(config, [extractor], rows("<p>a", "<p>b"), OUT)
    OUT.write_bytes(OUT.read_bytes() + torn.encode()[: -2 if "\u00df" in torn else None])
    extract(config, [extractor], rows("<p>a", "<p>b", "<p>c"), OUT)
    assert records() == {"0": "a", "1": "b", "2": "c"}
    assert len(server.requests) == 3


def test_what_changed_is_asked_again_and_stands_once(config: Config, extractor: Extractor, server: Scripted) -> None:
    for target in (OUT, Path("out.parquet")):
        server.requests.clear()
        extract(config, [extractor], rows("<p>a", "<p>b", "<p>c"), target)
        extract(config, [extractor], rows("<p>a", "<p>B", "<p>c"), target)
        assert len(server.requests) == 4
        other = config.model_copy(update={"serve": config.serve.model_copy(update={"min_probability": 0.5})})
        extract(other, [extractor], rows("<p>a"), target)  # the same model, but what is made of its answers changed
        assert len(server.requests) == 5
        other = config.model_copy(update={"data": config.data.model_copy(update={"markup": False})})
        extract(other, [extractor], rows("<p>a"), target)
        assert len(server.requests) == 6
    assert records() == {"0": "a", "1": "B", "2": "c"}
    table = pq.read_table("out.parquet")
    assert {row["id"]: row["record"] for row in table.to_pylist()} == {
        "0": {"a": "a"},
        "1": {"a": "B"},
        "2": {"a": "c"},
    }
    assert table.column("probability").to_pylist()[0] == [("a", 0.904837)]
    assert not list(Path().glob(".out*"))


def test_one_process_writes(config: Config, extractor: Extractor, server: Scripted) -> None:
    with OUT.open("a") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(UserError, match=r"another process writes out\.jsonl"):
            extract(config, [extractor], rows("<p>a"), OUT)
    extract(config, [extractor], rows("<p>a"), OUT)


ROW = b'{"id": "a", "input": "<p>all that there is"}'  # without a line's end


@pytest.mark.parametrize("content", [b"my notes\n", b"my notes", b'{"id": 1}\n', b"[1]\n{", ROW, b"7"])
def test_a_file_of_something_else_is_not_touched(
    config: Config, extractor: Extractor, server: Scripted, content: bytes
) -> None:
    OUT.write_bytes(content)
    with pytest.raises(UserError, match="is not a file of answers: give another OUT="):
        extract(config, [extractor], rows("<p>a"), OUT)
    assert OUT.read_bytes() == content


def test_a_file_that_cannot_be_written_is_named(config: Config, extractor: Extractor, server: Scripted) -> None:
    with pytest.raises(UserError, match=r"cannot write .*out\.jsonl as user .*; give another OUT="):
        extract(config, [extractor], rows("<p>a"), Path("in.jsonl/out.jsonl"))


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("/dev/full", "/dev/full is there and is no file"),  # reading it never ends
        ("/dev/null", "/dev/null is there and is no file"),
        (".", "is there and is no file"),
        ("out.csv", r"OUT=out\.csv is neither \.jsonl nor \.parquet"),
        ("out.XLSX", "neither"),
    ],
)
def test_what_cannot_be_a_file_of_answers_is_named_before_a_page_is_asked(
    config: Config, extractor: Extractor, server: Scripted, capsys: pytest.CaptureFixture[str], target: str, words: str
) -> None:
    with pytest.raises(UserError, match=words):
        extract(config, [extractor], rows("<p>a"), Path(target))
    assert not server.requests
    assert not Path("out.csv").exists()
    assert capsys.readouterr().err == ""  # no progress in front of the sentence


def test_a_server_that_fails_is_asked_again(
    config: Config, extractor: Extractor, server: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "WAIT", lambda _: 0.001)
    copy, faults = server.answer, [(500, {"error": "x"}), (503, {"error": "busy"}), None]

    def answer(request: Json) -> tuple[int, Json] | None:
        page = request["messages"][1]["content"]
        if "poison" in page:
            return 500, {"error": "the runner crashed"}
        return faults.pop() if "b" in page and faults else copy(request)

    server.answer = answer
    with pytest.raises(UserError, match="1 of 4 pages have no record"):
        extract(config, [extractor], rows("<p>a", "<p>b", "<p>poison", "<p>c"), OUT)
    assert records() == {"0": "a", "1": "b", "2": None, "3": "c"}
    (failed,) = (line for line in lines() if line["id"] == "2")
    assert (failed["status"], "HTTP 500" in failed["reason"]) == ("server error", True)
    server.answer = copy
    extract(config, [extractor], rows("<p>a", "<p>b", "<p>poison", "<p>c"), OUT)
    assert records() == {"0": "a", "1": "b", "2": "poison", "3": "c"}


def test_a_server_that_stays_away_ends_the_batch_and_keeps_what_is_done(
    config: Config, extractor: Extractor, server: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "PATIENCE", 0.1)
    monkeypatch.setattr(batch, "WAIT", lambda _: 0.01)
    server.close_after(2)
    with pytest.raises(UserError, match="no Ollama answers"):
        extract(config, [extractor], rows("<p>a", "<p>b", "<p>c", "<p>d"), OUT)
    assert records() == {"0": "a", "1": "b"}


def test_another_model_in_the_middle_ends_the_batch(config: Config, extractor: Extractor, server: Scripted) -> None:
    server.digests = [DIGEST] * 4 + ["e" * 64]
    with pytest.raises(UserError, match="has the digest e"):
        extract(config, [extractor], rows(*["<p>a"] * 9), OUT)
    assert all(line["model"] == DIGEST for line in lines())


def test_rows_are_read_only_as_they_are_needed(extractor: Extractor, server: Scripted) -> None:
    taken = []

    def endless() -> Iterable[Json]:
        for number in range(10**9):
            taken.append(number)
            yield {"input": f"<p>{number}"}

    answers = batch.answer_all([extractor], endless())
    assert {next(answers)[0]["input"] for _ in range(5)} <= {f"<p>{n}" for n in taken}
    answers.close()  # type: ignore[attr-defined]
    assert len(taken) < 5 + MOST


def simulated(best: int, clock: list[float], n: int = 600) -> Concurrency:
    """The number at once after `n` answers of a server that works on `best` pages at a time, a second each."""
    found = Concurrency(clock=lambda: clock[0])
    for _ in range(n):
        clock[0] += 1 / min(found.limit, best)
        found.answered(100)
    return found


@pytest.mark.parametrize(("best", "limits"), [(1, {1, 2}), (4, {4, 8}), (16, {16, 32}), (1000, {64})])
def test_the_number_at_once_is_what_the_server_gains_from(best: int, limits: set[int]) -> None:
    found = simulated(best, [0.0])
    assert found.limit in limits
    found.refused()
    assert found.limit in {max(1, limit // 2) for limit in limits}


def test_a_number_that_gained_nothing_is_tried_again_after_a_while() -> None:
    clock = [0.0]
    found = simulated(1, clock, 16)
    assert found.limit == 1 or found.limit == 2
    for _ in range(8 * (HOLD + 4)):  # the server has grown
        clock[0] += 1 / min(found.limit, 8)
        found.answered(100)
    assert found.limit >= 4


def test_pages_are_asked_at_once(config: Config, extractor: Extractor, server: Scripted) -> None:
    copy, lock, running, most = server.answer, threading.Lock(), [0], [0]

    def answer(request: Json) -> tuple[int, Json] | None:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.1)  # long beside what a busy machine adds
        with lock:
            running[0] -= 1
        return copy(request)

    server.answer = answer
    extract(config, [extractor], rows(*(f"<p>{n}" for n in range(80))), OUT)
    assert records() == {str(n): str(n) for n in range(80)}
    assert most[0] >= 4


def test_several_servers_share_the_pages_and_one_that_dies_loses_none(
    config: Config, extractor: Extractor, server: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "WAIT", lambda _: 0.001)
    with Scripted().running() as other:
        other.answer = copying(extractor)
        servers = [extractor, extractor.at(other.url)]
        extract(config, servers, rows(*(f"<p>{n}" for n in range(40))), OUT)
        assert len(server.requests) > 10
        assert len(other.requests) > 10
        other.close_after(45)
        extract(config, servers, rows(*(f"<p>{n}" for n in range(200))), OUT)
    assert records() == {str(n): str(n) for n in range(200)}


def test_the_servers_are_named_in_one_variable(
    config: Config, extractor: Extractor, server: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = rows("<p>a")
    options = ["extract", "--config", "c.yaml", "--in", str(source), "--out", str(OUT), "--hosts"]
    monkeypatch.setattr("sys.argv", [*options, f"{server.url}, {server.url.removeprefix('http://')}"])
    main()
    assert records() == {"0": "a"}
    monkeypatch.setattr("sys.argv", [*options, "a/b"])
    with pytest.raises(UserError, match="HOSTS is 'a/b': give a host, host:port"):
        main()


def test_without_ray_a_sentence_says_how_to_install_it(
    config: Config, extractor: Extractor, server: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UserError, match=r"RAY=1 needs Ray, .*: install it with `.*pip install"):
        extract(config, [extractor], rows("<p>a"), OUT, from_ray)


def test_many_lines_do_not_fill_the_memory(workspace: Path) -> None:
    import tracemalloc

    def peak(n: int) -> int:
        line = {"record": None, "status": "ok", "input_sha256": "0" * 64, "model": DIGEST, "settings": "0" * 16}
        OUT.write_text("".join(json.dumps({"id": str(i)} | line) + "\n" for i in range(n)))
        tracemalloc.start()
        with Answers(OUT, SCHEMA) as answers:
            assert answers.has({"id": "5"} | line)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    assert peak(20_000) < 1.5 * peak(2_000) + 200_000
