"""The file of answers: appended to as they come, gone on with after a kill, without loss or duplicate.

A line is appended for each page at once. A page has its answer where its id, the hash of its input, the model's digest
and the settings are those of a line; other lines of its id are superseded, and are left out when the file is closed
well. The index of the lines is a temporary database on disk, so memory does not grow with them. One process at a time.
OUT.parquet is written when all is done; until then the lines are in .OUT.parquet.jsonl beside it.
"""

import fcntl
import json
import os
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from io import BufferedRandom
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

from extraction.json import Json
from extraction.parse import Status
from pipeline.errors import UserError
from pipeline.files import atomic_write
from serve import parquet
from serve.lines import Asked, Line, is_line

KEY = ("input_sha256", "model", "settings")  # what an answer depends on
OTHER_FORMS = (".csv", ".tsv", ".xlsx")


class Answers:
    """The answers of one run of `extract`, by the page's id. `schema` is the records', for Parquet."""

    def __init__(self, target: Path, schema: Json) -> None:
        self.target = target
        self.schema = schema
        self.n_asked = 0
        self.counts: Counter[str] = Counter()  # of this call's pages, by status
        self._superseded = False
        parquet = target.suffix == ".parquet"
        self.lines = target.with_name(f".{target.name}.jsonl") if parquet else target
        self._file = self._locked()
        # A temporary file that goes when it is closed; what is in it can be read from the lines again.
        self._index = sqlite3.connect("", isolation_level=None)
        self._index.executescript(
            "PRAGMA journal_mode = OFF; CREATE TABLE met (id TEXT PRIMARY KEY);"
            "CREATE TABLE line (id TEXT PRIMARY KEY, key TEXT, start INTEGER, status TEXT)"
        )
        try:
            if parquet and target.is_file() and not os.fstat(self._file.fileno()).st_size:
                self._take_back()
            self._read()
        except BaseException:
            self._close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        """Put the file in its last form where the block ended well."""
        try:
            self._file.flush()
            if kind is None and (self._superseded or self.lines != self.target):
                self._finish()
        finally:
            self._close()

    def _close(self) -> None:
        self._index.close()
        self._file.close()

    @property
    def n_failed(self) -> int:
        """How many of this call's pages have no record."""
        return self.counts.total() - self.counts[Status.OK]

    def met(self, name: str) -> bool:
        """Whether this call has had a page of that id before; from now on it has."""
        return not self._index.execute("INSERT OR IGNORE INTO met VALUES (?)", (_text(name),)).rowcount

    def has(self, page: Asked) -> bool:
        """Whether a page of {"id", *KEY} has its answer; it is counted if so."""
        found = self._index.execute("SELECT key, status FROM line WHERE id = ?", (_text(page["id"]),)).fetchone()
        if found is None or found[0] != _key(page) or found[1] == Status.SERVER_ERROR:
            return False
        self.counts[found[1]] += 1
        return True

    def add(self, line: Line) -> None:
        """Append the answer to a page."""
        start = self._file.seek(0, os.SEEK_END)
        # A lone surrogate becomes its JSON escape.
        self._file.write((json.dumps(line, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace"))
        self._file.flush()
        self._enter(line, start)
        self.counts[line["status"]] += 1
        self.n_asked += 1

    def _locked(self) -> BufferedRandom:
        """The lines' file, which no other process has; where one replaced it meanwhile, the new one."""
        if self.target.suffix.lower() in OTHER_FORMS:
            raise UserError(f"OUT={self.target} is neither .jsonl nor .parquet: no other form is written")
        try:
            if self.lines.exists() and not self.lines.is_file():
                raise UserError(f"{self.target} is there and is no file: give another OUT=…")
            self.target.parent.mkdir(parents=True, exist_ok=True)
            while True:
                file = self.lines.open("a+b")
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    if self.lines.exists() and os.path.samestat(os.fstat(file.fileno()), self.lines.stat()):
                        return file
                except OSError:
                    file.close()
                    raise
                file.close()
        except BlockingIOError:
            raise UserError(f"another process writes {self.target}: wait for it, or give another OUT=…") from None
        except OSError as error:
            raise UserError(
                f"cannot write {self.target} as user {os.getuid()}: {error.strerror}; give another OUT=…"
            ) from None

    def _stored(self) -> Iterator[tuple[int, Line, bytes]]:
        """(start, content, bytes) of each whole line."""
        with self.lines.open("rb") as file:
            start = 0
            for raw in file:
                if raw.strip() and raw.endswith(b"\n"):
                    yield start, self._checked(raw), raw
                start += len(raw)

    def _checked(self, raw: bytes) -> Line:
        try:
            line = json.loads(raw)
        except ValueError:
            line = None
        if not is_line(line):
            raise UserError(f"{self.target} is there and is not a file of answers: give another OUT=…")
        return cast(Line, line)

    def _read(self) -> None:
        """Enter the lines that are there; a last one without its end is cut off."""
        for start, line, _ in self._stored():
            self._enter(line, start)
        end = self._file.seek(0, os.SEEK_END)
        begin = end
        while begin and (self._file.seek(begin - 1), self._file.read(1))[1] != b"\n":
            begin -= 1
        self._file.seek(begin)
        if begin == 0 and not self._may_be_torn(self._file.read()):
            raise UserError(f"{self.target} is there and is not a file of answers: give another OUT=…")
        self._file.truncate(begin)

    @staticmethod
    def _may_be_torn(first: bytes) -> bool:
        """Whether a first line without its end may be the beginning of an answer, and not all of something else."""
        head = b'{"id"'
        try:
            return is_line(json.loads(first))
        except ValueError:
            return head.startswith(first) or first.startswith(head)

    def _enter(self, line: Line, start: int) -> None:
        name = _text(line["id"])
        if self._index.execute("SELECT 1 FROM line WHERE id = ?", (name,)).fetchone():
            self._superseded = True
        self._index.execute(
            "INSERT OR REPLACE INTO line VALUES (?, ?, ?, ?)", (name, _key(line), start, line["status"])
        )

    def _standing(self) -> Iterator[tuple[Line, bytes]]:
        """The lines that no later one supersedes."""
        for start, line, raw in self._stored():
            last = self._index.execute("SELECT start FROM line WHERE id = ?", (_text(line["id"]),)).fetchone()
            if last == (start,):
                yield line, raw

    def _finish(self) -> None:
        if self.lines == self.target:
            with atomic_write(self.target) as temporary, temporary.open("wb") as file:
                file.writelines(raw for _, raw in self._standing())
            return
        parquet.write(self.target, (line for line, _ in self._standing()), self.schema)
        self.lines.unlink()

    def _take_back(self) -> None:
        """Make lines of the Parquet file of an earlier call."""
        with atomic_write(self.lines) as temporary, temporary.open("wb") as file:
            for line in parquet.read(self.target):
                file.write((json.dumps(line, ensure_ascii=False) + "\n").encode())
        self._file.close()
        self._file = self._locked()


def _key(line: Mapping[str, Any]) -> str:
    return json.dumps([line.get(name) for name in KEY])


def _text(name: Any) -> str:
    """An id as SQLite takes it: a lone surrogate escaped."""
    return str(name).encode("utf-8", "backslashreplace").decode()
