"""`pip install .` gives the client, and asks for nothing heavy."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import fieldsift

ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "transformers", "datasets", "sklearn", "matplotlib", "starlette", "xllamacpp", "ollama")


@pytest.mark.slow
def test_the_wheel_holds_the_client_and_installs_alone(tmp_path: Path) -> None:
    source = tmp_path / "source"
    kept = ("pyproject.toml", "README.md", "LICENSE", "fieldsift", "extraction", "pipeline", "serve", "models")
    source.mkdir()
    subprocess.run(["cp", "-r", *(ROOT / name for name in kept if (ROOT / name).exists()), source], check=True)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "-q", "--no-deps", "-w", tmp_path, source], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {"fieldsift/__init__.py", "fieldsift/py.typed", "serve/client.py"} <= set(names)
    assert not [name for name in names if name.startswith(("tests/", "trainer/", "data/"))]
    place = tmp_path / "alone"
    subprocess.run([*pip, "install", "-q", "--no-deps", "--target", place, wheel], check=True)
    assert imported(cwd=tmp_path, path=str(place)) == str(place / "fieldsift" / "__init__.py")


def test_importing_the_client_loads_nothing_heavy() -> None:
    assert imported(cwd=ROOT, path=str(ROOT)) == fieldsift.__file__


def imported(cwd: Path, path: str) -> str:
    """Where the client is imported from, in a process whose heavy packages are kept from being imported."""
    code = (
        f"import sys\nfor name in {HEAVY}: sys.modules[name] = None\n"
        "from fieldsift import Extractor\nimport fieldsift\nprint(fieldsift.__file__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, env={"PYTHONPATH": path}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_folder_that_is_no_run_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(fieldsift.UserError, match=r"is no run folder: it has no config\.yaml"):
        fieldsift.Extractor(tmp_path)
