import json
import os
import shutil
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from extraction.json import Json
from pipeline.data import check
from pipeline.errors import UserError
from pipeline.rows import read
from serve.located import values
from serve.ui import runs
from serve.ui.dataset import append, corrected
from serve.ui.shown import shown
from serve.ui.taken import taken_away
from tests.serve.ui.conftest import SCHEMA, Scripted, Ui

PAGE = "<script>track()</script><h1>Oak <b>table</b></h1><p>€ 450</p><!-- no -->"


def test_an_extraction_tells_where_each_value_stands(ui: Ui) -> None:
    ui.answers["q4_k_m"] = {"name": "Oak table", "price": 450}
    found = ui.extract(PAGE)
    name, price = found["values"]
    assert (name["path"], name["value"], name["probability"], name["grounded"]) == ("name", "Oak table", 0.75, True)
    assert "h1" in name["evidence"][0]["xpath"]
    assert (price["evidence"][0]["xpath"], price["evidence"][0]["text"]) == ("/html/body/p", "450")
    framed = httpx.get(f"{ui.url}/pages/{found['id']}")
    assert "sandbox allow-same-origin" in framed.headers["content-security-policy"]
    assert "default-src 'none'" in framed.headers["content-security-policy"]
    assert f'<mark data-fieldsift="{found["token"]}:1:0">450</mark>' in framed.text
    assert "track()" not in framed.text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 403),
        ({"Host": "evil.example:80"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Content-Type": "text/plain"}, 415),
    ],
)
def test_other_sites_are_refused(ui: Ui, headers: dict[str, str], status: int) -> None:
    ui.answers["q4_k_m"] = {"name": "x", "price": None}
    body = json.dumps({"page": "<p>x", "run": "toy", "variant": "q4_k_m"})
    sent = {"Content-Type": "application/json"} | headers
    assert httpx.post(f"{ui.url}/api/extract", content=body, headers=sent).status_code == status
    if "Content-Type" not in headers:
        assert httpx.get(f"{ui.url}/api/options", headers=headers).status_code == status
    same = {"Content-Type": "application/json", "Origin": ui.url, "Sec-Fetch-Site": "same-origin"}
    assert httpx.post(f"{ui.url}/api/extract", content=body, headers=same).status_code == 200


def test_what_cannot_be_done_is_one_sentence(ui: Ui) -> None:
    for path, body, sentence in (
        ("/api/extract", {"page": " "}, "there is no page"),
        ("/api/save", {"id": "gone"}, "no longer in memory"),
        ("/api/look", {"row": 0, "run": "toy"}, "there is no row 0"),
        ("/api/extract", [1], "must be a JSON object"),
        ("/api/extract", {"page": "<p>\ud800", "run": "toy", "variant": "f16"}, "half of a surrogate pair"),
        (
            "/api/extract",
            {"page": "<p>", "run": "toy", "variant": "f16", "schema": {"type": "object"}},
            "there is no schema",
        ),
    ):
        answer = ui.post(path, body)
        assert answer.status_code == 400
        assert sentence in answer.json()["error"]


def test_a_request_without_bottom_is_refused(ui: Ui) -> None:
    headers = {"Content-Type": "application/json"}
    answer = httpx.post(f"{ui.url}/api/extract", content="[" * 100_000, headers=headers)
    assert (answer.status_code, "cannot be read" in answer.json()["error"]) == (400, True)


@pytest.mark.parametrize("schema", ["[" * 100_000, "{", "[]", '{"type": "object"}'])
def test_a_schema_that_is_none_is_one_sentence(
    ui: Ui, workspace: Path, monkeypatch: pytest.MonkeyPatch, schema: str
) -> None:
    monkeypatch.undo()  # of the stand-in for the client
    monkeypatch.chdir(workspace)
    monkeypatch.setattr(runs, "Extractor", lambda config, variant, host: Scripted(variant, None))
    body = {"page": "<p>", "run": "toy", "variant": "f16", "schema": schema}
    answer = ui.post("/api/extract", body)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("the schema cannot be used: ")


