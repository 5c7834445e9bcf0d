"""Training in a process of its own before an export."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pipeline.files import sha256
from tests.conftest import ROOT
from trainer import before, export, train

TRAIN = "import os, signal, sys, time; pipe = int(sys.argv[sys.argv.index('--begun') + 1])\n"


def stand_in(workspace: Path, code: str) -> None:
    """Puts `code` in the place of trainer.train, for processes that start in the workspace."""
    (workspace / "trainer").mkdir(exist_ok=True)
    (workspace / "trainer" / "__init__.py").touch()
    (workspace / "trainer" / "train.py").write_text(TRAIN + code)


def test_what_runs_meanwhile_knows_whether_steps_have_begun(workspace: Path) -> None:
    stand_in(workspace, "os.write(pipe, b'cuda'); time.sleep(0.5); open('adapter', 'w').close()")
    with before.training(["--run", "r"]) as device:
        assert device == "cuda"
        assert not Path("adapter").exists()
    assert Path("adapter").exists()
    stand_in(workspace, "assert sys.argv[1:3] == ['--run', 'r']; print('up to date')")
    with before.training(["--run", "r"]) as device:
        assert device == ""


@pytest.mark.parametrize(
    ("code", "status"), [("sys.exit(3)", 3), ("os.kill(os.getpid(), signal.SIGKILL)", 137), ("raise OSError", 1)]
)
def test_a_training_that_fails_ends_the_export(workspace: Path, code: str, status: int) -> None:
    stand_in(workspace, f"os.write(pipe, b'cuda'); {code}")
    with pytest.raises(SystemExit) as ended, before.training([]):
        pass
    assert ended.value.code == status


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_training_in_its_own_way(workspace: Path, number: signal.Signals, status: int) -> None:
    stand_in(
        workspace,
        "signal.signal(signal.SIGINT, lambda *_: (open('saved', 'w').close(), sys.exit(130)))\n"
        "signal.signal(signal.SIGTERM, lambda *_: (open('saved', 'w').close(), sys.exit(143)))\n"
        "os.write(pipe, b'cuda'); open('ready', 'w').close(); time.sleep(20)",
    )
    code = "import sys; sys.path.insert(0, sys.argv[1]); from trainer.before import training\nwith training([]): pass"
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", code, str(ROOT)], start_new_session=True, env=os.environ | {"PYTHONPATH": ""}
    )
    while not Path("ready").exists():
        time.sleep(0.05)
    to_all, to_one = os.killpg, os.kill
    (to_all if number == signal.SIGINT else to_one)(process.pid, number)
    assert process.wait(20) == status
    assert Path("saved").exists()


@contextmanager
def told(arguments: list[str], device: str, training: Any = before.training) -> Iterator[str]:
    """`before.training`, that says it is on another device."""
    with training(arguments) as real:
        assert real == "cpu"
        yield device


def test_the_training_gets_the_exports_own_arguments(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(workspace, "open('arguments', 'w').write(' '.join(sys.argv[1:-2]))")
    monkeypatch.setattr(export, "export", lambda *_: None)
    Path("toy.yaml").touch()
    export.main(["--config", "toy.yaml", "--train", "--run", "r", "--resume"])
    assert Path("arguments").read_text() == "--config toy.yaml --run r --resume"


@pytest.mark.slow
@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_both_in_one_make_the_same_files(prepare: Any, monkeypatch: pytest.MonkeyPatch, device: str) -> None:
    """Also with the libraries imported meanwhile, as on a GPU."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setattr(before, "training", lambda arguments: told(arguments, device))
    digests = []
    for name, modules in (("apart", (train, export)), ("together", (export,))):
        config = prepare(name, "export.quantization_method=[q4_k_m]", "serve.name=same")
        settings = ["training.num_train_epochs=2", "lora.r=8"]
        settings += ["export.quantization_method=[q4_k_m]", "serve.name=same"]
        arguments = ["--config", "toy.yaml", "--run", name, "--set", *settings]
        for module in modules:
            options = [*arguments[:4], "--train", *arguments[4:]] if len(modules) == 1 else arguments
            monkeypatch.setattr("sys.argv", ["export", *options])
            module.main()
        paths = ("adapter/adapter_model.safetensors", "gguf/f16.gguf", "gguf/q4_k_m.gguf")
        digests.append([sha256(config.folder / path) for path in paths])
    assert digests[0] == digests[1]
