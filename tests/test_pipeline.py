"""The whole pipeline as a user runs it: make, in a fresh copy of the repository, with the embedded base model."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from eval.records import Results
from pipeline.manifest import Entry, read_manifest
from tests.http_server import free_port

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[1]
RUN = ("DATA=rows.jsonl", "RUN=small", "SET=training.num_train_epochs=1 eval.max_loss=1 export.imatrix=true")
SIMPLE = "<div><h2>Lamp Omvik</h2><span class='price'>$1344</span><b>by Sol & Co</b></div>"


class Copy:
    """A copy of the repository with its own artifacts and port; the virtual environment is this one's."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        for name in files.splitlines():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
        (folder / ".venv").mkdir()
        (folder / ".venv" / "installed").touch()
        ours = ("MAKEFLAGS", "MAKELEVEL", "CONFIG", "DATA", "SET", "RUN", "RUNTIME")  # of the make that runs the tests
        self.environment = {name: value for name, value in os.environ.items() if name not in ours}
        self.environment["OLLAMA_HOST"] = f"127.0.0.1:{port}"

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        command = ["make", f"BIN={Path(sys.executable).parent}", *arguments]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        return subprocess.Popen(command, cwd=self.folder, env=self.environment, start_new_session=True, **pipes)  # type: ignore[call-overload]

    def make(self, *arguments: str) -> tuple[int, str]:
        """Exit status and output."""
        process = self.start(*arguments)
        output, _ = process.communicate(timeout=900)
        return process.returncode, output


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    fresh = Copy(tmp_path_factory.mktemp("fresh"), free_port())
    lines = (ROOT / "data" / "products.jsonl").read_text(encoding="utf-8").splitlines()
    (fresh.folder / "rows.jsonl").write_text("\n".join(lines[::14]) + "\n", encoding="utf-8")
    yield fresh
    fresh.make("stop")


def test_ctrl_c_in_training_can_be_resumed(copy: Copy) -> None:
    process = copy.start("train", *RUN)
    assert process.stdout
    for line in process.stdout:
        if "checked" in line:
            break
    time.sleep(8)
    os.killpg(process.pid, signal.SIGINT)
    output = process.communicate(timeout=120)[0]
    assert process.returncode != 0
    assert "stopped by Ctrl-C" in output
    status, output = copy.make("train", "RESUME=1", *RUN)
    assert status == 0, output
    assert "goes on from artifacts/small/checkpoints/checkpoint-" in output
    assert (copy.folder / "artifacts/small/adapter/adapter_model.safetensors").is_file()


def test_train_serve_eval_and_everything_is_there(copy: Copy) -> None:
    status, output = copy.make("train", "serve", "eval", *RUN)
    assert status == 0, output
    assert "renders and counts 4 prompts as training did" in output
    run = copy.folder / "artifacts" / "small"
    results = json.loads((run / "results.json").read_text(encoding="utf-8"))
    assert sorted(results["variants"]) == ["adapter", "asked", "base", "f16", "q4_k_m"]
    for name in (
        "report.html",
        "loss.png",
        "config.yaml",
        "Modelfile.q4_k_m",
        "gguf/imatrix.gguf",
        "gguf/q4_k_m.gguf",
        "merged/config.json",
    ):
        assert (run / name).is_file(), name
    for variant in ("base", "adapter", "f16", "q4_k_m"):
        rows = (run / "samples" / f"{variant}.jsonl").read_bytes().count(b"\n")
        assert rows == read_manifest(run)["data"]["n"]["test"]
    for stage, entry in read_manifest(run).items():
        assert entry.keys() <= Entry.__annotations__.keys(), stage
    assert results.keys() == Results.__annotations__.keys()


def test_a_second_time_nothing_is_done_again(copy: Copy) -> None:
    status, output = copy.make("train", "serve", "eval", *RUN)
    assert status == 0, output
    samples = ("base", "adapter", "f16", "q4_k_m", "q4_k_m.validation")
    for stage in ("data: ", "train: ", "export: ", "serve: ", *(f"eval: {name}: " for name in samples)):
        assert f"{stage}up to date" in output


def test_the_served_model_is_asked(copy: Copy) -> None:
    for html in (f"HTML={SIMPLE}", "HTML=page.html"):
        (copy.folder / "page.html").write_text(SIMPLE, encoding="utf-8")
        status, output = copy.make("ask", html, *RUN)
        assert status == 0, output
        record = json.loads(output.splitlines()[-1])
        assert list(record) == ["name", "price", "category", "manufacturer"]
        assert record["price"] == "$1344"


def test_a_gguf_that_was_cut_is_refused(copy: Copy) -> None:
    path = copy.folder / "artifacts/small/gguf/q4_k_m.gguf"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1000])
    result = subprocess.run(
        [sys.executable, "-m", "serve.create", "--run", "small"],
        cwd=copy.folder,
        env=copy.environment,
        capture_output=True,
        text=True,
    )
    path.write_bytes(whole)
    assert result.returncode == 1
    assert "is not the file that `make export` wrote" in result.stderr.splitlines()[-1]
