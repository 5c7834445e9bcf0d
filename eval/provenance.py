"""What a variant's predictions were made from and with: for the manifest, which decides what is up to date."""

import hashlib
import platform
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from eval.compare import SERVED, last_served
from extraction.json import Json
from extraction.prompt import system
from pipeline.base import trained_on
from pipeline.config import Config, Serve
from pipeline.errors import UserError
from pipeline.files import read_schema, sha256
from pipeline.manifest import Facts, output_of, read_manifest
from pipeline.provenance import commit
from pipeline.reading import pruning, read_as
from serve.client import read_prompt, unreachable
from serve.client import served_digest as recorded_digest
from serve.server import version as server_version

ROOT = Path(__file__).parents[1]
FEW_SHOT = "few-shot"
LIBRARIES = ("torch", "transformers", "peft", "ollama", "httpx", "scikit-learn", "numpy")

LOCAL = ("eval/hf.py", "eval/decode.py", "eval/graphs.py", "pipeline/cpu.py")  # asks what is not served
HF_OPTIONS = (
    "num_ctx",
    "num_predict",
    "on_overlong",
    "ground",
)  # of `serve`, those that mean something without a server


def depends_on(config: Config, variant: str, split: str = "test") -> Json:
    """What a variant's predictions depend on, the code that makes them included; the batch size is not among it."""
    options = settings(config, variant).model_dump(exclude={"name", "min_probability"})
    model = (
        {"digest": served_digest(config, variant)}
        if variant in SERVED
        else weights(config, variant) | {"device": device()}
    )
    return {
        split: output_of(config.folder, "data", f"data/{split}.jsonl"),
        **({} if split == "test" else {"first": config.eval.calibration}),
        **({"train": output_of(config.folder, "data", "data/train.jsonl")} if variant == FEW_SHOT else {}),
        "code": code(variant),
        "schema": read_schema(config.folder),
        "prompt": hashlib.sha256(system(read_schema(config.folder)).encode()).hexdigest(),
        **read_as(config),
        "ranker": pruning(config),
        "stop": read_prompt(config.folder).stop,
        "model": model,
        "options": options if variant in SERVED else {name: options[name] for name in HF_OPTIONS},
    }


def settings(config: Config, variant: str) -> Serve:
    """How a served variant is asked: with unsure values, and by one question where nobody scores the others' answers.

    Only of the variant that users get are answers scored to further questions, and with each value in one field
    (eval.compare.ASKED).
    """
    changed: Json = {"min_probability": None}
    if variant != last_served(config.eval.variants):
        changed |= {"ask_again": None, "distinct": False}
    return config.serve.model_copy(update=changed)


def code(variant: str) -> str:
    """SHA-256 over the sources that make a variant's predictions: the task, and who asks the model."""
    asking = ["serve/client.py", "serve/result.py"] if variant in SERVED else [*LOCAL]
    asking += ["eval/fewshot.py"] if variant == FEW_SHOT else []
    names = ("pipeline/reading.py", *asking)
    return sources([*sorted((ROOT / "extraction").rglob("*.py")), *(ROOT / name for name in names)])


def sources(paths: Iterable[Path]) -> str:
    """SHA-256 over source files of the project, their names included."""
    found = hashlib.sha256()
    for path in paths:
        found.update(f"{path.relative_to(ROOT)}\0{sha256(path)}\n".encode())
    return found.hexdigest()


def served_digest(config: Config, variant: str) -> str:
    """The digest that `make serve` saw on the server for a variant, made from the GGUF file that is there now."""
    digest = recorded_digest(config.folder, variant)
    made_from = read_manifest(config.folder)["serve"]["inputs"]["gguf"][variant]
    if made_from != output_of(config.folder, "export", f"gguf/{variant}.gguf"):
        raise UserError(f"the served {variant} was made from another GGUF file: run `make serve` again")
    return digest


def weights(config: Config, variant: str) -> Json:
    """SHA-256 sums of a model that is not served, checked against the files."""
    manifest = read_manifest(config.folder)
    if "train" not in manifest:
        raise UserError(f"{config.folder} has no adapter: run `make train` first")
    base = trained_on(config)
    if variant in ("base", FEW_SHOT):
        return base
    step = "train" if variant == "adapter" else "export"
    outputs = manifest[step]["outputs"] if step in manifest else {}
    names = [name for name in outputs if name.startswith(f"{variant}/")]
    if not names:
        raise UserError(f"{config.folder}/{variant} is not in the manifest: run `make {step}` first")
    return {name: output_of(config.folder, step, name) for name in names} | (
        {"base": base} if variant == "adapter" else {}
    )


def device() -> str:
    """The kind of device that answers for the variants that are not served."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def describe(host: str, variant: str) -> Facts:
    """Commit of the code that predicts, engine, device and versions, for the record."""
    versions = {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}
    facts: Facts = {"commit": commit(), "versions": versions}
    if variant in SERVED:
        engine = server_version(host)
        if engine is None:
            raise unreachable(host)
        return facts | {"engine": f"Ollama API {engine}", "host": host}
    import torch

    where = torch.cuda.get_device_name() if device() == "cuda" else f"CPU, {torch.get_num_threads()} threads"
    return facts | {"engine": f"transformers {version('transformers')}", "device": where}
