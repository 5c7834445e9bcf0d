"""How the stages of a run read a page: cleaned or not, and a long one pruned by the run's own ranker or not."""

import hashlib
import json
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from extraction.glossary import called
from extraction.json import Json
from extraction.labels import Labels, labels
from extraction.prompt import Reader
from extraction.prune import Pruner
from extraction.ranker import Ranker
from extraction.schema import names
from pipeline.config import Config
from pipeline.errors import UserError
from pipeline.files import read_schema
from pipeline.manifest import output_of

RANKER = "ranker.safetensors"


def reader(config: Config) -> Reader:
    """How the run reads a page. Raises `UserError` as `pruner` does."""
    return replace(unpruned(config, _schema(config)), pruner=pruner(config))


def unpruned(config: Config, schema: Json) -> Reader:
    """The same before there is a ranker."""
    return Reader(config.data.clean, config.data.markup, labels=_labels(config, schema))


def read_as(config: Config) -> Json:
    """By what a page is read before it is pruned, as a stage's inputs have it."""
    found = _labels(config, _schema(config))
    listed = {"labels": hashlib.sha256(json.dumps(found).encode()).hexdigest()} if found else {}
    return {"clean": config.data.clean, "markup": config.data.markup, **listed}


def _schema(config: Config) -> Json:
    """The run's schema, where the glossary is asked for its fields."""
    return read_schema(config.folder) if config.data.glossary else {}


def _labels(config: Config, schema: Json) -> Labels:
    """The labels that are listed, and what the glossary knows of the schema's fields."""
    known = called(sorted(names(schema))) if config.data.glossary else {}
    return (*labels(config.data.labels), *labels(known))


def pruner(config: Config) -> Pruner | None:
    """The run's pruner; None where data.prune is off. Raises `UserError` where the run has no ranker."""
    if not config.data.prune:
        return None
    path = config.folder / RANKER
    if not path.is_file():
        raise UserError(f"{path} is not there: run `make train` first, or set data.prune=false")
    return Pruner(_loaded(path, path.stat().st_mtime_ns), config.data.page_tokens)


def pruning(config: Config) -> Json | None:
    """What pruning depends on: the ranker's SHA-256, checked against the file, and the budget; None where it is off."""
    if not config.data.prune:
        return None
    return {"ranker": output_of(config.folder, "ranker", RANKER), "page_tokens": config.data.page_tokens}


def load_ranker(path: Path, remedy: str) -> Ranker:
    """The ranker in a file; where that is none, a `UserError` that ends in `remedy`."""
    from safetensors import SafetensorError

    try:
        return Ranker.load(path)
    except (SafetensorError, KeyError, OSError, ValueError) as error:
        raise UserError(f"{path} is no ranker that can be read ({error}): {remedy}") from None


@lru_cache(maxsize=4)
def _loaded(path: Path, changed: int) -> Ranker:
    return load_ranker(path, "run `make train` again")
