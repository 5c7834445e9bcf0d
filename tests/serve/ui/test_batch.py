"""The pages behind a batch's answers, of every kind of source that extract takes."""

import gzip
import hashlib
import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from extraction.json import Json
from pipeline.errors import UserError
from pipeline.files import write_jsonl
from serve import sources
from serve.answers import Answers
from serve.extract import line
from serve.ui.batch import Batch
from tests.serve.ui.conftest import SCHEMA, Scripted

N = 40


def html(i: int) -> str:
    return f"<h1>Thing {i}</h1><p>€ {i}</p>"


def folder(place: Path) -> Path:
    for i in range(N):
        path = place / "pages" / f"shop{i % 3}" / f"{i}.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(html(i))
    return place / "pages"


def json_lines(place: Path) -> Path:
    rows = [{"id": f"p{i}", "input": html(i)} if i % 2 else {"input": html(i)} for i in range(N)]
    write_jsonl(place / "rows.jsonl", rows)
    return place / "rows.jsonl"


def json_list(place: Path) -> Path:
    (place / "rows.json").write_text(json.dumps([{"input": html(i)} for i in range(N)]))
    return place / "rows.json"


def parquet(place: Path) -> Path:
    from pyarrow import Table
    from pyarrow.parquet import write_table

    rows = Table.from_pylist([{"id": f"p{i}", "input": html(i)} for i in range(N)])
    write_table(rows, place / "rows.parquet", row_group_size=7)
    return place / "rows.parquet"


def records() -> list[bytes]:
    found = []
    for i in range(N):
        body = f"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html(i)}".encode()
        head = f"WARC/1.1\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:{i}>\r\nWARC-Target-URI: http://a.example/{i}"
        head += f"\r\nContent-Type: application/http;msgtype=response\r\nContent-Length: {len(body)}\r\n\r\n"
        found.append(head.encode() + body + b"\r\n\r\n")
    return found


def warc(place: Path) -> Path:
    (place / "crawl.warc").write_bytes(b"".join(records()))
    return place / "crawl.warc"


def warc_gz(place: Path) -> Path:
    (place / "crawl.warc.gz").write_bytes(b"".join(gzip.compress(record) for record in records()))
    return place / "crawl.warc.gz"


def warc_in_one_piece(place: Path) -> Path:
    (place / "whole.warc.gz").write_bytes(gzip.compress(b"".join(records())))
    return place / "whole.warc.gz"


def extracted(source: Path, target: Path) -> Path:
    """The answers to a source's pages, written as extract does."""
    client = Scripted("toy:f16", {"name": "Thing", "price": 1})
    with Answers(target, SCHEMA) as answers:
        for page in sources.read(source):
            answers.add(line(page | {"model": "d" * 64, "settings": "s"}, client.ask(page["input"])))
    return target


@pytest.mark.parametrize("prepare", [folder, json_lines, json_list, parquet, warc, warc_gz, warc_in_one_piece])
@pytest.mark.parametrize("name", ["answers.jsonl", "answers.parquet"])
def test_each_row_finds_its_page(tmp_path: Path, prepare: Callable[[Path], Path], name: str) -> None:
    source = prepare(tmp_path)
    batch = Batch(extracted(source, tmp_path / name), source)
    assert len(batch.rows) == N
    assert batch.rows[3]["url"] == ("http://a.example/3" if ".warc" in source.name else None)
    assert batch.rows[0]["probability"] == {"name": 0.75, "price": 0.75}
    given = [page["input"] for page in sources.read(source)]
    for number in (N - 1, 0, 17, 8):
        assert batch.page(batch.rows[number]) == given[number]


def test_the_pages_are_not_held(tmp_path: Path) -> None:
    page = "<p>" + "x" * 500_000
    write_jsonl(tmp_path / "rows.jsonl", ({"id": f"p{i}", "input": page} for i in range(60)))
    sha256 = hashlib.sha256(page.encode()).hexdigest()
    answers = [{"id": f"p{i}", "record": None, "status": "not JSON", "input_sha256": sha256} for i in range(60)]
    write_jsonl(tmp_path / "answers.jsonl", answers)
    tracemalloc.start()
    batch = Batch(tmp_path / "answers.jsonl", tmp_path / "rows.jsonl")
    assert batch.page(batch.rows[59]) == page
    assert tracemalloc.get_traced_memory()[1] < 5_000_000  # bytes at most; the pages are 30 MB
    tracemalloc.stop()


def one(place: Path, page: Json, answer: Json) -> Batch:
    write_jsonl(place / "rows.jsonl", [page])
    write_jsonl(place / "answers.jsonl", [{"record": None, "status": "no page"} | answer])
    return Batch(place / "answers.jsonl", place / "rows.jsonl")


@pytest.mark.parametrize(
    ("page", "answer", "sentence"),
    [
        ({"id": "a", "input": "<p>new"}, {"id": "a", "input_sha256": "0" * 64}, "a has changed since it was answered"),
        ({"id": "a", "input": " "}, {"id": "a"}, "a cannot be shown: the page is empty"),
        ({"id": "a", "input": "<p>x"}, {"id": "../a"}, r"rows.jsonl has no page ../a: give the IN="),
    ],
)
def test_a_page_that_is_not_there_is_one_sentence(tmp_path: Path, page: Json, answer: Json, sentence: str) -> None:
    batch = one(tmp_path, page, answer)
    with pytest.raises(UserError, match=sentence):
        batch.page(batch.rows[0])


def test_without_the_source_it_says_how_to_give_it(tmp_path: Path) -> None:
    one(tmp_path, {"id": "a", "input": "x"}, {"id": "a"})
    batch = Batch(tmp_path / "answers.jsonl")
    with pytest.raises(UserError, match=r"make ui OUT=answers.jsonl IN=…"):
        batch.page(batch.rows[0])


def test_the_last_answer_of_an_id_counts_and_a_half_written_line_does_not(tmp_path: Path) -> None:
    lines = [
        {"id": "a", "record": None, "status": "server error"},
        {"id": "a", "record": {"name": "A"}, "status": "ok"},
    ]
    (tmp_path / "answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in lines) + '{"id": "b", "rec')
    assert [(row["id"], row["status"]) for row in Batch(tmp_path / "answers.jsonl").rows] == [("a", "ok")]


@pytest.mark.parametrize("text", ['{"id": 1}\n', "[1]\n", "<p>\n", '{"id": 1, "input": "x", "output": {}}\n'])
def test_another_file_is_no_batch(tmp_path: Path, text: str) -> None:
    for name in ("a.jsonl", "a.parquet"):
        (tmp_path / name).write_text(text)
        with pytest.raises(UserError, match="is not a file of answers: give the OUT=… of `make extract`"):
            Batch(tmp_path / name)
    with pytest.raises(UserError, match="cannot read the answers"):
        Batch(tmp_path / "none.jsonl")
