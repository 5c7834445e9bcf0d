"""The machine: GPU, Docker, memory, disk, rights, ports. Standard library only; nothing is changed."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from doctor.finding import Finding, fine, warning, wrong
from serve.ports import owner

GB = 10**9
LEAST_DISK = 2 * GB  # a run on the embedded base, with room for a dataset
LEAST_MEMORY = 3 * GB  # the largest process of such a run takes 1.3 GB
SECONDS = 10


def stdout_of(*command: str) -> str | None:
    """What a program prints; None where it is missing, fails or does not end."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def gpus() -> list[dict[str, Any]]:
    """Name, driver, and memory in bytes (all and free) of each NVIDIA GPU."""
    query = "name,driver_version,memory.total,memory.free"
    lines = stdout_of("nvidia-smi", f"--query-gpu={query}", "--format=csv,noheader,nounits") or ""
    found = []
    for line in lines.splitlines():
        name, driver, total, free = (part.strip() for part in line.split(","))
        found.append({"name": name, "driver": driver, "total": int(total) << 20, "free": int(free) << 20})
    return found


def check_gpu(cards: list[dict[str, Any]], needed: bool) -> list[Finding]:
    """`needed`: whether the config's base model comes from the hub, and so wants CUDA."""
    if cards:
        return [
            fine("GPU", f"{c['name']}, {c['free'] / GB:.0f} of {c['total'] / GB:.0f} GB free, driver {c['driver']}")
            for c in cards
        ]
    if needed:
        return [
            wrong(
                "GPU",
                "none (nvidia-smi answers nothing), and this config's base needs one",
                "take CONFIG=configs/embedded.yaml, or a machine with an NVIDIA GPU and its driver",
            )
        ]
    return [fine("GPU", "none; the embedded base needs none")]


def check_torch(cards: list[dict[str, Any]]) -> list[Finding]:
    """Whether torch can be imported and sees the GPU."""
    try:
        import torch
    except Exception as error:  # a broken shared library raises OSError, a half-installed package anything
        return [wrong("torch", f"cannot be imported: {str(error).splitlines()[0]}", "make setup")]
    cuda = torch.cuda.is_available()
    if cards and not cuda:
        build = f"CUDA {torch.version.cuda}" if torch.version.cuda else "a CPU build"
        remedy = ".venv/bin/pip install --force-reinstall 'torch==2.13.0' (without a CPU index), or a newer driver"
        return [wrong("torch", f"{torch.__version__} ({build}) does not see the GPU", remedy)]
    return [fine("torch", f"{torch.__version__}, " + (f"CUDA {torch.version.cuda}" if cuda else "on the CPU"))]


def check_docker(needs_gpu: bool) -> list[Finding]:
    """Docker Engine, Compose, and the NVIDIA toolkit; only RUNTIME=docker needs them."""
    if not shutil.which("docker"):
        return [
            warning("Docker", "not installed; only RUNTIME=docker needs it", "install Docker Engine, or RUNTIME=local")
        ]
    output = stdout_of("docker", "info", "--format", "{{json .}}")
    info = json.loads(output) if output else {}
    if not info.get("ServerVersion"):
        return [
            warning(
                "Docker",
                "its Engine does not answer; only RUNTIME=docker needs it",
                "sudo systemctl start docker, or add yourself to the group docker",
            )
        ]
    found = [fine("Docker", f"Engine {info['ServerVersion']}")]
    if stdout_of("docker", "compose", "version") is None and not shutil.which("docker-compose"):
        found.append(warning("Compose", "missing", "install Docker's plugin docker-compose-plugin"))
    if "nvidia" in json.dumps(info).lower() or shutil.which("nvidia-container-runtime-hook"):
        found.append(fine("NVIDIA toolkit", "Docker can hand out GPUs"))
    elif needs_gpu:
        remedy = (
            "install nvidia-container-toolkit, then nvidia-ctk runtime configure --runtime=docker and restart Docker"
        )
        found.append(warning("NVIDIA toolkit", "Docker cannot hand out a GPU", remedy))
    return found


def check_memory() -> list[Finding]:
    """The computer's memory and its processors."""
    lines = Path("/proc/meminfo").read_text().splitlines() if Path("/proc/meminfo").is_file() else []
    sizes = {line.split(":")[0]: int(line.split()[1]) << 10 for line in lines}
    free, total = sizes.get("MemAvailable", 0), sizes.get("MemTotal", 0)
    text = f"{free / GB:.1f} of {total / GB:.1f} GB free, {len(os.sched_getaffinity(0))} processors"
    if total and free < LEAST_MEMORY:
        return [warning("memory", text, f"end other programs: training takes up to {LEAST_MEMORY / GB:.0f} GB")]
    return [fine("memory", text)] if total else []


def check_folder(name: str, folder: Path, least: int = LEAST_DISK) -> list[Finding]:
    """Whether a file can be written in `folder` (or where it will be made), and whether `least` bytes are free."""
    place = next(path for path in (folder, *folder.resolve().parents) if path.is_dir())
    try:
        tempfile.TemporaryFile(dir=place).close()
    except OSError as error:
        full = error.errno is not None and "space" in (error.strerror or "")
        remedy = f"free some space on the disk of {place}" if full else f"sudo chown -R $(id -un) {place}"
        return [wrong(name, f"{place} cannot be written as user {os.getuid()}: {error.strerror}", remedy)]
    free = shutil.disk_usage(place).free
    text = f"{folder}: {free / GB:.1f} GB free"
    if free < least:
        return [wrong(name, f"{text}, a run needs {least / GB:.1f} GB", f"free some space on the disk of {place}")]
    return [fine(name, text)]


def check_temporary() -> list[Finding]:
    """The folder for temporary files that the environment names. Where nothing can be written in it, Python takes
    another without a word, which may be on a smaller disk."""
    named = next((name for name in ("TMPDIR", "TEMP", "TMP") if os.environ.get(name)), None)
    folder = Path(os.environ[named] if named else "/tmp")
    if not folder.is_dir():
        remedy = f"mkdir -p {folder}" + (f", or unset {named}" if named else "")
        return [wrong("temporary files", f"{folder} is not there", remedy)]
    return check_folder("temporary files", folder, least=GB // 2)


def check_port(name: str, host: str, port: int, remedy: str) -> list[Finding]:
    """Whether a port is free to listen on, or who has it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError:
            return [wrong(name, f"user {os.getuid()} may not listen on port {port}", remedy)]
        except OSError:
            return [wrong(name, f"port {port} is taken by {owner(port)}", remedy)]
    return [fine(name, f"port {port} is free")]
