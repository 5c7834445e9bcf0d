"""`pip install .` gives the client, and asks for nothing heavy."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import fieldsift
from tests.conftest import Served

ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "transformers", "datasets", "sklearn", "matplotlib", "starlette", "xllamacpp", "ollama")
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that `pip install .` makes."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    kept = ("pyproject.toml", "README.md", "LICENSE", "fieldsift", "extraction", "pipeline", "serve", "models")
    source.mkdir()
    subprocess.run(["cp", "-r", *(ROOT / name for name in kept if (ROOT / name).exists()), source], check=True)
    subprocess.run([*PIP, "wheel", "-q", "--no-deps", "-w", folder, source], check=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def alone(wheel: Path) -> Path:
    """A folder in which the wheel is installed, and nothing else."""
    place = wheel.parent / "alone"
    subprocess.run([*PIP, "install", "-q", "--no-deps", "--target", place, wheel], check=True)
    return place


@pytest.mark.slow
def test_the_wheel_holds_the_client_and_installs_alone(wheel: Path, alone: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {"fieldsift/__init__.py", "fieldsift/py.typed", "serve/client.py"} <= set(names)
    assert not [name for name in names if name.startswith(("tests/", "trainer/", "data/"))]
    assert imported(cwd=alone.parent, path=str(alone)) == str(alone / "fieldsift" / "__init__.py")


@pytest.mark.slow
def test_the_installed_client_gives_the_record_of_make_ask(served: Served, alone: Path, tmp_path: Path) -> None:
    others = "".join(f"<li><a href=/p/{i}>Pine shelf {i}</a> <b>€ {i}</b></li>" for i in range(200))
    page = f"<html><body><nav>Home</nav><ul>{others}</ul><h1>Oak table</h1><p class=price>€ 450</p></body></html>"
    (tmp_path / "page.html").write_text(page)
    run = str(served.folder / "artifacts" / "embedded")
    code = (
        f"from fieldsift import Extractor\nimport json\nclient = Extractor({run!r}, {served.host!r})\n"
        "print(json.dumps(client.extract(open('page.html').read()).record, ensure_ascii=False))"
    )
    record = json.loads(without_heavy(code, cwd=tmp_path, path=str(alone)))
    asked = served.stage("serve.ask", "--config", "embedded.yaml", "--html", str(tmp_path / "page.html"))
    assert record == json.loads(asked)
    assert record["name"] == "Oak table"


def test_importing_the_client_loads_nothing_heavy() -> None:
    assert imported(cwd=ROOT, path=str(ROOT)) == fieldsift.__file__


def imported(cwd: Path, path: str) -> str:
    """Where the client is imported from."""
    return without_heavy("from fieldsift import Extractor\nimport fieldsift\nprint(fieldsift.__file__)", cwd, path)


def without_heavy(code: str, cwd: Path, path: str) -> str:
    """What a program prints, in a process whose heavy packages are kept from being imported."""
    code = f"import sys\nfor name in {HEAVY}: sys.modules[name] = None\n{code}"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, env={"PYTHONPATH": path}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_folder_that_is_no_run_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(fieldsift.UserError, match=r"is no run folder: it has no config\.yaml"):
        fieldsift.Extractor(tmp_path)
