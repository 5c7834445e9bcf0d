"""The first minutes of a base model from the hub, before gigabytes are fetched.

Fetches config and tokenizer only. On a toy of that architecture with random weights it proves the chat template, the
stop token, the GGUF conversion and, served by the embedded engine, the prompt's parity; then it estimates what the run
takes.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from doctor.estimate import estimate
from doctor.finding import Finding, fine, warning, wrong
from doctor.shapes import published
from extraction.json import Json
from pipeline.config import Config, Model
from pipeline.errors import UserError

SMALL_FILES = ["config.json", "generation_config.json", "tokenizer*", "*.jinja", "special_tokens_map.json", "vocab.*"]
SMALL_FILES += ["merges.txt", "added_tokens.json"]
SCHEMA: Json = {
    "type": "object",
    "properties": {"name": {"type": ["string", "null"]}, "price": {"type": ["number", "null"]}},
    "required": ["name", "price"],
}
ROOT = Path(__file__).resolve().parents[1]
EMBEDDED = ROOT / "models" / "embedded"  # its tokenizer counts where the base's own cannot be had


def check_hub(config: Config, cards: list[Json]) -> list[Finding]:
    """All that can be said of a base model from its small files; ends at the first thing that is wrong."""
    from transformers import AutoConfig

    silence_libraries()
    try:
        folder, found = fetch(config.model)
    except Exception as error:  # the hub's client raises of many libraries
        return [unreached(config.model, error), *unchecked(config, cards)]
    findings = [found]
    try:
        findings += prove(config, folder)
    except Exception as error:  # what any library says of a model that it does not know
        reason = str(error).strip().splitlines() or [type(error).__name__]
        remedy = "choose another model.model_name_or_path" if isinstance(error, UserError) else "see its model card"
        return [
            *findings,
            wrong("base model", f"{config.model.model_name_or_path} cannot be used: {reason[-1]}", remedy),
        ]
    return [*findings, *estimate(config, AutoConfig.from_pretrained(folder), folder, cards)]


def unchecked(config: Config, cards: list[Json]) -> list[Finding]:
    """What can be said of a base that could not be fetched: the estimates, by its published shape."""
    settings = published(config.model.model_name_or_path)
    return estimate(config, settings, EMBEDDED, cards) if settings else []


def silence_libraries() -> None:
    """Keep the libraries' progress bars and warnings off the screen."""
    from huggingface_hub.utils.tqdm import disable_progress_bars
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    disable_progress_bars()


def fetch(model: Model) -> tuple[Path, Finding]:
    """The folder with config and tokenizer in the hub's cache, fetched where it can be; and what was found."""
    from huggingface_hub import snapshot_download

    name, revision = model.model_name_or_path, model.revision
    folder = Path(snapshot_download(name, revision=revision, allow_patterns=SMALL_FILES))
    if not (folder / "config.json").is_file():
        raise UserError(f"{name} has no config.json")
    commit = folder.name
    if revision == commit:
        return folder, fine("base model", f"{name} at {commit}")
    text = f"{name}, whose {revision or 'main'} is now {commit}: another run, begun later, may have another commit"
    return folder, warning("base model", text, f"write `revision: {commit}` under `model:` in the config")


def unreached(model: Model, error: Exception) -> Finding:
    """One sentence for a hub that does not answer, or not with this model."""
    name = model.model_name_or_path
    kind = type(error).__name__
    if kind in ("RepositoryNotFoundError", "RevisionNotFoundError", "GatedRepoError"):
        text = f"the hub has no {name} at {model.revision or 'main'}, or not for you"
        return wrong("base model", text, "check the name and model.revision; for a gated model set HF_TOKEN")
    if isinstance(error, UserError):
        return wrong("base model", str(error), "choose another model.model_name_or_path")
    where = os.environ.get("HF_ENDPOINT", "https://huggingface.co")
    text = f"{where} cannot be reached and the cache does not hold {name}, so it was not checked"
    return wrong("base model", text, f"connect to the network, or copy the model into a folder and name that ({kind})")


