#!/usr/bin/env python3
"""RUNTIME=docker of the Makefile: the stages in containers, by Compose v2 or docker-compose 1.29.

    docker/compose.py build                      the images, where they are not up to date
    docker/compose.py stage SERVICE MODULE ARG…  python -m MODULE ARG… in a new container of SERVICE
    docker/compose.py logs | down | fetch | clean | purge [--confirm]

Environment: COMPOSE_FILE (which stack), COMPOSE_PROFILES (embedded or ollama: who serves; empty: Ollama where its
image is here or can be pulled), PUBLISH (address of the server on this machine), CONFIG, DATA, RUN, and the IN,
OUT, HTML of ask and extract.
Runs before anything is installed: Python 3.9 and its standard library are enough.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.chdir(Path(__file__).resolve().parents[1])
WANTED = os.environ.get("COMPOSE_PROFILES", "")
os.environ["COMPOSE_PROFILES"] = "embedded"  # so that `logs` and `down` know all services
for key, value in {
    "COMPOSE_FILE": "docker-compose.cpu.yml",
    "PUBLISH": "127.0.0.1:11434",
    "OLLAMA_IMAGE": "ollama/ollama:0.33.0",
}.items():
    os.environ[key] = os.environ.get(key) or value
IMAGE, FILE, PUBLISH = os.environ["OLLAMA_IMAGE"], os.environ["COMPOSE_FILE"], os.environ["PUBLISH"]
GPU_REMEDY = "install the NVIDIA Container Toolkit, or take CONFIG=configs/embedded.yaml, which needs no GPU"
HEALTHY_SECONDS = 90
COMPOSE: list[str] = []


def main() -> None:
    command, *arguments = sys.argv[1:] or [""]
    commands: dict[str, Callable[..., None]] = {
        "build": build, "stage": stage, "logs": logs, "down": down, "fetch": fetch, "clean": clean, "purge": purge,
    }  # fmt: skip
    if command not in commands:
        fail(f"usage: docker/compose.py {' | '.join(commands)}")
    find_engine()
    commands[command](*arguments)


def fail(reason: str) -> None:
    print(f"error: {reason}", file=sys.stderr)
    raise SystemExit(1)


def call(*command: str) -> tuple[bool, str]:
    """Whether a command succeeded, and what it printed to both outputs."""
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    return done.returncode == 0, done.stdout.strip()


def find_engine() -> None:
    """Learn which Compose there is; a missing part of Docker ends the program in one sentence."""
    if not shutil.which("docker"):
        fail("there is no `docker` here: install Docker Engine, or run with RUNTIME=local")
    answers, facts = call("docker", "info", "--format", "{{json .}}")
    if not answers:
        host = os.environ.get("DOCKER_HOST") or "/var/run/docker.sock"
        fail(f"no Docker Engine answers at {host}: start it (or get the right to use it), or run with RUNTIME=local")
    if call("docker", "compose", "version")[0]:
        COMPOSE[:] = ["docker", "compose"]
    elif shutil.which("docker-compose"):
        COMPOSE[:] = ["docker-compose"]
    else:
        fail("this Docker has no Compose: install its plugin docker-compose-plugin, or run with RUNTIME=local")
    # a runtime of its own, or (CDI) a device that Docker found
    has_gpu = re.search(r'"nvidia"|nvidia\.com/gpu', facts) or shutil.which("nvidia-container-runtime-hook")
    if FILE == "docker-compose.yml" and not has_gpu:
        asker = os.environ.get("CONFIG") or FILE
        fail(f"{asker} asks for an NVIDIA GPU, which this Docker cannot hand out: {GPU_REMEDY}")


def build() -> None:
    images = re.findall(r"^ *image: *(fieldsift-\S+)$", call(*COMPOSE, "config")[1], re.MULTILINE)
    services = ("trainer", "create", "eval")
    if call("docker", "image", "inspect", *images)[0]:
        print("setup: the images, made again where something changed", flush=True)
        if call(*COMPOSE, "build", "--quiet", *services)[0]:
            return
    else:
        print("setup: building the images; the first time this takes minutes")
        if (
            FILE == "docker-compose.cpu.yml"
            and not os.environ.get("TORCH_INDEX")
            and not os.environ.get("PIP_EXTRA_INDEX_URL")
        ):
            print("setup: TORCH_INDEX=… (PyTorch's index of CPU wheels) would save 4 GB of torch's build for CUDA")
    sys.stdout.flush()
    if subprocess.run([*COMPOSE, "build", *services]).returncode:
        fail("the images could not be built, see above; what was built is kept")


def stage(service: str, module: str, *arguments: str) -> None:
    """Run a module in a new container; ends the program with its exit status."""
    os.environ["COMMIT"] = (
        os.environ.get("COMMIT") or call("git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")[1]
    )
    if module == "serve.create":
        start_server()
    options = [part for name in ("CONFIG", "DATA") for part in mounted(os.environ.get(name, ""))]
    if module in ("serve.ask", "serve.extract"):
        more, arguments = asking(arguments)
        options += more
    status = run(options, [service, "python", "-m", module, *arguments])
    if status == 137:
        limit = f"{service.upper()}_MEMORY"
        print(
            f"error: the container of {service} was killed: run the same command again, with more memory if it had"
            f" reached its limit ({limit})",
            file=sys.stderr,
        )
    elif status == 0 and module == "serve.create":
        print(f"serve: on this machine at http://{PUBLISH}")
    raise SystemExit(status)


def asking(arguments: tuple[str, ...]) -> tuple[list[str], tuple[str, ...]]:
    """Options of the container that asks, and the module's arguments: OUT is a file of this machine."""
    # the answers are written as the user who asks, behind sudo too: a root without capabilities could not
    user = f"{os.environ.get('SUDO_UID') or os.getuid()}:{os.environ.get('SUDO_GID') or os.getgid()}"
    options = ["--user", user]
    for name in ("IN", "HTML"):
        options += mounted(os.environ.get(name, ""))
    if out := os.environ.get("OUT"):
        path = Path(out).resolve()
        path.parent.mkdir(parents=True, exist_ok=True)  # Docker would make it root's
        options += volume(path.parent, "/host")
        arguments = (*arguments, f"--out=/host/{path.name}")
    return options, arguments