@pytest.mark.parametrize(
    "encoded",
    [
        PAGE.encode(),
        PAGE.encode("utf-16"),
        PAGE.encode("utf-8-sig"),
        f"<meta charset=iso-8859-15>{PAGE}".encode("iso-8859-15"),
    ],
)
def test_a_file_is_read_in_its_encoding(ui: Ui, encoded: bytes) -> None:
    headers = {"Content-Type": "application/octet-stream"}
    page = httpx.post(f"{ui.url}/api/open", content=encoded, headers=headers).json()["page"]
    assert page.removeprefix("<meta charset=iso-8859-15>") == PAGE
    refused = httpx.post(f"{ui.url}/api/open", content=b"\x89PNG\0\0", headers=headers)
    assert refused.status_code == 400
    assert refused.json()["error"].startswith("the file is no page: ")


@pytest.mark.parametrize("body", [{"edits": [1]}, {"edits": {"name": 5}}, {"edits": "x"}])
def test_a_malformed_correction_is_refused(ui: Ui, body: Json) -> None:
    ui.answers["q4_k_m"] = {"name": "x", "price": None}
    answer = ui.post("/api/save", {"id": ui.extract("<p>x")["id"]} | body)
    assert answer.status_code == 400
    assert "must" in answer.json()["error"]


def test_the_worst_examples_come_first(ui: Ui) -> None:
    found = httpx.get(f"{ui.url}/api/examples?run=toy&variant=q4_k_m").json()
    assert [(row["id"], row["wrong"]) for row in found] == [("r2", 2), ("r0", 0), ("r1", 0)]
    assert httpx.get(f"{ui.url}/api/examples?run=toy&variant=../q4_k_m").status_code == 400
    Path("artifacts/toy/data/test.jsonl").unlink()  # a run that was copied for its client alone
    assert httpx.get(f"{ui.url}/api/examples?run=toy&variant=q4_k_m").json() == []


@pytest.mark.parametrize("lost", ["data/schema.json", "config.yaml"])
def test_a_run_that_lost_a_file_does_not_hide_the_others(ui: Ui, workspace: Path, lost: str) -> None:
    shutil.copytree(workspace / "artifacts" / "toy", workspace / "artifacts" / "broken")
    (workspace / "artifacts" / "broken" / lost).unlink()
    found = httpx.get(f"{ui.url}/api/options").json()["runs"]
    assert [(run["name"], run["variants"]) for run in found] == [("toy", ["q4_k_m", "f16"])]


