"""An export vouches only for what it wrote."""

from pathlib import Path

import pytest

from pipeline.config import load
from pipeline.files import write_text
from pipeline.manifest import read_manifest, record_stage
from trainer.export import outputs, sweep_leftovers


def test_the_files_of_an_earlier_export_go(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_text(workspace / "c.yaml", "export: {quantization_method: [q4_k_m]}\n")
    config = load(workspace / "c.yaml")
    names = ("gguf/f16.gguf", "gguf/q4_k_m.gguf", "gguf/prompt.json", "merged/config.json")
    leftovers = ("gguf/q8_0.gguf", "gguf/imatrix.gguf", "gguf/.f16.gguf.0a1b.tmp", ".merged.0a1b.tmp")
    for name in (*names, *leftovers, "adapter/config.json", "gguf/notes.txt"):
        write_text(config.folder / name, "x")
    sweep_leftovers(config)
    output = capsys.readouterr().out
    for name in leftovers:
        assert not (config.folder / name).exists()
        assert f"removed artifacts/c/{name}, which an earlier export left" in output
    record_stage(config.folder, "export", {}, outputs(config))
    assert sorted(read_manifest(config.folder)["export"]["outputs"]) == sorted(names)
    assert (config.folder / "gguf" / "notes.txt").is_file()
    assert (config.folder / "adapter" / "config.json").is_file()
