"""The manifest, which chains the stages of a run.

`manifest.json` holds one entry a stage: what it was made from (`inputs`, any JSON) and the SHA-256 of each file that
it wrote (`outputs`), beside facts. A stage is up to date when its inputs are the recorded ones and its files still have
these sums.
"""

import json
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Self, TypedDict, Unpack, cast

from extraction.json import Json
from pipeline.errors import UserError
from pipeline.files import read_json, sha256, write_text

VERSION = 1  # of the manifest's form; older runs have none and are of the same form
MADE_BY = {"predict": "eval", "ranker": "train"}  # entries that are not named by their target
DAMAGED = "remove it, then `make eval` makes the run's files anew"


class Served(TypedDict):
    """A model on the server: its name, and the digest that the server gave it."""

    model: str
    digest: str


class Facts(TypedDict, total=False):
    """What stages enter for the record. No stage is made again because of them."""

    # data
    n: dict[str, int]  # rows by split
    # ranker
    pages: dict[str, int]  # long pages by split
    chosen: str  # given or fitted
    judged: dict[str, dict[str, float]]  # by ranker: share of values kept, mean characters read, n values
    # train
    n_train: int  # examples
    tokens: int  # an epoch, prompts included
    epochs: float
    steps: int
    backend: str
    plan: Json  # trainer.memory.Plan
    row: int  # tokens of a packed row, or of the longest example
    free_bytes: int  # of GPU memory, before training
    peak_gib: float  # of GPU memory
    tokens_per_second: float | None
    loss: float | None
    validation_loss: float | None
    # train, export
    phases: dict[str, float]  # seconds
    # export
    n_weights: int
    # serve
    served: dict[str, Served]  # by variant
    # eval
    passed: dict[str, str]  # digests of the variants that the gate passed
    # predict.<variant>
    commit: str | None
    versions: dict[str, str]  # of Python and the libraries
    engine: str
    # predict.rules, predict.markup
    fields: dict[str, list[str]]  # by field, the selectors or properties that it is read by
    marked: int  # test pages with markup
    # several
    device: str  # train, predict.<variant>
    host: str  # serve, predict.<variant>: the server's base URL
    seconds: float  # train: of training; predict.<variant>: the sum over its samples


class Entry(Facts):
    """One stage."""

    inputs: Json
    outputs: dict[str, str]  # SHA-256 by path in the run's folder


def read_manifest(run: Path) -> dict[str, Entry]:
    """The entries of a run's manifest by stage; empty before the first stage."""
    path = run / "manifest.json"
    if not path.is_file():
        return {}
    manifest = read_json(path, DAMAGED)
    if (version := manifest.pop("version", VERSION)) != VERSION:
        raise UserError(
            f"{path} has version {version}, but this fieldsift reads version {VERSION}: use the one that wrote it, or"
            " another RUN="
        )
    entries: dict[str, Entry] = manifest
    return entries


def facts_of(entry: Entry) -> Facts:
    """An entry without inputs and outputs."""
    return cast(Facts, {name: value for name, value in entry.items() if name not in ("inputs", "outputs")})


def served_models(run: Path) -> dict[str, Served]:
    """The models that `make serve` made, by variant; empty before it."""
    entry = read_manifest(run).get("serve")
    return entry.get("served", {}) if entry else {}


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
    run: Path, stage: str, inputs: Json, outputs: Iterable[Path], sums: Sums | None = None, **facts: Unpack[Facts]
) -> None:
    """Enter a finished stage: its inputs, the SHA-256 of each file that it wrote (also inside folders), other facts."""
    with sums or Sums() as computed:
        found = {str(file.relative_to(run)): digest for file, digest in computed.of(outputs).items()}
    entry: Entry = {"inputs": inputs, "outputs": found, **facts}
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
    entry, path = read_manifest(run).get(stage), run / name
    digest = entry["outputs"].get(name) if entry else None
    make = MADE_BY.get(stage.partition(".")[0], stage)
    if digest is None or not path.is_file():
        raise UserError(f"{path} is not there or not in the manifest: run `make {make}` first")
    if sha256(path) != digest:
        raise UserError(
            f"{path} is not the file that `make {make}` wrote (its SHA-256 differs): run `make {make}` again"
        )
    return digest
