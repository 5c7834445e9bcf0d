"""Each image, and the client by itself, asks for every package that its code imports."""

import re
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import packages_distributions

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.docker.needs import ROOT, STAGES, needs, third_party
from tests.test_dependencies import PROJECT

IMAGES = {"trainer": "fieldsift-trainer:cpu", "serve": "fieldsift-serve", "eval": "fieldsift-eval:cpu"}


def missing(modules: Iterable[str], requirements: Iterable[str]) -> set[str]:
    """The packages that modules import and no requirement names."""
    installed = packages_distributions()
    named = {canonicalize_name(Requirement(line).name) for line in requirements}
    packages = third_party(modules)
    assert packages
    return {name for name in packages if not named & {canonicalize_name(one) for one in installed[name]}}


@pytest.mark.parametrize("folder", IMAGES)
def test_an_image_asks_for_what_its_stages_import(folder: str) -> None:
    text = (ROOT / folder / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    [arguments] = re.findall(r"^RUN python requirements\.py (.*?)>", text, re.MULTILINE)
    names = re.sub(r'--extra "\$EXTRA"|\$\{EXTRA:[^}]*\}', "", arguments).split()  # as with EXTRA=
    command = [sys.executable, "docker/requirements.py", *names]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert not missing(needs(STAGES[IMAGES[folder]]), printed.splitlines())


def test_the_client_asks_for_what_it_imports() -> None:
    assert not missing(needs(["fieldsift.extractor"]), PROJECT["dependencies"])
