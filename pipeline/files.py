"""Files that exist only when they are whole, and the manifest that chains the stages of a run.

`manifest.json` holds one entry a stage: what it was made from (`inputs`, any JSON) and the SHA-256 of each file that
it wrote (`outputs`). A stage is up to date when its inputs are the recorded ones and its files still have these sums.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from extraction.json import Json
from pipeline.errors import UserError, is_disk_full


def sha256(path: Path) -> str:
    """Hex SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yield a temporary sibling of `path` (file or folder); it takes the final name once the block has ended well.

    A full disk is a `UserError`; what was half written is removed and what stood under `path` stays as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        if path.is_dir():
            shutil.rmtree(path)
        temporary.replace(path)
    except Exception as error:
        if is_disk_full(error):
            free = shutil.disk_usage(path.parent).free / 1e6
            message = (
                f"no disk space left to write {path} ({free:.0f} MB free): free some space and run the same command"
                " again"
            )
            raise UserError(message) from error
        raise
    finally:
        if temporary.is_dir():
            shutil.rmtree(temporary, ignore_errors=True)
        else:
            temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text under a temporary name, then rename."""
    with whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_jsonl(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write one JSON object a line, whole or not at all."""
    write_text(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def read_jsonl(path: Path) -> list[Json]:
    """Rows of a JSON Lines file that a stage of ours wrote."""
    if not path.is_file():
        raise UserError(f"{path} is not there: run the stage that writes it first (`make data`)")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def read_schema(run: Path) -> Json:
    """The JSON Schema of a run's records."""
    path = run / "data" / "schema.json"
    if not path.is_file():
        raise UserError(f"{path} is not there: run `make data` first")
    schema: Json = json.loads(path.read_text(encoding="utf-8"))
    return schema


def read_manifest(run: Path) -> Json:
    """The manifest of a run folder; empty before the first stage."""
    path = run / "manifest.json"
    manifest: Json = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return manifest


def record_stage(run: Path, stage: str, inputs: Json, outputs: Iterable[Path], **facts: Any) -> None:
    """Enter a finished stage: its inputs, the SHA-256 of each file that it wrote (also inside folders), other facts."""
    files = sorted(
        file for path in outputs for file in (path.rglob("*") if path.is_dir() else [path]) if file.is_file()
    )
    entry = {"inputs": inputs, "outputs": {str(file.relative_to(run)): sha256(file) for file in files}, **facts}
    write_text(run / "manifest.json", json.dumps(read_manifest(run) | {stage: entry}, indent=1, ensure_ascii=False))


def up_to_date(run: Path, stage: str, inputs: Json) -> bool:
    """Whether `stage` was made from these `inputs` and its files are still what it wrote."""
    entry = read_manifest(run).get(stage)
    if entry is None or entry["inputs"] != json.loads(json.dumps(inputs)):
        return False
    return all((run / name).is_file() and sha256(run / name) == digest for name, digest in entry["outputs"].items())


def output_of(run: Path, stage: str, name: str) -> str:
    """SHA-256 that the manifest gives for a file of a finished stage, checked against the file itself."""
    digest: str | None = read_manifest(run).get(stage, {}).get("outputs", {}).get(name)
    path = run / name
    if digest is None or not path.is_file():
        raise UserError(f"{path} is not there or not in the manifest: run `make {stage}` first")
    if sha256(path) != digest:
        raise UserError(
            f"{path} is not the file that `make {stage}` wrote (its SHA-256 differs): run `make {stage}` again"
        )
    return digest
