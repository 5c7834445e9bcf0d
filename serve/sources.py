"""The pages of a folder, a JSON, JSON Lines or Parquet file, or a web archive (WARC), one after the other.

A page that cannot be read has a problem instead of a text.
"""

import hashlib
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from pipeline.errors import UserError, unreadable
from serve.pages import NotText, decode, problem

HTML = (".html", ".htm", ".xhtml")
PARQUET = ".parquet"
WARC = (".warc", ".warc.gz", ".warc.zst")
HTML_TYPES = ("text/html", "application/xhtml+xml")
LINE = 1 << 20  # bytes that are read at once


class Page(TypedDict):
    """A page: its text as `input`, or its problem."""

    id: str
    place: NotRequired[int]  # where it begins: a byte of JSON Lines or of a web archive, else the pages before it
    url: NotRequired[str]
    input: NotRequired[str]
    input_sha256: NotRequired[str]  # of its bytes, or of its text in UTF-8 where it stands in JSON or Parquet
    problem: NotRequired[str]


Placed = Iterator[tuple[int, Page]]


def read(source: Path, since: int = 0) -> Iterator[Page]:
    """The pages of a source, in its order, not more than a few of them in memory (a JSON list is read whole).

    `since`: the place of the first; a page without an id of its own is then numbered from there.
    """
    try:
        for place, page in _reader(source, since):
            yield page | {"place": place}
    except OSError as error:
        error.filename = error.filename or str(source)
        raise unreadable("pages", error) from None


def count(source: Path) -> int:
    """How many pages a source has."""
    name = source.name.lower()
    if source.is_dir() or name.endswith(HTML):
        return sum(1 for _ in _files(source))
    if name.endswith(PARQUET):
        return int(_parquet(source).metadata.num_rows)
    if name.endswith(WARC):
        return sum(1 for _ in _from_warc(source, 0))
    if _first(source) == b"[":
        return len(_listed(source))
    with source.open("rb") as file:
        return sum(1 for line in file if line.strip())


def _reader(source: Path, since: int) -> Placed:
    name = source.name.lower()
    if source.is_dir() or name.endswith(HTML):
        return _from_files(source, since)
    if not source.is_file():
        raise UserError(f"there is no {source}: give IN=… a folder of HTML files, JSON Lines, JSON, Parquet or WARC")
    if name.endswith(PARQUET):
        return _from_parquet(source, since)
    if name.endswith(WARC):
        return _from_warc(source, since)
    return _from_json(source, since)


def _page(name: str, text: Any, url: Any = None, sha256: str | None = None) -> Page:
    """A page, or its problem."""
    found: Page = {"id": name}
    if url:
        found["url"] = str(url)
    if not isinstance(text, str):
        return found | {"problem": 'it has no text under "input"'}
    found["input_sha256"] = sha256 or hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    if wrong := problem(text):
        return found | {"problem": wrong}
    return found | {"input": text}


def _decoded(name: str, content: bytes, url: str | None = None, declared: str | None = None) -> Page:
    """A page from its bytes."""
    sha256 = hashlib.sha256(content).hexdigest()
    try:
        return _page(name, decode(content, declared), url, sha256)
    except NotText as error:
        found: Page = {"id": name, "input_sha256": sha256, "problem": str(error)}
        return found | {"url": url} if url else found


def _files(folder: Path) -> Iterator[Path]:
    """The HTML files of a folder and those below it, by name; a file is itself."""
    if not folder.is_dir():
        return iter([folder])
    return iter(sorted(path for path in folder.rglob("*") if path.suffix.lower() in HTML and path.is_file()))


def _from_files(folder: Path, since: int) -> Placed:
    place = None
    for place, path in enumerate(islice(_files(folder), since, None), since):
        name = str(path.relative_to(folder)) if folder.is_dir() else path.name
        try:
            yield place, _decoded(name, path.read_bytes())
        except OSError as error:
            yield place, {"id": name, "problem": f"it cannot be read: {error.strerror}"}
    if place is None:
        raise UserError(f"the folder {folder} has no file that ends in {', '.join(HTML)}: give another IN=…")


