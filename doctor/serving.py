"""The server that is or will be asked: who answers, its models, and whether they are the run's."""

from __future__ import annotations

import json
import shutil
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from doctor.finding import FINE, Finding, fine, warning, wrong
from doctor.machine import check_port, stdout_of
from serve.ports import address

OLDEST = (0, 33)  # the first Ollama that was tested: it knows truncate, shift and _debug_render_only


def fetched(url: str) -> dict[str, Any] | None:
    """A JSON object from a server; None where there is no answer of this form."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            body = json.load(answer)
    except (OSError, ValueError):
        return None
    return body if isinstance(body, dict) else None


def check_server(run: Path) -> list[Finding]:
    """The server at OLLAMA_HOST; where none answers, whether one can be started there."""
    host = address()
    found = fetched(f"{host}/api/version")
    if found and "version" in found:
        return [_version(str(found["version"]), host), *_models(host, run)]
    url = urlsplit(host)
    if url.hostname not in ("127.0.0.1", "localhost", "::1"):
        return [wrong("server", f"no Ollama answers at OLLAMA_HOST={host}", "start it there, or unset OLLAMA_HOST")]
    port = url.port or 11434
    program = stdout_of("ollama", "--version") if shutil.which("ollama") else None
    starts = (program or "Ollama is not installed, the embedded engine serves").splitlines()[-1]
    remedy = f"stop it, or OLLAMA_HOST=127.0.0.1:{port + 1} make serve"
    taken = check_port("server port", "127.0.0.1", port, remedy)
    return [fine("server", f"none runs at {host}; `make serve` starts one ({starts})"), *taken]


def check_page(port: int) -> list[Finding]:
    """The port of `make ui`: free, or its own."""
    found = check_port("page port", "127.0.0.1", port, f"make ui PORT={port + 1}")
    if found[0].level != FINE and "runs" in (fetched(f"http://127.0.0.1:{port}/api/options") or {}):
        return [fine("page port", f"`make ui` runs at http://127.0.0.1:{port}/")]
    return found


def _version(version: str, host: str) -> Finding:
    numbers = tuple(int(part) for part in version.split("-")[0].split(".") if part.isdigit())
    text = f"Ollama {version} at {host}"
    if numbers[:2] < OLDEST and not version.endswith("-embedded"):
        return warning("server", f"{text} is older than 0.33, the first that was tested", "install a newer Ollama")
    return fine("server", text)


def _models(host: str, run: Path) -> list[Finding]:
    """The served models with their digests, against those that the run's manifest recorded."""
    listed = (fetched(f"{host}/api/tags") or {}).get("models", [])
    digests = {model["name"]: model["digest"] for model in listed}
    names = ", ".join(f"{name} {digest[:12]}" for name, digest in list(digests.items())[:6])
    found = [fine("models", (names or "none yet") + (f" and {len(digests) - 6} more" if len(digests) > 6 else ""))]
    manifest = run / "manifest.json"
    served = json.loads(manifest.read_text(encoding="utf-8")).get("serve", {}) if manifest.is_file() else {}
    for entry in served.get("served", {}).values():
        if digests.get(entry["model"]) != entry["digest"]:
            text = f"{entry['model']} is not served as {run} made it ({entry['digest'][:12]})"
            found.append(warning("models", text, f"make serve RUN={run.name}"))
    return found