def test_a_run_that_was_made_again_is_read_again(ui: Ui, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()  # of the stand-in for the client
    monkeypatch.chdir(workspace)
    monkeypatch.setattr(runs, "Extractor", lambda config, variant, host: Scripted(f"{config.run}:{variant}", None))
    first = runs.extractor("toy", "f16", "host")
    assert runs.extractor("toy", "f16", "host") is first
    assert runs.extractor("toy", "f16", "host", json.dumps(SCHEMA)) is not first
    os.utime("artifacts/toy/manifest.json", ns=(1, 1))
    assert runs.extractor("toy", "f16", "host") is not first
    with pytest.raises(UserError, match="there are q4_k_m, f16"):
        runs.extractor("toy", "q2", "host")


def test_a_correction_becomes_an_example_that_training_takes(ui: Ui, workspace: Path) -> None:
    ui.answers["q4_k_m"] = {"name": "Oak", "price": None}
    found = ui.extract(PAGE)
    saved = ui.post("/api/save", {"id": found["id"], "edits": {"name": "Oak table", "price": "450"}}).json()
    assert (saved["n"], saved["path"]) == (1, "artifacts/toy/corrections.jsonl")
    assert ui.post("/api/save", {"id": found["id"], "edits": {"price": "a lot"}}).status_code == 400
    rows = read(workspace / saved["path"])
    assert rows == [{"input": PAGE, "output": {"name": "Oak table", "price": 450}}]
    assert check(rows, SCHEMA)[0] == rows


def test_corrections_of_other_fields_have_their_own_file(ui: Ui, workspace: Path) -> None:
    other = {"type": "object", "properties": {"wood": {"type": ["string", "null"]}}, "required": ["wood"]}
    for schema in (SCHEMA, other, other):
        record = dict.fromkeys(schema["properties"])
        found = ui.session.keep("<p>Oak", record, {}, "toy", schema, "<p>Oak")
        assert ui.post("/api/save", {"id": found["id"]}).status_code == 200
    paths = sorted((workspace / "artifacts" / "toy").glob("corrections*.jsonl"), key=lambda path: len(path.name))
    assert [[list(row["output"]) for row in read(path)] for path in paths] == [[["name", "price"]], [["wood"]] * 2]


def test_a_run_that_was_deleted_is_not_made_anew_by_a_correction(ui: Ui, workspace: Path) -> None:
    ui.answers["q4_k_m"] = {"name": "Oak", "price": None}
    body, folder = {"id": ui.extract(PAGE)["id"], "edits": {"price": "450"}}, workspace / "artifacts" / "toy"
    folder.rename(workspace / "elsewhere")
    refused = ui.post("/api/save", body)
    assert (refused.status_code, folder.exists()) == (400, False)
    assert refused.json()["error"].startswith("nothing was saved, because artifacts/toy is no longer there")
    with pytest.raises(UserError, match="nothing was saved"):
        append(folder / "corrections.jsonl", PAGE, {})
    (workspace / "elsewhere").rename(folder)
    assert ui.post("/api/save", body).json()["output"] == {"name": "Oak", "price": 450}


def test_examples_of_many_threads_are_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "file.jsonl"
    threads = [threading.Thread(target=append, args=(path, "é" * 10_000, {"i": i})) for i in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(json.loads(line)["output"]["i"] for line in path.read_text().splitlines()) == list(range(20))


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file.jsonl"
    append(path, "a", {})
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(UserError, match="free some space"):
        append(path, "b", {})
    assert path.read_bytes() == before


NESTED = {
    "type": "object",
    "properties": {
        "tags": {"type": "array", "items": {"type": ["string", "null"]}},
        "size": {"type": "object", "properties": {"w": {"type": "integer"}}},
        "net.price": {"anyOf": [{"type": "number"}, {"type": "null"}]},  # as pydantic writes what may be absent
        "stars": {"enum": [1, 2, 3]},
    },
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({"tags.1": "b"}, {"tags": ["a", "b"]}),
        ({"tags.0": None}, {"tags": [None, "x"]}),
        ({"tags.0": "7"}, {"tags": ["7", "x"]}),
        ({"tags": '["c"]'}, {"tags": ["c"]}),
        ({"size.w": "2"}, {"size": {"w": 2}}),
        ({"size.w": "€ 1.299"}, {"size": {"w": 1299}}),
        ({"net.price": "1.5"}, {"net.price": 1.5}),
        ({"net.price": "1 299,50 kr"}, {"net.price": 1299.5}),
        ({"net.price": None}, {"net.price": None}),
        ({"stars": "3"}, {"stars": 3}),
    ],
)
def test_values_of_each_kind_are_corrected(edits: dict[str, Any], expected: Json) -> None:
    record = {"tags": ["a", "x"], "size": {"w": 1}, "net.price": 5, "stars": 1}
    assert corrected(record, edits, NESTED) == record | expected


@pytest.mark.parametrize(
    ("edits", "sentence"),
    [
        ({"net.price": "NaN"}, "net.price: 'NaN' is not valid"),
        ({"stars": "4"}, "stars: '4' is not one of"),
        ({"size.h": "1"}, "the record has no 'h'"),
        ({"tags.9": "1"}, "the record has no '9'"),
    ],
)
def test_what_does_not_fit_is_refused(edits: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        corrected({"tags": ["a"], "size": {"w": 1}, "net.price": 5, "stars": 1}, edits, NESTED)


HOSTILE = {
    "script": "<script>x</script><p onclick='x()' onload=y>v</p>",
    "refresh": "<meta http-equiv=refresh content='0;url=http://evil.example'><p>v",
    "form": "<form action=http://evil.example><input name=a autofocus><button formaction=x>v</button></form>",
    "link": "<a href=http://evil.example ping=x target=_top>v</a><base href=http://evil.example>",
    "image": "<img src=http://evil.example/a.png srcset=b onerror=x width=99999 height=99999 alt=v>",
    "style": "<style>@import 'http://evil.example'; p{background:url(http://e.example)}</style><p style='a:url(x)'>v",
    "frame": "<iframe src=http://evil.example srcdoc='<script>x</script>'></iframe><object data=x></object><p>v",
    "svg": "<svg><script>x</script><a xlink:href=http://evil.example>w</a></svg><p>v",
    "empty": "<embed src=x><picture><source srcset=x><img src=x></picture><video><track src=x></video><p>v",
    "plain": "<xmp><script>x</script></xmp><plaintext></plaintext><p>v",
    "forged": '<mark data-fieldsift="0:0">v</mark>',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_shown_page_has_nothing_that_acts(name: str) -> None:
    text = shown(HOSTILE[name], [], "token")
    body = text.partition("</style>")[2].rpartition("<style>")[0]
    for word in (
        "<script",
        "onclick",
        "onload",
        "onerror",
        "http-equiv",
        "action",
        "href",
        "src",
        "<iframe",
        "<object",
        "<xmp",
        "<plaintext",
    ):
        assert word not in body.lower(), body
    assert "url(" not in body.replace("none(", "")
    assert "@import" not in body
    assert "token" not in body
    assert "v" in body


def test_marks_do_not_break_the_page() -> None:
    page = "<title>Oak</title><h1>Oak &amp; <i>ash</i></h1><p title='Oak'>x</p><textarea>Oak</textarea>a < b"
    text = shown(page, values({"name": "Oak", "wood": "ash"}, page, page, {}), "t")
    assert '<h1><mark data-fieldsift="t:0:1">Oak</mark> &amp; <i><mark data-fieldsift="t:1:0">ash</mark></i>' in text
    assert '<p title="Oak" data-fieldsift="t:0:' in text
    assert ">Oak</textarea>" in text
    assert "a &lt; b" in text
    plain = shown("Oak < ash\nfirm & co", values({"name": "Oak"}, "Oak < ash", "", {}), "t")
    assert '<pre><mark data-fieldsift="t:0:0">Oak</mark> &lt; ash\nfirm &amp; co</pre>' in plain


@pytest.mark.parametrize(
    "page",
    [
        "<!-- v -->",
        "<p>\x01Oak&#2;</p>",
        "<img alt='&#1;Oak'><style>a{b:url(&#1;\x02)}</style><p style='a:url(\x01)'>x",
        "<o:p>Oak</o:p>",
        "<div>" * 1_000 + "Oak",
        "<p>Oak \ud800\x00",
    ],
)
def test_an_odd_page_is_shown(page: str) -> None:
    text = shown(page, values({"name": "Oak"}, page, page, {}), "t")
    assert ("Oak" in text) == ("Oak" in page)
    text.encode()


def test_a_page_without_end_is_cut() -> None:
    text = shown("<h1>Oak</h1>" + "<p>x" * 100_000, values({"name": "Oak"}, "<h1>Oak</h1>", "", {}), "t")
    assert text.count("<p>") < 20_001
    assert '<mark data-fieldsift="t:0:0">Oak</mark>' in text
    assert "The page goes on" in text


def test_what_was_taken_away_is_told_apart() -> None:
    from extraction.prompt import page

    runs = taken_away(PAGE, page(PAGE))
    assert "".join(text for _, text in runs) == PAGE
    gone = "".join(text for kept, text in runs if not kept)
    assert "track()" in gone
    assert "no" in gone
    assert "Oak" not in gone


def test_a_batch_is_joined_with_its_pages(batch: Ui, workspace: Path) -> None:
    table = httpx.get(f"{batch.url}/api/batch").json()
    assert table["fields"] == ["name", "price"]
    assert table["rows"][9] | {"status": "not JSON", "output": None, "lowest": None} == table["rows"][9]
    assert table["asked"] == {"run": "toy", "variant": "q4_k_m"}
    found = batch.post("/api/look", {"row": 3, "run": "toy", "variant": "q4_k_m"}).json()
    assert found["page"] == "<h1>Thing 3</h1><b>3</b>"
    assert found["values"][0]["evidence"][0]["text"] == "Thing 3"
    assert batch.post("/api/save", {"id": found["id"]}).json()["n"] == 1
