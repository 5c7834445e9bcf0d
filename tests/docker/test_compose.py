"""docker/compose.py against a `docker` that only says what it was asked: what needs no Docker Engine to be seen."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.docker.conftest import ROOT

# Answers by the first rule whose words all stand in the command; logs each command. A shell, because it starts faster.
DOCKER = """#!/bin/sh
{ printf '%s\\t' "$@"; echo; } >> "$LOG"
while IFS='\t' read -r words status output; do
  for word in $words; do
    case " $* " in *" $word "*) ;; *) continue 2 ;; esac
  done
  echo "$output"
  [ "$output" != sleep ] || exec sleep 60
  exit "$status"
done < "$RULES"
"""
HEALTHY = [["{{.State.Health.Status}}", 0, "healthy"], ["up", 0, ""], ["compose ps -q", 0, "c0ffee"]]


class Fake:
    """A checkout's compose.py with a `docker` of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.log, self.rules = folder, folder / "log", folder / "rules"
        (folder / "docker").write_text(DOCKER)
        (folder / "docker").chmod(0o755)
        (folder / "sleep").symlink_to(shutil.which("sleep") or "/bin/sleep")

    def start(self, *arguments: str, rules: Any = (), **environment: str) -> subprocess.Popen[str]:
        self.log.write_text("")
        self.rules.write_text("".join(f"{words}\t{status}\t{output}\n" for words, status, output in rules))
        # no other program, or a docker-compose that is installed here would be found
        kept = {"PATH": str(self.folder), "LOG": str(self.log), "RULES": str(self.rules), "COMMIT": "0"}
        return subprocess.Popen(
            [sys.executable, ROOT / "docker" / "compose.py", *arguments],
            env=kept | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def __call__(self, *arguments: str, rules: Any = (), **environment: str) -> tuple[int, str]:
        """Exit status and output."""
        process = self.start(*arguments, rules=rules, **environment)
        output, _ = process.communicate(timeout=60)
        return process.returncode, output

    def commands(self, word: str) -> list[list[str]]:
        """The commands so far that have a word."""
        commands = [line.split("\t")[:-1] for line in self.log.read_text().splitlines()]
        return [command for command in commands if word in command]


@pytest.fixture
def compose(tmp_path: Path) -> Fake:
    return Fake(tmp_path)


def test_users_values_reach_the_container_as_they_are(compose: Fake) -> None:
    page = compose.folder / "a page's $(touch x).html"
    page.write_text("<p>")
    out = compose.folder / "new folder" / "out `x` here.jsonl"
    settings = ("--set", "data.path=a b; $(touch y)")
    status, output = compose(
        "stage", "create", "serve.ask", *settings, HTML=str(page), OUT=str(out), CONFIG="configs/embedded.yaml"
    )
    assert (status, output) == (0, "")
    [command] = compose.commands("run")
    assert command[:4] == ["compose", "run", "--rm", "--no-deps"]
    assert f"{page}:{page}:ro" in command
    assert f"{ROOT}/configs/embedded.yaml:/app/configs/embedded.yaml:ro" in command
    assert f"{out.parent}:/host" in command
    assert out.parent.is_dir()  # Docker would make it root's
    assert command[command.index("create") :] == [
        "create", "python", "-m", "serve.ask", *settings, f"--out=/host/{out.name}",
    ]  # fmt: skip
    assert command[command.index("--user") + 1] == f"{os.getuid()}:{os.getgid()}"


def test_a_folder_of_pages_is_mounted_and_a_colon_refused(compose: Fake) -> None:
    folder = compose.folder / "pages: all"
    folder.mkdir()
    status, output = compose("stage", "create", "serve.extract", IN=str(folder))
    assert (status, output) == (1, f"error: {folder} has a colon in its name, which Docker cannot mount: rename it\n")
    folder = folder.rename(compose.folder / "pages")
    assert compose("stage", "create", "serve.extract", IN=str(folder))[0] == 0
    assert f"{folder}:{folder}:ro" in compose.commands("run")[0]


def test_a_page_that_is_no_file_is_not_mounted(compose: Fake) -> None:
    assert compose("stage", "create", "serve.ask", HTML="<p>" + "x" * 10_000)[0] == 0
    assert "-v" not in compose.commands("run")[0]


@pytest.mark.parametrize(("status", "message"), [(0, ""), (1, ""), (137, "error: the container of trainer was killed")])
def test_the_containers_exit_status_is_ours(compose: Fake, status: int, message: str) -> None:
    found, output = compose("stage", "trainer", "trainer.train", rules=[["run", status, ""]])
    assert found == status
    assert output.strip().startswith(message)
    assert (status == 137) == ("TRAINER_MEMORY" in output)


def test_ctrl_c_reaches_the_container_once(compose: Fake) -> None:
    process = compose.start("stage", "trainer", "trainer.train", rules=[["run", 130, "sleep"]])
    assert process.stdout
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    deadline = time.monotonic() + 60
    while not (killed := compose.commands("kill")) and time.monotonic() < deadline:
        time.sleep(0.05)
    [run] = compose.commands("run")
    assert killed == [["kill", "--signal", "INT", run[run.index("--name") + 1]]]
    assert process.poll() is None  # it waits for the container to end
    subprocess.run(["kill", "-KILL", *children(process.pid)], check=True)
    process.communicate(timeout=20)


def children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


@pytest.mark.parametrize(
    ("wanted", "rules", "server", "message"),
    [
        ("embedded", [], "embedded", ""),
        ("", [], "ollama", ""),
        ("ollama", [["image inspect", 1, ""]], "ollama", "serve: pulling"),
        ("", [["image inspect", 1, ""], ["pull", 1, ""]], "embedded", "so the embedded engine serves"),
    ],
)
def test_who_serves(compose: Fake, wanted: str, rules: list[Any], server: str, message: str) -> None:
    rules = [*rules, *HEALTHY]
    status, output = compose("stage", "create", "serve.create", rules=rules, COMPOSE_PROFILES=wanted)
    assert status == 0, output
    assert [command[-1] for command in compose.commands("up")] == [server]
    assert message in output
    assert output.endswith("serve: on this machine at http://127.0.0.1:11434\n")


@pytest.mark.parametrize(
    ("arguments", "rules", "environment", "error"),
    [
        (["build"], [["info", 1, ""]], {"DOCKER_HOST": "unix:///x"}, "no Docker Engine answers at unix:///x"),
        (["build"], [["compose version", 1, ""]], {}, "this Docker has no Compose"),
        (
            ["build"],
            [],
            {"COMPOSE_FILE": "docker-compose.yml", "CONFIG": "hub.yaml"},
            "hub.yaml asks for an NVIDIA",
        ),
        (["build"], [["build", 1, ""]], {}, "the images could not be built"),
        (["logs"], [], {}, "there is no server: `make serve` starts one"),
        (["nonsense"], [], {}, "usage: docker/compose.py build | stage"),
        (
            ["stage", "create", "serve.create"],
            [["image inspect", 1, ""], ["pull", 1, ""]],
            {"COMPOSE_PROFILES": "ollama"},
            "ollama/ollama:0.33.0 is not here and cannot be pulled: COMPOSE_PROFILES=embedded serves without it",
        ),
        (
            ["stage", "create", "serve.create"],
            [
                ["up", 1, "Bind failed: port is already allocated"],
                ["ps publish=8", 0, "the container a"],
            ],
            {"COMPOSE_PROFILES": "embedded", "PUBLISH": "127.0.0.1:8"},
            "port 8 is taken by the container a: stop it or set PUBLISH=127.0.0.1:9",
        ),
        (
            ["stage", "create", "serve.create"],
            [["up", 1, "could not select device driver nvidia"]],
            {"COMPOSE_PROFILES": "embedded"},
            "Docker cannot hand out the GPU: install the NVIDIA Container Toolkit",
        ),
    ],
)
def test_what_cannot_be_is_one_sentence(
    compose: Fake, arguments: list[str], rules: list[Any], environment: dict[str, str], error: str
) -> None:
    status, output = compose(*arguments, rules=rules, **environment)
    assert status == 1
    assert output.splitlines()[-1].startswith(f"error: {error}")


def test_clean_keeps_the_runs_and_purge_asks(compose: Fake) -> None:
    label = "volume ls label=com.docker.compose.volume="
    rules = [[f"{label}{name}", 0, f"x_{name}"] for name in ("hub", "artifacts", "embedded")]
    removed = {}
    for arguments in (("clean",), ("purge",), ("purge", "--confirm")):
        assert compose(*arguments, rules=rules)[0] == 0
        removed[arguments] = [command[-1] for command in compose.commands("rm") if command[0] == "volume"]
        [swept] = compose.commands("pipeline.clean")
        options = {"clean": [], "purge": ["--purge", *arguments[1:]]}[arguments[0]]
        assert swept[swept.index("pipeline.clean") + 1 :] == options
    assert removed == {
        ("clean",): ["x_embedded"],
        ("purge",): [],
        ("purge", "--confirm"): ["x_artifacts", "x_embedded"],
    }


@pytest.mark.parametrize(
    ("target", "stage"),
    [
        ("data", "trainer pipeline.data"),
        ("train", "trainer trainer.train"),
        ("export", "trainer trainer.export"),
        ("serve", "create serve.create"),
        ("ask", "create serve.ask"),
        ("extract", "create serve.extract"),
        ("schema", "create serve.schema"),
        ("eval", "eval eval.score"),
        ("report", "eval eval.report"),
        ("compare", "eval eval.versus"),
    ],
)
def test_each_target_runs_in_the_image_that_holds_its_stage(target: str, stage: str) -> None:
    command = ["make", "--dry-run", target, "RUNTIME=docker"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert printed.splitlines()[-1].split()[:4] == ["docker/compose.py", "stage", *stage.split()]
