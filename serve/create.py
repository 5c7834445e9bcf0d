"""Create the served models and prove that they read the very prompt that was trained.

Reads artifacts/<run>/gguf/. Writes Modelfile.<variant>, creates `<name>:<variant>` through Ollama's API (starting a
server where none answers), then compares the server's own rendering of three messages with the trainer's, character for
character, and its token count with ours. Enters the served digests in the manifest, and says which of the models no
evaluation has passed.

    python -m serve.create --config configs/embedded.yaml
"""

from pathlib import Path

import httpx
import ollama

from extraction.json import Json
from pipeline import config as configuration
from pipeline.config import Config
from pipeline.errors import UserError, run
from pipeline.files import write_text
from pipeline.manifest import Served, output_of, record_stage, served_models, up_to_date
from serve import modelfile
from serve.client import TIMEOUT, Extractor, Prompt, read_prompt, unreachable
from serve.latest import not_accepted
from serve.server import ensure


def main() -> None:
    config = configuration.from_arguments(configuration.arguments(__doc__ or "").parse_args())
    variants = ["f16", *config.export.quantization_method]
    digests = {variant: output_of(config.folder, "export", f"gguf/{variant}.gguf") for variant in variants}
    values = modelfile.settings(config, read_prompt(config.folder))
    inputs = {"gguf": digests, **values}
    host = ensure()
    if up_to_date(config.folder, "serve", inputs) and all(is_served(config, variant, host) for variant in variants):
        print(f"serve: up to date ({', '.join(f'{config.serve.name}:{variant}' for variant in variants)})")
    else:
        create_all(config, digests, values, inputs, host)
        configuration.save(config)
    if warning := not_accepted(config):
        print(f"serve: {warning}", flush=True)


def create_all(config: Config, digests: dict[str, str], values: Json, inputs: Json, host: str) -> None:
    """Create the model of each variant in `digests`, prove its prompts, and enter all in the manifest."""
    served = {variant: create(config, variant, digest, values, host) for variant, digest in digests.items()}
    prompt = read_prompt(config.folder)
    for entry in served.values():
        check_parity(host, entry["model"], prompt, values["parameters"])
    files = [config.folder / f"Modelfile.{variant}" for variant in digests]
    for path in config.folder.glob("Modelfile.*"):
        if path not in files:  # of a quantization that is no longer asked for
            path.unlink()
    record_stage(config.folder, "serve", inputs, files, served=served, host=host)


def is_served(config: Config, variant: str, host: str) -> bool:
    """Whether the server has the very model that the manifest names."""
    return Extractor(config, variant, host).digest() == served_models(config.folder)[variant]["digest"]


def create(config: Config, variant: str, digest: str, values: Json, host: str) -> Served:
    """Write Modelfile.<variant> and create its model."""
    path = config.folder / f"Modelfile.{variant}"
    write_text(path, modelfile.render(config, variant, digest, values))
    model = f"{config.serve.name}:{variant}"
    client = ollama.Client(host=host)
    gguf = config.folder / "gguf" / f"{variant}.gguf"
    try:
        blob = client.create_blob(gguf)
        client.create(model=model, files={gguf.name: blob}, **values)
    except ollama.ResponseError as error:
        raise UserError(f"{host} refused to create {model} from {gguf}: {error.error}") from None
    except (ConnectionError, httpx.TransportError):
        raise unreachable(host) from None
    served = Extractor(config, variant, host).digest()
    if served is None:
        raise UserError(f"{host} has no {model} after creating it: run `make serve` again")
    print(f"serve: created {model} from {path} ({Path(gguf).stat().st_size / 1e6:.1f} MB, digest {served})", flush=True)
    return {"model": model, "digest": served}


def check_parity(host: str, model: str, prompt: Prompt, options: Json) -> None:
    """Raise `UserError`, showing both, where the server renders or counts a prompt otherwise than the trainer."""
    with httpx.Client(base_url=host, timeout=TIMEOUT) as http:
        for example in prompt.parity:
            user_only = [message for message in example["messages"] if message["role"] != "system"]
            for chat in (example["messages"], user_only):  # the stored SYSTEM must stand in for ours
                body = {
                    "model": model,
                    "messages": chat,
                    "stream": False,
                    "options": options,
                    "truncate": False,
                    "shift": False,
                }
                rendered = answer(http, body | {"_debug_render_only": True})["_debug_info"]["rendered_template"]
                if rendered != example["rendered"]:
                    raise UserError(
                        f"{model} renders the prompt otherwise than training did:\n{rendered!r}\ninstead"
                        f" of\n{example['rendered']!r}"
                    )
            count = answer(http, body | {"options": options | {"num_predict": 1}})["prompt_eval_count"]
            if count != example["n_tokens"]:
                raise UserError(
                    f"{model} reads {count} tokens where training had {example['n_tokens']}, in {rendered!r}"
                )
    print(f"serve: {model} renders and counts {len(prompt.parity)} prompts as training did", flush=True)


def answer(http: httpx.Client, body: Json) -> Json:
    """The body of a chat answer; anything but HTTP 200 is a `UserError`."""
    try:
        response = http.post("/api/chat", json=body)
    except httpx.TransportError:
        raise unreachable(str(http.base_url)) from None
    if response.status_code != 200:
        raise UserError(
            f"{http.base_url} answered HTTP {response.status_code} to {body['model']}: {response.text.strip()}"
        )
    result: Json = response.json()
    return result


if __name__ == "__main__":
    run(main)
