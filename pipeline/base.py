"""The commit of its base model that a run is pinned to, where that comes from a hub: artifacts/<run>/base.json.

A branch can move between two stages of a run. So the first training keeps the commit that the branch stood for, and
whatever loads the base for that run later gets this commit as its `model.revision` (pipeline.config.pinned).
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from extraction.json import Json
from pipeline.errors import UserError
from pipeline.files import read_json, write_text
from pipeline.manifest import read_manifest

if TYPE_CHECKING:  # it imports this module
    from pipeline.config import Config, Model

FILE = "base.json"


def is_local(name: str) -> bool:
    """Whether a model's name is a folder here rather than a name on the hub."""
    return Path(name).exists() or name.startswith((".", "/", "models/"))


def keep(folder: Path, model: "Model", commit: str) -> None:
    """Pin the run in a folder: what its config asks for, and the commit that this stands for."""
    pin = {"name": model.model_name_or_path, "revision": model.revision, "commit": commit}
    write_text(folder / FILE, json.dumps(pin, indent=1))


def kept(folder: Path, model: "Model") -> str | None:
    """The commit that the run in a folder is pinned to; None where it has no pin, or that of another base."""
    path = folder / FILE
    if not path.is_file():
        return None
    pin = read_json(path, "remove it, then `make train` pins the run anew")
    asked = pin.get("name") == model.model_name_or_path and model.revision in (pin.get("revision"), pin.get("commit"))
    return pin.get("commit") if asked else None


def trained_on(config: "Config") -> Json:
    """The manifest's words on the base of the run's adapter; `UserError` where the config asks for another of a hub."""
    base: Json = read_manifest(config.folder)["train"]["inputs"]["base"]
    name, revision = config.model.model_name_or_path, config.model.revision
    trained, asked = described(base["name"], base.get("revision")), described(name, revision)
    if trained == asked or (is_local(name) and is_local(base["name"])):
        return base
    raise UserError(
        f"the adapter in {config.folder} was trained on {trained}, but the config asks for {asked}: run `make train`"
        " again, or name that one in model.model_name_or_path and model.revision"
    )


def described(name: str, revision: str | None) -> str:
    """A base model in words."""
    return f"{name} at {revision}" if revision else name
