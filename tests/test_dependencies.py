"""pyproject.toml gives ranges, constraints.txt the one version of each that set-up installs."""

import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
DIRECT = [Requirement(line) for lines in (PROJECT["dependencies"], *EXTRAS.values()) for line in lines]
NOT_EXACT = {"certifi"}  # it holds certificates


def pins() -> dict[str, Requirement]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    found = [Requirement(text) for line in lines if (text := line.partition("#")[0].strip())]
    return {canonicalize_name(pin.name): pin for pin in found}


def needed(names: list[Requirement], found: set[str]) -> Iterator[str]:
    """The canonical names of packages and of all that they bring on this machine, where they are installed."""
    for requirement in names:
        name = canonicalize_name(requirement.name)
        if (name, *requirement.extras) == (name,) and name in found:
            continue
        found.add(name)
        yield name
        try:
            brought = [Requirement(line) for line in requires(name) or []]
        except PackageNotFoundError:
            continue  # the CUDA extra
        extras = requirement.extras or {""}
        used = [one for one in brought if not one.marker or any(one.marker.evaluate({"extra": e}) for e in extras)]
        yield from needed(used, found)


def test_all_that_setup_installs_has_one_version() -> None:
    known = pins()
    missing = {name for name in needed(DIRECT, set()) if name not in known}
    assert not missing, f"name them in constraints.txt: {', '.join(sorted(missing))}"
    loose = {name for name, pin in known.items() if not str(pin.specifier).startswith("==")}
    assert loose == NOT_EXACT


@pytest.mark.parametrize("requirement", DIRECT, ids=str)
def test_a_dependency_is_a_range_that_its_pin_is_in(requirement: Requirement) -> None:
    operators = {part.operator for part in requirement.specifier}
    assert operators == {">=", "<"}
    [pin] = pins()[canonicalize_name(requirement.name)].specifier
    assert requirement.specifier.contains(pin.version)
