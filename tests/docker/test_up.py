"""`docker compose up` without make or the embedded profile: the order of the services is in the files alone."""

import json
import os
import subprocess
from typing import Any

import pytest

from tests.docker.conftest import PROJECT, Stack, compose, container, docker, wait

pytestmark = pytest.mark.docker
CONFIG = "run: up\ndata: {path: rows.jsonl}\ntraining: {num_train_epochs: 0}\neval: {variants: [f16], max_loss: 1}\n"
MOUNTED = ["./up.yaml:/app/up.yaml:ro", "./rows.jsonl:/app/rows.jsonl:ro"]


@pytest.mark.parametrize("command", compose(), ids=" ".join)
def test_up_trains_serves_and_scores_in_this_order(stack: Stack, ollama_image: str, command: list[str]) -> None:
    assert stack.make("setup")[0] == 0
    assert stack.make("purge", "CONFIRM=1")[0] == 0
    (stack.folder / "up.yaml").write_text(CONFIG)
    mounts = {service: {"volumes": MOUNTED} for service in ("trainer", "create", "eval")}
    (stack.folder / "up.json").write_text(json.dumps({"services": mounts}))
    outer = {
        "COMPOSE_FILE": f"docker-compose.cpu.yml{os.pathsep}up.json",
        "CONFIG": "up.yaml",
        "OLLAMA_IMAGE": ollama_image,
    }
    environment = stack.environment | outer | {"COMPOSE_PROFILES": ""}
    subprocess.run([*command, "up", "--detach"], cwd=stack.folder, env=environment, check=True, capture_output=True)
    times = {service: state(service) for service in ("trainer", "create", "eval")}
    assert {service: exit_code for service, (_, _, exit_code) in times.items()} == dict.fromkeys(times, 0)
    assert times["trainer"][1] <= times["create"][0]
    assert times["create"][1] <= times["eval"][0]
    assert docker("inspect", "--format", "{{.State.Health.Status}}", container("ollama", "--all")) == "healthy"
    stack.make("down")


def state(service: str) -> tuple[str, str, int]:
    """When a service's container started and ended, and its exit status; waits for its end."""

    def ended() -> Any:
        facts = json.loads(docker("inspect", container(service, "--all")))[0]["State"]
        return facts["Status"] == "exited" and facts

    facts = wait(ended)
    return facts["StartedAt"], facts["FinishedAt"], facts["ExitCode"]


def test_purge_leaves_only_the_cache_of_base_models(stack: Stack) -> None:
    assert stack.make("purge", "CONFIRM=1")[0] == 0
    assert docker("volume", "ls", "-q", "--filter", f"label=com.docker.compose.project={PROJECT}") == f"{PROJECT}_hub"
