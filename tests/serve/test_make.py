"""The real make with hostile values: each reaches the program as it is, and none reaches a shell or make."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOSTILE = (
    "$(shell touch pwned)`touch pwned`$(touch pwned)';touch pwned;'\"${HOME}\" \\ $$1 & <b>%s</b>\n\ttouch pwned #"
)
NAMES = {"HTML": "html", "TEXT": "text", "OUT": "out", "VARIANT": "variant", "CONFIG": "config", "RUN": "run"}
NAMES |= {"IN": "in", "DATA": "data", "SET": "overrides"}
RECORDER = """#!{python}
import json, sys
if "{module}" in sys.argv:
    open("argv.json", "w").write(json.dumps(sys.argv))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The Makefile and docker/, with a `python` and a `docker` that only write down how they were called."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copytree(ROOT / "docker", tmp_path / "docker")
    (tmp_path / ".venv").mkdir()
    for name in ("pyproject.toml", "constraints.txt", ".venv/installed"):
        (tmp_path / name).touch()
    (tmp_path / "bin").mkdir()
    for name in ("python", "docker"):
        program = tmp_path / "bin" / name
        program.write_text(RECORDER.format(python=sys.executable, module="serve.ask"), encoding="utf-8")
        program.chmod(0o755)
    return tmp_path


def make(folder: Path, *arguments: str, **environment: str) -> list[str]:
    """What the program was called with."""
    outer = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", *NAMES)}
    path = f"{folder / 'bin'}{os.pathsep}{outer['PATH']}"
    done = subprocess.run(
        ["make", "ask", "BIN=bin", *arguments],
        cwd=folder,
        env=outer | {"PATH": path} | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert not (folder / "pwned").exists(), done.stdout + done.stderr
    assert done.returncode == 0, done.stdout + done.stderr
    argv: list[str] = json.loads((folder / "argv.json").read_text(encoding="utf-8"))
    return argv


@pytest.mark.parametrize("runtime", ["local", "docker"])
def test_a_value_on_the_command_line_reaches_the_program_as_it_is(folder: Path, runtime: str) -> None:
    argv = make(folder, f"RUNTIME={runtime}", *(f"{name}={HOSTILE}" for name in NAMES))
    assert {f"--{option}={HOSTILE}" for option in NAMES.values()} <= {*argv}
    if runtime == "docker":  # only the file's name goes into the container
        assert f"--out=/host/{HOSTILE.rpartition('/')[2]}" in argv


def test_a_value_of_the_environment_does_too(folder: Path) -> None:
    argv = make(folder, "RUNTIME=local", **dict.fromkeys(NAMES, HOSTILE))
    assert {f"--{option}={HOSTILE}" for option in NAMES.values()} <= {*argv}


def test_a_variable_that_nobody_reads_runs_nothing(folder: Path) -> None:
    make(folder, "RUNTIME=local", f"HTLM={HOSTILE}")


def test_a_run_is_named_by_its_files(folder: Path) -> None:
    assert "--run=mine-it-s-1" in make(folder, "RUNTIME=local", "CONFIG=a/mine.yaml", "DATA=b/it's 1.jsonl")
    assert "--run=embedded" in make(folder, "RUNTIME=local")


def test_files_are_mounted_where_the_container_looks_for_them(folder: Path) -> None:
    names = {"IN": "it's $(in).jsonl", "HTML": "a page.html", "CONFIG": "c o.yaml", "OUT": "to here/an 'answer'.jsonl"}
    (folder / "to here").mkdir()
    for name in ("IN", "HTML", "CONFIG"):
        (folder / names[name]).touch()
    argv = make(folder, "RUNTIME=docker", *(f"{name}={value}" for name, value in names.items()))
    volumes = {argv[i + 1] for i, word in enumerate(argv) if word == "-v"}
    assert volumes == {f"{folder / names[n]}:/app/{names[n]}:ro" for n in ("IN", "HTML", "CONFIG")} | {
        f"{folder}/to here:/host"
    }


@pytest.mark.parametrize("value", ["0", "two", "$(touch pwned)", "1 2"])
def test_a_number_of_gpus_that_is_none_is_one_sentence(folder: Path, value: str) -> None:
    command = ["make", "train", "RUNTIME=local", f"NPROC={value}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode != 0
    assert done.stderr.endswith(f"NPROC is a number of GPUs, not {value}.  Stop.\n")
    assert not (folder / "pwned").exists()
