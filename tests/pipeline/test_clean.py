import sys
from pathlib import Path

import pytest

from pipeline import clean
from pipeline.files import write_text

FILES = {
    "artifacts/trained/adapter/adapter_model.safetensors",
    "artifacts/trained/checkpoints/checkpoint-9/complete",
    "artifacts/trained/data/train.jsonl",
    "artifacts/trained/samples/f16.jsonl",
    "artifacts/trained/merged/model.safetensors",
    "artifacts/trained/gguf/f16.gguf",
    "artifacts/orphan/gguf/f16.gguf",
    "artifacts/.server/models/blobs/sha256-0",
    ".mypy_cache/any",
}
REMADE = {name for name in FILES if any(part in name for part in ("trained/merged", "trained/gguf", "server", "cache"))}


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> set[str]:
    """The files that are left."""
    monkeypatch.setattr(sys, "argv", ["clean", *arguments])
    clean.main()
    return {str(path) for path in Path().rglob("*") if path.is_file()}


@pytest.fixture
def files(workspace: Path) -> None:
    for name in FILES:
        write_text(workspace / name, "x")


@pytest.mark.usefixtures("files")
def test_clean_keeps_what_took_training(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch) == FILES - REMADE
    output = capsys.readouterr().out
    assert "clean: artifacts/trained/gguf (0.0 MB)" in output
    assert "orphan" not in output


@pytest.mark.usefixtures("files")
def test_purge_says_what_it_would_delete(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "--purge") == FILES
    output = capsys.readouterr().out
    assert "would delete artifacts/trained (0.0 MB), a trained model" in output
    assert "would delete artifacts/orphan (0.0 MB)\n" in output
    assert "`make purge CONFIRM=1` deletes it" in output
    assert run(monkeypatch, "--purge", "--confirm") == {".mypy_cache/any"}
    assert run(monkeypatch, "--purge") == {".mypy_cache/any"}
    assert "artifacts is empty" in capsys.readouterr().out
