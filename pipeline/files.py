"""Files and folders that exist only when they are whole, and the JSON files that stages hand on."""

import contextlib
import ctypes
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from extraction.json import Json
from pipeline.errors import UserError, is_disk_full, unreadable

AT_FDCWD, RENAME_EXCHANGE = -100, 2  # of Linux's renameat2


def sha256(path: Path) -> str:
    """Hex SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield a temporary sibling of `path` (file or folder); it takes the final name once the block has ended well.

    What was written is on the disk before it gets the name, so a power cut leaves the old version or the new one. A
    full disk is a `UserError`; what was half written is removed and what stood under `path` stays as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Random, because processes in two containers on one volume can have the same number.
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        yield temporary
        _sync_tree(temporary)
        _put_in_place(temporary, path)
        _sync(path.parent)
    except Exception as error:
        if is_disk_full(error):
            free = shutil.disk_usage(path.parent).free / 1e6
            raise UserError(
                f"no disk space left to write {path} ({free:.0f} MB free): free some space and run the same command"
                " again"
            ) from error
        raise
    finally:
        _remove(temporary)


def sweep(folder: Path) -> list[Path]:
    """Remove, and return, what killed processes left half written in a folder that no other process writes to."""
    found = sorted(folder.glob(".*.tmp"))
    for path in found:
        _remove(path)
    return found


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text, whole or not at all."""
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_jsonl(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write one JSON object a line, whole or not at all."""
    write_text(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def read_json(path: Path, remedy: str) -> Any:
    """The object in a JSON file that a stage of ours wrote; `remedy` is what to do where it is missing or broken."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} is not there: {remedy}") from None
    except OSError as error:
        raise unreadable("file", error) from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is damaged ({error}): {remedy}") from None
    if not isinstance(found, dict):
        raise UserError(f"{path} is damaged (it holds no object): {remedy}")
    return found


def read_jsonl(path: Path) -> list[Json]:
    """Rows of a JSON Lines file that a stage of ours wrote."""
    if not path.is_file():
        raise UserError(f"{path} is not there: run the stage that writes it first (`make data`)")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def read_schema(run: Path) -> Json:
    """The JSON Schema of a run's records."""
    schema: Json = read_json(run / "data" / "schema.json", "run `make data` first")
    return schema


def read_rules(run: Path) -> Json:
    """The schema with the rules of equality (`extraction.values`) of a run's fields."""
    rules: Json = read_json(run / "data" / "rules.json", "run `make data` again")
    return rules


def _put_in_place(temporary: Path, path: Path) -> None:
    """Rename `temporary` to `path`. A folder there is exchanged with it in one step: it is never missing."""
    if not path.is_dir():
        temporary.replace(path)
    elif not _exchange(temporary, path):  # a file system that cannot, such as NFS
        older = temporary.with_suffix(".older.tmp")
        path.rename(older)
        temporary.rename(path)
        _remove(older)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two names in one step; False where the system cannot."""
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except AttributeError:
        return False
    done: int = rename(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE)
    return done == 0


def _sync_tree(path: Path) -> None:
    for inner in path.rglob("*") if path.is_dir() else ():
        _sync(inner)
    _sync(path)


def _sync(path: Path) -> None:
    """Wait until a file's bytes, or a folder's names, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
