"""The Compose files as Compose reads them, and what the images hold."""

import subprocess
from typing import Any

import pytest
import yaml

from tests.docker.conftest import ROOT, Stack, compose, docker
from tests.docker.needs import STAGES, needs

pytestmark = pytest.mark.docker
CONFINED = ("run", "--rm", "--read-only", "--tmpfs", "/tmp:exec", "--cap-drop", "ALL")
FILES = ("docker-compose.yml", "docker-compose.cpu.yml")
CUDA = {
    # Unsloth first, as in training: it patches the others
    "fieldsift-trainer:cuda": ("unsloth", "torch", "peft", "trl", "bitsandbytes", "trainer.train", "trainer.export"),
    "fieldsift-eval:cuda": ("torch", "peft", "bitsandbytes", "eval.score"),
}
COMPILED = """
import importlib, sys
from importlib.machinery import SourceFileLoader
SourceFileLoader.source_to_code = lambda loader, source, path: sys.exit(f"{path} has no valid bytecode")
for name in sys.argv[1:]:
    importlib.import_module(name)
"""
IMPORT = "import importlib, sys; [importlib.import_module(name) for name in sys.argv[1:]]"


@pytest.mark.parametrize("image", STAGES)
def test_an_image_holds_what_its_stages_import(stack: Stack, image: str) -> None:
    status, output = stack.make("setup")
    assert status == 0, output
    needed = needs(STAGES[image])
    assert {"httpx", "torch"} & needed
    docker(*CONFINED, image, "python", "-c", IMPORT, *sorted(needed))


@pytest.mark.parametrize("image", STAGES)
def test_an_image_has_its_bytecode(stack: Stack, image: str) -> None:
    """What is compiled at every start is what costs the first seconds of a stage."""
    status, output = stack.make("setup")
    assert status == 0, output
    modules = [module for stage in STAGES[image] for module in (stage, "pydantic.main")]
    docker(*CONFINED, image, "python", "-c", COMPILED, *modules)


@pytest.fixture(params=CUDA)
def cuda_image(request: pytest.FixtureRequest) -> str:
    image: str = request.param
    if image not in docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}").splitlines():
        pytest.skip(f"{image} is not here: `docker compose build trainer eval` makes it where torch's can be had")
    return image


def test_a_cuda_image_imports_without_a_gpu(cuda_image: str) -> None:
    docker(*CONFINED, cuda_image, "pip", "check")
    code = f"{IMPORT}; import torch; print(torch.version.cuda)"
    for_cuda = docker(*CONFINED, cuda_image, "python", "-c", code, *CUDA[cuda_image]).splitlines()[-1]
    assert for_cuda != "None", "torch's build for a CPU"


def test_a_cuda_image_has_its_bytecode(cuda_image: str) -> None:
    docker(*CONFINED, cuda_image, "python", "-c", COMPILED, *CUDA[cuda_image])


@pytest.mark.parametrize("path", FILES)
def test_every_service_is_confined_whichever_compose_reads_the_files(path: str) -> None:
    assert compose()
    for command in compose():
        services = read([*command, "-f", path, "--profile", "embedded", "config"])["services"]
        assert sorted(services) == ["create", "embedded", "eval", "ollama", "trainer"]
        for name, service in services.items():
            assert service["read_only"], name
            assert service["cap_drop"] == ["ALL"], name
            assert service["security_opt"] == ["no-new-privileges:true"], name
            assert service["mem_limit"], name
            assert all("127.0.0.1" in str(port) for port in service.get("ports", [])), name
            assert (service.get("restart") == "unless-stopped") == (name in ("embedded", "ollama")), name


def read(command: list[str]) -> Any:
    return yaml.safe_load(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