def mounted(name: str) -> list[str]:
    """Options that show a file or folder of the user's in the container under its name, relative ones below /app."""
    try:
        if not name or not Path(name).exists():
            return []
    except OSError:  # a page's text, longer than a file's name may be
        return []
    return volume(Path(name), f"{Path('/app') / name}:ro")


def volume(path: Path, inside: str) -> list[str]:
    """The options of one mount."""
    outside = str(path.resolve())
    if ":" in outside + inside.removesuffix(":ro"):
        fail(f"{path} has a colon in its name, which Docker cannot mount: rename it")
    return ["-v", f"{outside}:{inside}"]


def run(options: list[str], command: list[str]) -> int:
    """The exit status of `compose run`. Ctrl-C reaches the container once.

    Without a terminal Compose and Docker's client would each pass it on, and the second one ends training without its
    checkpoint; so they run in a session of their own, and the container is told directly.
    """
    head = [*COMPOSE, "run", "--rm", "--no-deps"]
    if sys.stdin.isatty() and sys.stdout.isatty():
        signal.signal(signal.SIGINT, lambda *_: None)  # the terminal sends it to Compose too
        return subprocess.run([*head, *options, *command]).returncode
    name = f"fieldsift-stage-{os.getpid()}"
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: call("docker", "kill", "--signal", "INT", name))
    return subprocess.run(
        [*head, "-T", "--name", name, *options, *command], stdin=subprocess.DEVNULL, start_new_session=True
    ).returncode


def start_server() -> None:
    """Start the server's container and wait until it answers."""
    server = choose_server()
    other = "ollama" if server == "embedded" else "embedded"
    if running(other):
        call(*COMPOSE, "rm", "--stop", "--force", other)
    started, output = call(*COMPOSE, "up", "--detach", "--no-deps", server)
    if not started:
        call(*COMPOSE, "rm", "--stop", "--force", server)  # what was made but not started
        fail(why_not(server, output))
    name = call(*COMPOSE, "ps", "-q", server)[1]
    deadline = time.monotonic() + HEALTHY_SECONDS
    while call("docker", "inspect", "--format", "{{.State.Health.Status}}", name)[1] != "healthy":
        if time.monotonic() > deadline:
            last = call("docker", "logs", "--tail", "1", name)[1]
            fail(f"{server} does not answer after {HEALTHY_SECONDS} s; its log ends with: {last}")
        time.sleep(1)


