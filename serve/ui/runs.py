"""The runs of this machine: which can be asked, their variants and schemas, and their worst examples."""

import json
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from extraction.json import Json
from extraction.schema import check
from pipeline.config import Config, load
from pipeline.errors import UserError
from pipeline.files import read_jsonl, read_schema
from pipeline.manifest import served_models
from serve.client import Extractor

ARTIFACTS = Path("artifacts")
EXAMPLES = 30


def names() -> list[str]:
    """Runs that `make serve` has finished, the latest first."""
    found = [path.parent for path in ARTIFACTS.glob("*/manifest.json") if variants(path.parent.name)]
    return [run.name for run in sorted(found, key=lambda run: run.stat().st_mtime, reverse=True)]


def variants(run: str) -> list[str]:
    """The served variants of a run, the quantized ones first."""
    return sorted(served_models(ARTIFACTS / run), key=lambda variant: variant == "f16")


def choices() -> list[Json]:
    """{"name", "variants", "schema"} of each run; one that has lost a file is left out."""
    found = []
    for run in names():
        with suppress(UserError):
            found.append({"name": run, "variants": variants(run), "schema": schema_of(run)})
    return found


def named(digest: str) -> Json | None:
    """The {"run", "variant"} whose model has a digest; None where none of this machine has."""
    for run in names():
        for variant, served in served_models(ARTIFACTS / run).items():
            if served["digest"] == digest:
                return {"run": run, "variant": variant}
    return None


def config(run: str) -> Config:
    """The resolved config of a run; `UserError` for a name that is none."""
    if run not in names():
        raise UserError(f"there is no served run {run!r}: run `make serve RUN={run}` first")
    return load(ARTIFACTS / run / "config.yaml", run=run)


def extractor(run: str, variant: str, host: str, schema: str | None = None) -> Extractor:
    """The client of a variant; with `schema`, JSON Schema as text, it asks for these fields instead of the run's."""
    manifest = ARTIFACTS / config(run).run / "manifest.json"
    return _extractor(run, variant, host, schema, manifest.stat().st_mtime_ns)


@lru_cache(maxsize=16)
def _extractor(run: str, variant: str, host: str, schema: str | None, changed_at: int) -> Extractor:
    """`changed_at`: when the run was last changed; one that was trained again has another model, prompt and ranker."""
    settings = config(run)
    if variant not in variants(run):
        raise UserError(f"{run} has no served {variant!r}: there are {', '.join(variants(run))}")
    client = Extractor(settings, variant, host)
    if schema is not None:
        try:
            client.schema = check(json.loads(schema))
        except (ValueError, RecursionError) as error:
            raise UserError(f"the schema cannot be used: {error}") from None
    return client


def worst(run: str, variant: str) -> list[Json]:
    """Test examples that the variant got wrong in the last evaluation, else the first: {"id", "input", "wrong"}."""
    folder = ARTIFACTS / config(run).run
    if variant not in variants(run):
        raise UserError(f"{run} has no served {variant!r}: there are {', '.join(variants(run))}")
    test = folder / "data" / "test.jsonl"
    rows = {row["id"]: row for row in read_jsonl(test)} if test.is_file() else {}
    samples = folder / "samples" / f"{variant}.jsonl"
    wrong = {}
    for sample in read_jsonl(samples) if samples.is_file() else []:
        if sample.get("id") in rows:
            record, reference = _record(sample), rows[sample["id"]]["output"]
            wrong[sample["id"]] = sum(record.get(name) != value for name, value in reference.items())
    chosen = sorted(rows, key=lambda key: -wrong.get(key, 0))[:EXAMPLES]
    return [{"id": key, "input": rows[key]["input"], "wrong": wrong.get(key)} for key in chosen]


def _record(sample: Json) -> Json:
    record = sample.get("prediction")
    return record if isinstance(record, dict) else {}


def schema_of(run: str) -> Json:
    """The JSON Schema of a run's records."""
    return read_schema(ARTIFACTS / config(run).run)
