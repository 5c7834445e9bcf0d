"""What the containers cannot do ends in one sentence."""

import shutil
import socket

import pytest

from tests.docker.conftest import Stack, docker

pytestmark = pytest.mark.docker
RUN = ("DATA=rows.jsonl", "RUN=refused", "SET=training.num_train_epochs=0 eval.max_loss=1")


@pytest.mark.parametrize(("variable", "what"), [("DATA", "data file"), ("CONFIG", "config")])
def test_a_file_that_the_containers_user_may_not_read_is_named(stack: Stack, variable: str, what: str) -> None:
    path = stack.folder / f"closed-{variable}"
    shutil.copy(stack.folder / "configs" / "embedded.yaml", path)
    path.chmod(0)
    status, output = stack.make("data", "RUN=refused", f"{variable}={path.name}")
    assert status != 0
    assert f"error: cannot read the {what} {path.name} as user 1000: Permission denied" in output
    assert "Traceback" not in output


def test_a_taken_port_is_named(stack: Stack) -> None:
    with socket.create_server(("127.0.0.1", stack.port)):
        status, output = stack.make("serve", *RUN)
    assert status != 0
    assert f"error: port {stack.port} is taken by another program: stop it or set PUBLISH=" in output


def test_an_ollama_image_that_cannot_be_had(stack: Stack) -> None:
    outer = {"COMPOSE_PROFILES": "ollama", "OLLAMA_IMAGE": "127.0.0.1:9/no/ollama:0"}
    status, output = stack.make("serve", *RUN, **outer)
    assert status != 0
    assert "error: 127.0.0.1:9/no/ollama:0 is not here and cannot be pulled: COMPOSE_PROFILES=embedded" in output


def test_a_host_without_a_gpu_is_told_what_to_do(stack: Stack) -> None:
    (stack.folder / "hub.yaml").write_text("model: {model_name_or_path: someone/model}\n")
    if "nvidia" in docker("info", "--format", "{{json .}}") or shutil.which("nvidia-container-runtime-hook"):
        pytest.skip("this Docker Engine can hand out a GPU")
    status, output = stack.make("train", "CONFIG=hub.yaml")
    assert status != 0
    assert "error: hub.yaml asks for an NVIDIA GPU" in output
    assert "CONFIG=configs/embedded.yaml" in output


def test_no_engine_is_one_sentence(stack: Stack) -> None:
    status, output = stack.make("train", DOCKER_HOST="unix:///nowhere.sock")
    assert status != 0
    assert "error: no Docker Engine answers at unix:///nowhere.sock" in output
