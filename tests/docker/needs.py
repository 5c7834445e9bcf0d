"""What a stage imports, itself and through our other modules."""

import ast
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[2]
STAGES = {
    "fieldsift-trainer:cpu": ("pipeline.data", "pipeline.clean", "trainer.train", "trainer.export"),
    "fieldsift-serve": ("serve.create", "serve.ask", "serve.extract", "serve.schema", "serve.embedded"),
    "fieldsift-eval:cpu": ("eval.score", "eval.report", "eval.versus"),
}
OPTIONAL = {"unsloth", "bitsandbytes", "ray"}  # of extras that the images for a CPU lack
# extraction/values.py compares values with these, and a stage that only asks compares none.
TO_COMPARE = {"dateparser", "scipy.optimize"}


def needs(stages: Iterable[str]) -> set[str]:
    """The modules that stages import, ours included; not the optional ones."""
    found: set[str] = set()
    for stage in stages:
        _imports(stage, found)
    asks = not any(name.startswith(("eval.", "trainer.")) for name in found)
    return found - TO_COMPARE if asks else found


def third_party(modules: Iterable[str]) -> set[str]:
    """The packages of modules that are neither ours nor Python's."""
    packages = {name.partition(".")[0] for name in modules} - set(sys.stdlib_module_names)
    return {name for name in packages if not (ROOT / name).is_dir()}


def _imports(module: str, found: set[str]) -> None:
    found.add(module)
    for node in ast.walk(ast.parse(_source(module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            if name not in found and _source(name).is_file():
                _imports(name, found)
        found |= {name for name in names[:1] if name.partition(".")[0] not in OPTIONAL}


def _source(module: str) -> Path:
    path = ROOT / module.replace(".", "/")
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
