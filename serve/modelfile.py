"""The Modelfile of a variant, from Modelfile.template; its @TOKENS@ cannot collide with Go templates, {{ }} or $."""

import re
from pathlib import Path

from extraction.json import Json
from extraction.prompt import system
from pipeline.config import Config
from pipeline.errors import UserError
from pipeline.files import read_schema
from serve.client import Prompt

TEMPLATE_FILE = Path(__file__).parents[1] / "Modelfile.template"


def template(prompt: Prompt) -> str:
    """Ollama's TEMPLATE: the base model's chat template around the system's and the user's text."""
    for text in (prompt.before, prompt.between, prompt.after):
        if "{{" in text or '"""' in text:
            raise UserError(f"the base model's chat template writes {text!r}, which an Ollama TEMPLATE cannot hold")
    return f"{prompt.before}{{{{ .System }}}}{prompt.between}{{{{ .Prompt }}}}{prompt.after}"


def parameters(config: Config, prompt: Prompt) -> Json:
    """Ollama's parameters of the served model; the same as the client sends with every request."""
    return config.serve.options | {"stop": prompt.stop}


def settings(config: Config, prompt: Prompt) -> Json:
    """What `/api/create` takes besides the files: template, system, parameters."""
    text = system(read_schema(config.folder))
    return {"template": template(prompt), "system": text, "parameters": parameters(config, prompt)}


def render(config: Config, variant: str, digest: str, values: Json) -> str:
    """The text of Modelfile.<variant>, which `ollama create -f` takes as it is."""
    if '"""' in values["system"]:
        raise UserError('the schema holds """, which a Modelfile cannot: rename the field')
    lines = []
    for name, value in values["parameters"].items():
        items = value if isinstance(value, list) else [value]
        lines += [
            f'PARAMETER {name} "{item}"' if isinstance(item, str) else f"PARAMETER {name} {item}" for item in items
        ]
    tokens = {
        "MODEL": f"{config.serve.name}:{variant}",
        "GGUF": f"./gguf/{variant}.gguf",
        "SHA256": digest,
        "TEMPLATE": values["template"],
        "SYSTEM": values["system"],
        "PARAMETERS": "\n".join(lines),
    }
    return re.sub(r"@([A-Z0-9]+)@", lambda match: tokens[match[1]], TEMPLATE_FILE.read_text(encoding="utf-8"))
