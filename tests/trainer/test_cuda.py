"""On a CUDA device: Unsloth and plain TRL train, pack, resume and answer a full memory. Each run is a process."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipeline.config import Config
from pipeline.files import sha256
from pipeline.manifest import read_manifest

pytestmark = pytest.mark.gpu
ROOT = Path(__file__).parents[2]
EMBEDDED = f"model.model_name_or_path={ROOT / 'models' / 'embedded'}"


def run(config: Config, *options: str) -> tuple[int, str]:
    """Exit status and output of `trainer.train` on a saved config."""
    program = "from trainer import checkpoints, train; checkpoints.APART = 0; train.main()"  # one after every epoch
    command = [sys.executable, "-c", program, "--config", str(config.folder / "config.yaml"), *options]
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": path}, timeout=300)
    return done.returncode, done.stdout + done.stderr


def train(config: Config, *options: str) -> dict[str, Any]:
    """The manifest's facts of a run that ends well."""
    code, output = run(config, *options)
    assert code == 0, output[-3000:]
    facts: dict[str, Any] = read_manifest(config.folder)["train"]
    return facts


@pytest.mark.parametrize("backend", ["unsloth", "trl"])
def test_packed_and_single_examples_are_learnt_alike(prepare: Any, backend: str) -> None:
    """The first loss, before anything is learnt, of one step that holds all the examples."""
    losses = []
    for packing in ("true", "false"):
        settings = (EMBEDDED, f"model.backend={backend}", f"training.packing={packing}", "model.max_length=4096")
        step = ("training.per_device_train_batch_size=64", "training.gradient_accumulation_steps=1")
        config = prepare(f"packed-{packing}", *settings, *step, "training.num_train_epochs=1")
        losses.append(train(config)["loss"])
    assert losses[0] == pytest.approx(losses[1], rel=0.02)  # bfloat16


GRADIENTS = """
import json, sys, torch
from pathlib import Path
from pipeline import config as configuration
config = configuration.load(Path(sys.argv[1]))
from trainer.model import prepare_libraries
prepare_libraries(config, training=True)
from unsloth.kernels import fast_lora
from trainer import fast
fast.FEWEST = 1
model = fast.add_lora(fast.load_base(config), config, False)
learnt = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
torch.manual_seed(0)
for weight in learnt.values():
    torch.nn.init.normal_(weight, std=0.05)
ids = torch.randint(3, 2000, (2, 96), device="cuda")
found, calls = [], []
for apply in (fast_lora._apply, lambda function, *arguments: calls.append(function) or function.apply(*arguments)):
    fast_lora._apply = apply
    model.zero_grad()
    loss = model(input_ids=ids, labels=ids).loss
    loss.backward()
    found.append({name: weight.grad.float() for name, weight in learnt.items()} | {"loss": loss.detach().float()})
ours, theirs = found
errors = {name: float((ours[name] - theirs[name]).norm() / theirs[name].norm()) for name in ours}
print(json.dumps({"error": max(errors.values()), "n": len(errors), "calls": len(calls)}))
"""


@pytest.mark.parametrize("four_bit", ["true", "false"])
def test_patched_layers_have_unsloths_gradients(prepare: Any, four_bit: str) -> None:
    config = prepare("layers", EMBEDDED, "model.backend=unsloth", f"model.load_in_4bit={four_bit}")
    command = [sys.executable, "-c", GRADIENTS, str(config.folder / "config.yaml")]
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": path}, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.strip().splitlines()[-1])
    assert found["n"] > 50
    assert found["calls"] > 10  # what is compared did run Unsloth's own functions
    assert found["error"] < 0.03  # bfloat16


@pytest.mark.parametrize("backend", ["unsloth", "trl"])
def test_a_stopped_run_goes_on_to_the_same_loss(prepare: Any, backend: str) -> None:
    """An epoch's checkpoint stands; what came after it is lost, as after SIGKILL."""
    settings = (EMBEDDED, f"model.backend={backend}", "training.full_determinism=true")
    settings = (*settings, "training.num_train_epochs=3")
    config = prepare("whole", *settings, "training.logging_steps=1")  # else a resumed run's mean is of fewer steps
    facts = train(config)
    adapter = config.folder / "adapter" / "adapter_model.safetensors"
    before = sha256(adapter)
    checkpoints = sorted((config.folder / "checkpoints").glob("checkpoint-*"), key=lambda path: int(path.name[11:]))
    (checkpoints[-1] / "complete").unlink()
    manifest = config.folder / "manifest.json"
    manifest.write_text(json.dumps({k: v for k, v in json.loads(manifest.read_text()).items() if k != "train"}))
    again = train(config, "--resume")
    assert again["loss"] == pytest.approx(facts["loss"], rel=1e-5)
    assert sha256(adapter) == before


def test_too_little_memory_names_the_key(prepare: Any) -> None:
    """512 rows of some 1,300 tokens need 200 GB of activations, which is more than a GPU has."""
    settings = (EMBEDDED, "model.backend=trl", "training.gradient_checkpointing=false", "lora.r=8")
    config = prepare("large", *settings, "training.num_train_epochs=1")
    rows = config.folder / "data" / "train.jsonl"
    row = json.loads(rows.read_text().splitlines()[0])
    many = [row | {"input": f"<p>{'word ' * 1200}</p>", "id": str(i)} for i in range(512)]
    rows.write_text("".join(json.dumps(one) + "\n" for one in many))
    manifest = json.loads((config.folder / "manifest.json").read_text())
    manifest["data"]["outputs"]["data/train.jsonl"] = sha256(rows)
    (config.folder / "manifest.json").write_text(json.dumps(manifest))
    saved = config.folder / "config.yaml"
    saved.write_text(saved.read_text().replace("per_device_train_batch_size: 2", "per_device_train_batch_size: 512"))
    code, output = run(config)
    assert code == 1, output[-3000:]
    assert "set training.gradient_checkpointing=true" in output
