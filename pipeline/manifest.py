"""The manifest, which chains the stages of a run.

`manifest.json` holds one entry a stage: what it was made from (`inputs`, any JSON) and the SHA-256 of each file that
it wrote (`outputs`). A stage is up to date when its inputs are the recorded ones and its files still have these sums.
"""

import json
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

from extraction.json import Json
from pipeline.errors import UserError
from pipeline.files import read_json, sha256, write_text

VERSION = 1  # of the manifest's form; older runs have none and are of the same form
DAMAGED = "remove it, then `make eval` makes the run's files anew"


def read_manifest(run: Path) -> Json:
    """The entries of a run's manifest by stage; empty before the first stage."""
    path = run / "manifest.json"
    if not path.is_file():
        return {}
    manifest = read_json(path, DAMAGED)
    version = manifest.pop("version", VERSION) if isinstance(manifest, dict) else None
    if version != VERSION:
        found = f"has version {version}" if version is not None else "is not an object"
        raise UserError(
            f"{path} {found}, but this fieldsift reads version {VERSION}: use the one that wrote it, or another RUN="
        )
    entries: Json = manifest
    return entries


class Sums:
    """SHA-256 of files, computed side by side: hashing frees the GIL, and gigabytes take seconds."""

    def __init__(self) -> None:
        self.pool, self.begun = ThreadPoolExecutor(), dict[Path, Future[str]]()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.pool.shutdown(cancel_futures=True)

    def begin(self, paths: Iterable[Path]) -> None:
        """Begin with files, also those inside folders, to which nobody writes any more."""
        for file in files_of(paths):
            if file not in self.begun:
                self.begun[file] = self.pool.submit(sha256, file)

    def of(self, paths: Iterable[Path]) -> dict[Path, str]:
        """The sums of files, also of those inside folders, once they are all computed."""
        paths = list(paths)
        self.begin(paths)
        return {file: self.begun[file].result() for file in files_of(paths)}


def files_of(paths: Iterable[Path]) -> list[Path]:
    """The files among paths and inside the folders among them."""
    return sorted(file for path in paths for file in (path.rglob("*") if path.is_dir() else [path]) if file.is_file())


def record_stage(
    run: Path, stage: str, inputs: Json, outputs: Iterable[Path], sums: Sums | None = None, **facts: Any
) -> None:
    """Enter a finished stage: its inputs, the SHA-256 of each file that it wrote (also inside folders), other facts."""
    with sums or Sums() as computed:
        found = {str(file.relative_to(run)): digest for file, digest in computed.of(outputs).items()}
    entry = {"inputs": inputs, "outputs": found, **facts}
    manifest = {"version": VERSION} | read_manifest(run) | {stage: entry}
    write_text(run / "manifest.json", json.dumps(manifest, indent=1, ensure_ascii=False))


def up_to_date(run: Path, stage: str, inputs: Json) -> bool:
    """Whether `stage` was made from these `inputs` and its files are still what it wrote."""
    entry = read_manifest(run).get(stage)
    if entry is None or entry["inputs"] != json.loads(json.dumps(inputs)):
        return False
    paths = [run / name for name in entry["outputs"]]
    if not all(path.is_file() for path in paths):
        return False
    with ThreadPoolExecutor() as pool:
        return list(pool.map(sha256, paths)) == list(entry["outputs"].values())


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
