import errno
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from doctor import machine, packages, serving
from doctor.__main__ import base_of
from doctor.finding import as_json, as_text, fine, is_well, warning, wrong
from tests import http_server

ROOT = Path(__file__).parents[2]


def doctor(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`python -m doctor --json` in a process of its own, in the project's folder."""
    return subprocess.run(
        [sys.executable, "-m", "doctor", "--json", *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )


def findings(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, str]]:
    return {finding["name"]: finding for finding in json.loads(done.stdout)["findings"]}


@pytest.fixture
def free_port() -> int:
    return http_server.free_port()


def test_a_machine_without_docker(free_port: int, tmp_path: Path) -> None:
    done = doctor(PATH=str(tmp_path), OLLAMA_HOST=f"127.0.0.1:{free_port}")
    found = findings(done)
    assert found["Docker"]["level"] == "warning"
    assert "not installed" in found["Docker"]["text"]
    assert "RUNTIME=local" in found["Docker"]["remedy"]
    assert "embedded engine" in found["server"]["text"]
    assert done.returncode == 0, done.stdout


def test_a_taken_port_is_named_with_its_owner() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taker:
        port = taker.getsockname()[1]
        done = doctor(OLLAMA_HOST=f"127.0.0.1:{port}")
    found = findings(done)["server port"]
    assert done.returncode == 1
    assert found["level"] == "wrong"
    assert f"port {port} is taken by" in found["text"]
    assert f"pid {os.getpid()}" in found["text"]
    assert f"OLLAMA_HOST=127.0.0.1:{port + 1}" in found["remedy"]


def test_the_page_may_have_its_own_port(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taker:
        port = taker.getsockname()[1]
        for answer, level in (({"runs": []}, "fine"), ({"version": "1"}, "wrong"), (None, "wrong")):
            monkeypatch.setattr(serving, "fetched", lambda _, answer=answer: answer)
            assert [found.level for found in serving.check_page(port)] == [level]


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=100_000_000))
    (found,) = machine.check_folder("artifacts", tmp_path / "artifacts")
    assert found.level == "wrong"
    assert "0.1 GB free, a run needs 2.0 GB" in found.text


def test_a_disk_on_which_nothing_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryFile", full)
    (found,) = machine.check_folder("artifacts", tmp_path)
    assert (found.level, found.remedy) == ("wrong", f"free some space on the disk of {tmp_path}")


def test_temporary_files_are_to_be_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not in the folder that Python takes when that one is full."""
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=0 if path == tmp_path else 10**12))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    (found,) = machine.check_temporary()
    assert (found.level, found.remedy) == ("wrong", f"free some space on the disk of {tmp_path}")
    monkeypatch.setenv("TMPDIR", str(tmp_path / "gone"))
    (found,) = machine.check_temporary()
    assert (found.level, found.remedy) == ("wrong", f"mkdir -p {tmp_path}/gone, or unset TMPDIR")


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_without_the_right_to_write(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    (found,) = machine.check_folder("artifacts", tmp_path)
    assert found.level == "wrong"
    assert "sudo chown" in found.remedy


def test_a_missing_wheel_and_an_old_one(monkeypatch: pytest.MonkeyPatch) -> None:
    have = packages.installed
    monkeypatch.setattr(packages, "installed", lambda name: {"lxml": None, "numpy": "1.0"}.get(name, have(name)))
    first, second = packages.check_packages(ROOT, cuda=False)
    assert (first.level, second.level) == ("wrong", "warning")
    assert "lxml" in first.text
    assert first.remedy.startswith(".venv/bin/pip install --constraint constraints.txt 'lxml==")
    assert second.text.startswith("numpy is 1.0, pinned is ")


def test_it_starts_without_any_package(free_port: int) -> None:
    done = subprocess.run(
        [sys.executable, "-S", "-m", "doctor", "--json"],
        cwd=ROOT,
        env=os.environ | {"OLLAMA_HOST": f"127.0.0.1:{free_port}"},
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    found = findings(done)
    assert done.returncode == 1
    assert found["packages"]["remedy"] == "make setup"
    assert found["config"]["level"] == "warning"
    assert "is missing" in found["config"]["text"]


def test_a_config_with_a_mistake_and_one_without_data(tmp_path: Path, free_port: int) -> None:
    (tmp_path / "bad.yaml").write_text("model: {model_name_or_path: models/none}\ndata: {path: none.jsonl}\n")
    found = findings(doctor("--config", str(tmp_path / "bad.yaml"), OLLAMA_HOST=f"127.0.0.1:{free_port}"))
    assert (found["data"]["level"], found["base model"]["level"]) == ("wrong", "wrong")
    (tmp_path / "worse.yaml").write_text("modell: {}\n")
    found = findings(doctor("--config", str(tmp_path / "worse.yaml"), OLLAMA_HOST=f"127.0.0.1:{free_port}"))
    assert "unknown key `modell`" in found["config"]["text"]


def test_the_server_and_its_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers: dict[str, Any] = {
        "version": {"version": "0.32.1"},
        "tags": {"models": [{"name": "extractor:f16", "digest": "a" * 64}]},
    }
    monkeypatch.setattr(serving, "fetched", lambda url: answers[url.rpartition("/")[2]])
    served = {variant: {"model": f"extractor:{variant}", "digest": "a" * 64} for variant in ("f16", "q4_k_m")}
    (tmp_path / "manifest.json").write_text(json.dumps({"serve": {"served": served}}))
    version, models, differs = serving.check_server(tmp_path)
    assert (version.level, models.level, differs.level) == ("warning", "fine", "warning")
    assert "extractor:f16 aaaaaaaaaaaa" in models.text
    assert "extractor:q4_k_m is not served as" in differs.text


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_base_is_read_from_every_config_without_yaml(path: Path) -> None:
    from pipeline.config import load

    model = load(path).model
    assert base_of(path) == model.model_name_or_path
    assert model.revision is not None or base_of(path) == "models/embedded"


def test_text_and_json_say_the_same() -> None:
    found = [fine("a", "well"), warning("longer", "so so", "do this"), wrong("c", "ill", "do that")]
    assert as_text(found).splitlines() == [
        "fine     a       well",
        "warning  longer  so so",
        "                 → do this",
        "wrong    c       ill",
        "                 → do that",
        "doctor: 1 wrong, 1 warning, 1 fine",
    ]
    assert json.loads(as_json(found))["ok"] is False
    assert is_well(found[:2])


def test_what_make_passes_is_examined() -> None:
    """Each stage takes these options of the Makefile's ARGS, and the doctor examines the config that they ask for."""
    found = findings(doctor("--run=any", "--data=rows $1.jsonl", "--overrides='data.test=2'"))
    assert found["config"]["level"] == "wrong"
    assert "`data.test` cannot be 2" in json.dumps(found["config"])