def choose_server() -> str:
    """`embedded` or `ollama`: as COMPOSE_PROFILES says, else what runs already, else Ollama where it can be had."""
    if "embedded" in WANTED or ("ollama" not in WANTED and running("embedded")):
        return "embedded"
    if running("ollama") or has_ollama():
        return "ollama"
    if "ollama" in WANTED:
        fail(f"{IMAGE} is not here and cannot be pulled: COMPOSE_PROFILES=embedded serves without it")
    print(f"serve: {IMAGE} is not here and cannot be pulled, so the embedded engine serves", flush=True)
    return "embedded"


def running(service: str) -> bool:
    found, name = call(*COMPOSE, "ps", "-q", service)
    return found and bool(name) and call("docker", "inspect", "--format", "{{.State.Running}}", name)[1] == "true"


def has_ollama() -> bool:
    if call("docker", "image", "inspect", IMAGE)[0]:
        return True
    print(f"serve: pulling {IMAGE}; the first time this takes minutes", flush=True)
    return call("docker", "pull", "--quiet", IMAGE)[0]


def why_not(server: str, output: str) -> str:
    """Why a server's container could not be started, from what Compose printed."""
    port = PUBLISH.rpartition(":")[2]
    if "already allocated" in output or "already in use" in output:
        owner = call("docker", "ps", "--filter", f"publish={port}", "--format", "the container {{.Names}}")[1]
        return f"port {port} is taken by {owner or 'another program'}: stop it or set PUBLISH=127.0.0.1:{int(port) + 1}"
    if "could not select device driver" in output:
        return f"Docker cannot hand out the GPU: {GPU_REMEDY}"
    return f"{server} could not be started: {output.splitlines()[-1]}"


def logs() -> None:
    names = call(*COMPOSE, "ps", "-aq", "embedded", "ollama")[1].split()
    if not names:
        fail("there is no server: `make serve` starts one")
    raise SystemExit(subprocess.run(["docker", "logs", "--tail", "200", names[0]]).returncode)


def down() -> None:
    done, output = call(*COMPOSE, "down", "--remove-orphans")
    if not done:
        fail(f"the containers could not be removed: {output.splitlines()[-1]}")
    print("serve: stopped; no container is left, the volumes stay")


def fetch() -> None:
    """Copy a run from the volume to artifacts/<run>.docker, a name that no run of the local runtime has."""
    run_name = os.environ.get("RUN", "")
    target, temporary = (Path("artifacts") / f"{run_name}.docker{end}" for end in ("", ".tmp"))
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    packed = [*COMPOSE, "run", "--rm", "--no-deps", "-T", "trainer", "tar", "-C", f"artifacts/{run_name}", "-c", "."]
    with subprocess.Popen(packed, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as tar:
        unpacked = subprocess.run(["tar", "-x", "-C", str(temporary), "--no-same-owner"], stdin=tar.stdout)
    if tar.returncode or unpacked.returncode:
        shutil.rmtree(temporary)
        fail(f"the volume has no run {run_name}: give another RUN=")
    shutil.rmtree(target, ignore_errors=True)
    temporary.rename(target)
    print(f"fetch: {target}")


def clean() -> None:
    """Delete on the volume what pipeline/clean.py deletes, and the servers' models, which `make serve` makes again."""
    sweep()
    remove("ollama", "embedded")


def purge(*confirm: str) -> None:
    """Say what the volume with the runs holds; with --confirm remove it, and the servers' models. Base models stay."""
    sweep("--purge", *confirm)
    if confirm:
        remove("artifacts", "ollama", "embedded")


def sweep(*options: str) -> None:
    if volumes("artifacts"):
        subprocess.run(
            [*COMPOSE, "run", "--rm", "--no-deps", "-T", "trainer", "python", "-m", "pipeline.clean", *options]
        )


def volumes(name: str) -> list[str]:
    """The names of the project's volumes that the Compose files call `name`."""
    project = os.environ.get("COMPOSE_PROJECT_NAME") or re.sub(r"[^_a-z0-9-]", "", Path.cwd().name.lower())
    labels = (f"com.docker.compose.project={project}", f"com.docker.compose.volume={name}")
    filters = [part for label in labels for part in ("--filter", f"label={label}")]
    return call("docker", "volume", "ls", "-q", *filters)[1].split()


def remove(*names: str) -> None:
    for found in [found for name in names for found in volumes(name)]:
        removed, output = call("docker", "volume", "rm", found)
        print(f"clean: removed the volume {found}" if removed else f"clean: {output}")


if __name__ == "__main__":
    main()
