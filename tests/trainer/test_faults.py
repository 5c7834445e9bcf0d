"""A run that is killed, and a run of two processes: both end as a run that was left alone, on a CPU or CUDA."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.numpy import load_file

from pipeline.config import Config
from pipeline.files import sha256
from pipeline.manifest import read_manifest
from trainer.checkpoints import MARKER

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]


def start(config: Config, *options: str, processes: int = 0) -> subprocess.Popen[str]:
    """`trainer.train` of a saved config in processes of its own; a single one saves a checkpoint after every epoch."""
    team = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}", "-m", "trainer.train"]
    single = ["-c", "from trainer import checkpoints, train; checkpoints.APART = 0; train.main()"]
    given = ["--config", str(config.folder / "config.yaml"), *options]
    command = [sys.executable, *(team if processes else single), *given]
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    environment = os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    pipes: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen(command, env=environment, start_new_session=True, **pipes)


def finish(process: subprocess.Popen[str]) -> None:
    output = process.communicate(timeout=300)[0]
    assert process.returncode == 0, output[-3000:]


def kill_when(process: subprocess.Popen[str], seen: Any) -> None:
    """SIGKILL once `seen()`."""
    deadline = time.monotonic() + 200
    while not seen():
        assert process.poll() is None, process.communicate()[0][-3000:]
        assert time.monotonic() < deadline
        time.sleep(0.001)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


@pytest.mark.parametrize("moment", ["between checkpoints", "while one is written"])
def test_a_killed_run_goes_on_to_the_same_adapter(prepare: Any, moment: str) -> None:
    settings = ("training.num_train_epochs=4", "training.full_determinism=true")
    whole, killed = prepare("whole", *settings), prepare("killed", *settings)
    finish(start(whole))
    folder = killed.folder / "checkpoints"
    first, second = folder / "checkpoint-3" / MARKER, folder / "checkpoint-6"
    seen = first.exists if moment == "between checkpoints" else second.exists
    kill_when(start(killed), seen)
    assert not (killed.folder / "adapter").exists()
    assert first.exists()
    finish(start(killed, "--resume"))
    adapters = [sha256(config.folder / "adapter" / "adapter_model.safetensors") for config in (whole, killed)]
    assert adapters[0] == adapters[1]
    assert read_manifest(killed.folder)["train"]["loss"] == read_manifest(whole.folder)["train"]["loss"]


@pytest.mark.skipif(torch.cuda.device_count() == 1, reason="two processes need a GPU each")
def test_two_processes_reach_the_loss_of_one(prepare: Any) -> None:
    """Two processes with half the accumulation see the same examples in each step: 24, six steps of four."""
    one = prepare("one", "data.test=0.1", "training.gradient_accumulation_steps=2")
    two = prepare("two", "data.test=0.1", "training.gradient_accumulation_steps=1")
    finish(start(one))
    finish(start(two, processes=2))
    losses = [read_manifest(config.folder)["train"]["loss"] for config in (one, two)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)
    adapters = [load_file(config.folder / "adapter" / "adapter_model.safetensors") for config in (one, two)]
    for name, weights in adapters[0].items():
        assert abs(weights - adapters[1][name]).max() < 1e-3, name
