"""Python and its packages against the versions that constraints.txt pins."""

from __future__ import annotations

import platform
import re
import sys
from importlib import metadata
from pathlib import Path

from doctor.finding import Finding, fine, warning, wrong

LISTED = re.compile(r'^\s*"(?P<name>[A-Za-z0-9_.-]+)(?:==(?P<version>[^"]+))?', re.MULTILINE)
PIN = re.compile(r"^(?P<name>[A-Za-z0-9_.-]+)==(?P<version>\S+)", re.MULTILINE)
SECTION = re.compile(r"^(?P<name>dependencies|[a-z]+) = \[\n(?P<body>.*?)^\]", re.MULTILINE | re.DOTALL)
INSTALL = ".venv/bin/pip install --constraint constraints.txt"
OLDEST = (3, 11)


def pins(root: Path, sections: tuple[str, ...]) -> dict[str, str]:
    """Version by package of these lists of pyproject.toml; where it gives a range, constraints.txt pins the version.

    Read by pattern, because Python 3.10 has no tomllib.
    """
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    bodies = [found["body"] for found in SECTION.finditer(text) if found["name"] in sections]
    constraints = (root / "constraints.txt").read_text(encoding="utf-8")
    versions = {_folded(found["name"]): found["version"] for found in PIN.finditer(constraints)}
    listed = [found for body in bodies for found in LISTED.finditer(body)]
    return {found["name"]: found["version"] or versions[_folded(found["name"])] for found in listed}


def _folded(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def check_python(root: Path) -> list[Finding]:
    """The interpreter and the virtual environment."""
    version, machine = platform.python_version(), f"{platform.system()} on {platform.machine()}"
    found = [fine("Python", f"{version}, {machine}")]
    if sys.version_info < OLDEST:
        found = [wrong("Python", f"{version} is older than 3.11", "make setup PYTHON=python3.11 (or later)")]
    elif (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        found = [warning("Python", f"{version}, {machine}: only Linux on x86-64 is tested", "make RUNTIME=docker …")]
    if not (root / ".venv" / "bin" / "python").exists():
        found.append(wrong("environment", f"there is no {root / '.venv'}", "make setup"))
    return found


def check_packages(root: Path, cuda: bool) -> list[Finding]:
    """Whether each pinned package is here in its version; `cuda` adds those that training on a GPU needs."""
    sections = ("dependencies", "pipeline", *(("cuda",) if cuda else ()))
    wanted = pins(root, sections)
    found = []
    for name, version in wanted.items():
        have = installed(name)
        remedy = f"{INSTALL} '{name}=={version}'"
        if have is None:
            found.append(wrong("package", f"{name} {version} is not installed", remedy))
        elif have.partition("+")[0] != version:
            found.append(warning("package", f"{name} is {have}, pinned is {version}", remedy))
    if len(found) > len(wanted) // 2:
        return [
            wrong("packages", f"{len(found)} of {len(wanted)} pinned packages are not here as pinned", "make setup")
        ]
    return found or [fine("packages", f"all {len(wanted)} as pinned in constraints.txt")]


def installed(name: str) -> str | None:
    """A package's version; None where it is not installed."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