def prove(config: Config, folder: Path) -> list[Finding]:
    """Chat template, stop token, conversion and parity, on a toy made and served in a temporary folder."""
    from trainer.chat import pieces
    from trainer.model import load_tokenizer

    tokenizer = load_tokenizer(str(folder))
    prompt = pieces(tokenizer, SCHEMA)
    stop = prompt["stop"][0]
    findings = [fine("chat template", f"keeps both messages; begins {(prompt['before'] or prompt['between'])[:40]!r}")]
    if stop in tokenizer.get_vocab():
        findings.append(fine("stop token", f"{stop!r} (id {tokenizer.convert_tokens_to_ids(stop)})"))
    else:
        findings.append(wrong("stop token", f"{stop!r} is no token of it", "choose an instruction-tuned base model"))
    with tempfile.TemporaryDirectory() as place, contextlib.chdir(place):
        toy = toy_run(config, folder, tokenizer, prompt)
        findings.append(fine("GGUF", f"llama.cpp converts {make_toy_architecture(toy)}"))
        with engine(Path(place)) as host:
            findings.append(parity(toy, host))
    return findings


def toy_run(config: Config, folder: Path, tokenizer: Any, prompt: Json) -> Config:
    """A run, in the working folder, whose merged model is a random toy of the base's architecture, exported to GGUF."""
    import json

    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    from pipeline.files import write_text
    from trainer.conversion import converter, to_gguf
    from trainer.export import copy_tokenizer

    toy = config.model_copy(update={"run": "toy", "serve": config.serve.model_copy(update={"name": "doctor"})})
    merged = toy.folder / "merged"
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(shrunk(AutoConfig.from_pretrained(folder)), dtype=torch.float16)
    model.save_pretrained(merged)
    tokenizer.save_pretrained(merged)
    copy_tokenizer(str(folder), merged)
    write_text(toy.folder / "data" / "schema.json", json.dumps(SCHEMA))
    write_text(toy.folder / "gguf" / "prompt.json", json.dumps(prompt))
    with converter() as convert:
        to_gguf(toy, prompt["add_bos_token"], convert)
    return toy


def shrunk(config: Any) -> Any:
    """A transformers config of the same class with two narrow layers; heads, vocabulary and positions stay."""
    text = config.get_text_config()
    heads = text.num_attention_heads
    shared = heads // (getattr(text, "num_key_value_heads", None) or heads)
    width = getattr(text, "head_dim", None) or text.hidden_size // heads
    text.num_attention_heads = max(2, shared)
    text.num_key_value_heads = text.num_attention_heads // shared
    text.hidden_size = width * text.num_attention_heads
    text.intermediate_size = 2 * text.hidden_size
    text.num_hidden_layers = 2
    if getattr(text, "layer_types", None):
        text.layer_types = text.layer_types[:2]
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    return config


def make_toy_architecture(toy: Config) -> str:
    """The architecture that the converter wrote into the toy's GGUF."""
    from trainer.quantize import open_gguf

    return str(open_gguf(toy.folder / "gguf" / "f16.gguf").fields["general.architecture"].contents())


@contextlib.contextmanager
def engine(place: Path) -> Iterator[str]:
    """The embedded engine on a free port: its base URL."""
    command = [sys.executable, "-m", "serve.embedded", "--models", str(place / "models"), "--port", "0"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            ready = process.stdout.readline() if process.stdout else ""
            yield next(word.rstrip(",") for word in ready.split() if word.startswith("http://"))
        finally:
            process.terminate()


def parity(toy: Config, host: str) -> Finding:
    """Whether the served toy renders and counts the prompts as the trainer does."""
    import ollama

    from serve import modelfile
    from serve.client import read_prompt
    from serve.create import check_parity

    prompt = read_prompt(toy.folder)
    values = modelfile.settings(toy, prompt)
    client = ollama.Client(host=host)
    blob = client.create_blob(toy.folder / "gguf" / "f16.gguf")
    client.create(model="doctor:f16", files={"f16.gguf": blob}, **values)
    with contextlib.redirect_stdout(sys.stderr if os.environ.get("DOCTOR_VERBOSE") else open(os.devnull, "w")):
        check_parity(host, "doctor:f16", prompt, values["parameters"])
    return fine("prompt parity", f"{len(prompt.parity)} prompts rendered and counted alike by trainer and server")
