"""Whether this machine can do what a config asks for: one line a finding, each with the command that mends it.

Exit status 1 where something is wrong; warnings do not count. It changes nothing, and starts where half of the packages
are missing. Of a base model on the hub it fetches config and tokenizer only (doctor/hub.py).

    python -m doctor [--config configs/embedded.yaml] [--run NAME] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import sys
from pathlib import Path

from doctor import machine, packages, serving
from doctor.finding import Finding, as_json, as_text, fine, is_well, warning, wrong

ROOT = Path(__file__).resolve().parents[1]
UI_PORT = 8321
BASE = re.compile(r"^[ a-z:{]*model_name_or_path: *[\"']?([^\s\"'},#]+)", re.MULTILINE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, default=Path("configs/embedded.yaml"), help="default: %(default)s")
    parser.add_argument("--run", default=None, help="name of the folder under artifacts/; default: the config's")
    parser.add_argument("--set", nargs="*", default=[], metavar="SECTION.KEY=VALUE", help="override single keys")
    parser.add_argument("--data", default=None, help="a data file in place of the config's")
    parser.add_argument("--overrides", default="", help="overrides in one text, quoted as for a shell; make's SET")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    named = [f"data.path={json.dumps(options.data)}", "data.group=null", "data.holdout=[]"] if options.data else []
    options.set = [*named, *shlex.split(options.overrides), *options.set]
    findings = examine(options)
    print(as_json(findings) if options.json else as_text(findings, sys.stdout.isatty()))
    raise SystemExit(not is_well(findings))


def examine(options: argparse.Namespace) -> list[Finding]:
    """All findings, in the order in which a run would meet them."""
    run = Path("artifacts") / (options.run or options.config.stem)
    base = base_of(options.config)
    hub = base is not None and not is_local(base)
    cards = machine.gpus()
    findings = [
        *packages.check_python(ROOT),
        *packages.check_packages(ROOT, cuda=bool(cards)),
        *machine.check_torch(cards),
        *machine.check_gpu(cards, needed=hub),
        *machine.check_memory(),
        *machine.check_folder("artifacts", Path("artifacts")),
        *machine.check_temporary(),
        *check_cache(hub),
        *machine.check_docker(needs_gpu=hub),
        *serving.check_server(run),
        *serving.check_page(UI_PORT),
        *check_config(options, base),
    ]
    if hub and is_well([finding for finding in findings if finding.name in ("package", "packages", "torch", "config")]):
        from doctor.hub import check_hub
        from pipeline.config import load

        findings += check_hub(load(options.config, options.set, options.run), cards)
    return findings


def base_of(config: Path) -> str | None:
    """The base model that a config names, read without YAML's package; None where it names none."""
    try:
        found = BASE.search(config.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return None
    return found[1] if found else None


def is_local(name: str) -> bool:
    """The same as trainer.model.is_local, which needs pydantic to be imported."""
    return Path(name).exists() or name.startswith((".", "/", "models/"))


def check_cache(hub: bool) -> list[Finding]:
    """The folder where base models of the hub are kept."""
    home = os.environ.get("HF_HOME") or os.path.expanduser("~/.cache/huggingface")
    return machine.check_folder(
        "hub cache", Path(os.environ.get("HF_HUB_CACHE") or home), 10 * machine.GB if hub else 0
    )


def check_config(options: argparse.Namespace, base: str | None) -> list[Finding]:
    """Whether the config can be read, its data file is there, and a local base model is whole."""
    try:
        from pipeline.config import load
        from pipeline.errors import UserError
    except ImportError as error:
        return [warning("config", f"{options.config} was not checked: {error.name} is missing", "make setup")]
    try:
        config = load(options.config, options.set, options.run)
    except UserError as error:
        return [wrong("config", str(error), f"mend {options.config}")]
    found = [fine("config", f"{options.config}: base {config.model.model_name_or_path}, data {config.data.path}")]
    if not Path(config.data.path).is_file():
        found.append(wrong("data", f"{config.data.path} is not there", "give another with DATA=… or data.path"))
    folder = Path(config.model.model_name_or_path)
    if base and is_local(base) and not ((folder / "config.json").is_file() and any(folder.glob("*.safetensors"))):
        remedy = f"git checkout {folder}, or another model.model_name_or_path"
        found.append(wrong("base model", f"{folder} has no config.json or no weights", remedy))
    return found


if __name__ == "__main__":
    main()
