"""`<name>:latest` is a model that passed the evaluation's gate, so whoever asks for `<name>` gets no other."""

import httpx
import ollama

from pipeline.config import Config
from pipeline.manifest import read_manifest, served_models


def point_latest(config: Config, host: str, variant: str) -> str:
    """Let `<name>:latest` be a served variant that passed; a sentence says whether it is."""
    latest, model = f"{config.serve.name}:latest", f"{config.serve.name}:{variant}"
    try:
        ollama.Client(host=host).copy(model, latest)
    except (ollama.ResponseError, ConnectionError, httpx.TransportError) as error:
        return f"{latest} stays as it is, {host} did not copy {model} to it ({error}): run `make serve eval` again"
    return f"{latest} is now {variant}, which passed"


def stays(config: Config) -> str:
    """The sentence for an evaluation that no variant passed: whoever wants one all the same asks for it by name."""
    return f"{config.serve.name}:latest stays as it is: no served variant has passed in comparison with the adapter"


def not_accepted(config: Config) -> str | None:
    """The sentence about served variants that did not pass `make eval` as they are; None where all did."""
    evaluated = read_manifest(config.folder).get("eval")
    passed = evaluated.get("passed", {}) if evaluated else {}
    served = served_models(config.folder)
    if open_ := [variant for variant, entry in served.items() if passed.get(variant) != entry["digest"]]:
        return (
            f"{', '.join(open_)} of {config.serve.name} have not passed an evaluation as they are now:"
            f" `make eval` judges them, and points {config.serve.name}:latest to one that passes"
        )
    return None
