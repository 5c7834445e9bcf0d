"""The rules of the house that a machine can check."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAY_IMPORT = {
    "extraction": set(),
    "pipeline": {"extraction"},
    "pretraining": {"extraction", "pipeline", "trainer"},
    "trainer": {"extraction", "pipeline"},
    "serve": {"extraction", "pipeline"},
    "eval": {"extraction", "pipeline", "serve"},
    "fieldsift": {"extraction", "pipeline", "serve"},
    "doctor": {"extraction", "pipeline", "trainer", "serve"},
    "data": {"extraction", "pipeline"},
    "benchmarks": {"extraction", "pipeline", "data", "pretraining", "trainer", "serve", "eval"},
}


def sources(package: str) -> list[Path]:
    found = sorted((ROOT / package).rglob("*.py"))
    assert found, package
    return found


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return names


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_point_up_the_flow(package: str) -> None:
    for path in sources(package):
        ours = {name.split(".")[0] for name in imported(path)} & MAY_IMPORT.keys()
        assert ours <= MAY_IMPORT[package] | {package}, path


def test_the_evaluation_asks_only_through_the_client() -> None:
    for path in sources("eval"):
        serving = {name for name in imported(path) if name.startswith("serve")}
        assert serving <= {"serve.batch", "serve.client", "serve.latest", "serve.server"}, path


def test_the_task_needs_no_torch() -> None:
    for path in sources("extraction"):
        assert not {name for name in imported(path) if name.split(".")[0] in ("torch", "transformers")}, path


@pytest.mark.parametrize("package", ["extraction", "serve", "eval"])
def test_no_stage_knows_the_products_fields(package: str) -> None:
    for path in sources(package):
        constants = {node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)}
        assert not constants & {"price", "category", "manufacturer"}, path


def test_json_has_one_definition() -> None:
    definition = re.compile(r"^Json\b.* = ", re.MULTILINE)
    found = [path for package in MAY_IMPORT for path in sources(package) if definition.search(path.read_text())]
    assert found == [ROOT / "extraction" / "json.py"]
