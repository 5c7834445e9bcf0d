"""The examples of docs/clients.md do what it says, word for word, against the embedded engine."""

import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.conftest import Served

PAGE = Path(__file__).parents[2] / "docs" / "clients.md"
BLOCK = re.compile(r"^## (?P<title>.+?)$(?:(?!^## ).)*?^```(?P<language>\w+)\n(?P<code>.*?)^```", re.M | re.S)
EXAMPLES = {found["title"]: (found["language"], found["code"]) for found in BLOCK.finditer(PAGE.read_text())}
NEEDS = {"curl": "curl", "JavaScript": "node"}
IMPORTS = {"Python: openai": "openai", "Python: LangChain": "langchain_ollama", "Python: ollama": "ollama"}


def test_every_client_is_there() -> None:
    assert set(EXAMPLES) == {"curl", "JavaScript", "Python: fieldsift", *IMPORTS}


@pytest.mark.slow
@pytest.mark.parametrize("title", EXAMPLES)
def test_an_example_prints_the_record(served: Served, title: str) -> None:
    if title in NEEDS and not shutil.which(NEEDS[title]):
        pytest.skip(f"{NEEDS[title]} is not installed")
    if title in IMPORTS and not find_spec(IMPORTS[title]):
        pytest.skip(f"{IMPORTS[title]} is not installed")
    language, code = EXAMPLES[title]
    (served.folder / "schema.json").write_text(served.stage("serve.schema", "--config", "embedded.yaml"))
    code = code.replace("http://127.0.0.1:11434", served.host)
    command = {
        "sh": ["sh", "-c", code],
        "python": [sys.executable, "-c", code],
        "js": ["node", "--input-type=module", "-e", code],
    }[language]
    done = subprocess.run(
        command, cwd=served.folder, env=served.environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert "Oak table" in done.stdout
    assert re.search(r"450|€", done.stdout)
    if title == "Python: fieldsift":
        assert re.search(r"^name Oak table 0\.\d+ True \['/html/body/h1'", done.stdout, re.MULTILINE), done.stdout