def _first(source: Path) -> bytes:
    """The first byte that is neither a mark nor white space."""
    with source.open("rb") as file:
        return file.read(LINE).removeprefix(b"\xef\xbb\xbf").lstrip()[:1]


def _from_json(source: Path, since: int) -> Placed:
    first = _first(source)
    if not first:
        raise UserError(f"{source} is empty: give another IN=…")
    if first not in (b"{", b"["):
        raise UserError(
            f"{source} is neither JSON Lines nor JSON (CSV is not read): each line is to be like"
            ' {"id": "1", "input": "<html>…"}'
        )
    if first == b"[":
        rows = enumerate(islice(_listed(source), since, None), since)
        yield from ((place, _row(place + 1, row)) for place, row in rows)
        return
    with source.open("rb") as file:
        place = file.seek(since)
        for number, line in enumerate(file, 1):  # of bytes: only a line feed ends a line
            if line.strip():
                yield place, _parsed(number, line if place else line.removeprefix(b"\xef\xbb\xbf"))
            place += len(line)


def _listed(source: Path) -> list[Any]:
    try:
        rows: list[Any] = json.loads(source.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{source} is not a JSON list: {error}") from None
    return rows


def _parsed(number: int, line: bytes) -> Page:
    try:
        return _row(number, json.loads(line.decode()))
    except UnicodeDecodeError as error:
        return {"id": f"row{number}", "problem": f"it is not UTF-8 (byte {error.start + 1})"}
    except (ValueError, RecursionError) as error:
        return {"id": f"row{number}", "problem": f"it is not JSON: {error}"}


def _row(number: int, row: Any) -> Page:
    """The page of a row of {"id", "input", "url"}; its id is its number where it has none."""
    if not isinstance(row, dict):
        return {"id": f"row{number}", "problem": f"it is a JSON {type(row).__name__}, not an object"}
    name = row.get("id")
    return _page(f"row{number}" if name is None else str(name), row.get("input"), row.get("url"))


def _parquet(source: Path) -> Any:
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    try:
        return ParquetFile(source)
    except (ArrowException, ValueError) as error:
        raise UserError(f"{source} is not a Parquet file that can be read: {error}") from None


def _from_parquet(source: Path, since: int) -> Placed:
    file = _parquet(source)
    names = file.schema_arrow.names
    if "input" not in names:
        raise UserError(f"{source} has the columns {', '.join(names)} and none named input, for the page's text")
    columns = [name for name in ("id", "input", "url") if name in names]
    before = group = 0  # rows and row groups that need not be read
    while group < file.num_row_groups and before + file.metadata.row_group(group).num_rows <= since:
        before += file.metadata.row_group(group).num_rows
        group += 1
    batches = file.iter_batches(batch_size=64, row_groups=list(range(group, file.num_row_groups)), columns=columns)
    rows = (row for batch in batches for row in batch.to_pylist())
    for place, row in enumerate(islice(rows, since - before, None), since):
        yield place, _row(place + 1, row)


def _archived(source: Path, since: int = 0) -> Iterator[tuple[int, Any]]:
    """(place, record) of each record of a web archive that answers with an HTML page; `OSError` where it breaks off."""
    from fastwarc.warc import ArchiveIterator, WarcRecordType

    with source.open("rb") as file:
        file.seek(since)
        for record in ArchiveIterator(file, record_types=WarcRecordType.response, parse_http=False):
            promised = record.content_length
            record.freeze()
            if record.content_length < promised:  # else half a page would be read as a whole one
                raise OSError(f"a record has {record.content_length} of its {promised} bytes")
            record.parse_http(auto_decode="all")
            answered = record.http_headers is not None and record.http_headers.status_code == 200
            if answered and record.http_content_type in HTML_TYPES:
                yield record.stream_pos, record


def _from_warc(source: Path, since: int) -> Placed:
    place = since
    try:
        for place, record in _archived(source, since):
            url = record.headers.get("WARC-Target-URI")
            yield place, _decoded(record.record_id.strip("<>"), record.reader.read(), url, record.http_charset)
    except OSError as error:
        yield place, {"id": f"{source.name}:end", "problem": f"the archive breaks off here: {error}"}
