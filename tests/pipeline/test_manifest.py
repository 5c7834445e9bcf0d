import json
from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.files import sha256, write_text
from pipeline.manifest import Sums, output_of, read_manifest, record_stage, up_to_date


def test_a_stage_is_up_to_date_until_inputs_or_files_change(tmp_path: Path) -> None:
    path = tmp_path / "d" / "out"
    write_text(path, "x")
    record_stage(tmp_path, "train", {"seed": 1}, [tmp_path / "d"])
    assert up_to_date(tmp_path, "train", {"seed": 1})
    assert not up_to_date(tmp_path, "train", {"seed": 2})
    assert not up_to_date(tmp_path, "export", {"seed": 1})
    assert output_of(tmp_path, "train", "d/out")
    path.write_text("y")
    assert not up_to_date(tmp_path, "train", {"seed": 1})
    with pytest.raises(UserError, match="is not the file that `make train` wrote"):
        output_of(tmp_path, "train", "d/out")
    path.unlink()
    with pytest.raises(UserError, match="run `make train` first"):
        output_of(tmp_path, "train", "d/out")


def test_an_older_manifest_is_read_and_a_newer_one_refused(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    record_stage(tmp_path, "data", {}, [])
    written = json.loads(path.read_text())
    assert written.pop("version") == 1
    path.write_text(json.dumps(written))  # as before there were versions
    assert read_manifest(tmp_path) == written
    path.write_text(json.dumps(written | {"version": 2}))
    with pytest.raises(UserError, match="has version 2, but this fieldsift reads version 1"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("text", ['{"data": {"inp', "[1]", "", "[" * 100_000])
def test_a_damaged_manifest_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(UserError, match=r"manifest\.json") as caught:
        read_manifest(tmp_path)
    assert "\n" not in str(caught.value)


def test_sums_that_were_begun_earlier_are_not_computed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []
    monkeypatch.setattr("pipeline.manifest.sha256", lambda path: hashed.append(path.name) or sha256(path))
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "early").write_text("1")
    with Sums() as sums:
        sums.begin([tmp_path / "d"])
        (tmp_path / "late").write_text("2")
        record_stage(tmp_path, "export", {}, [tmp_path / "d", tmp_path / "late"], sums, n=3)
    entry = read_manifest(tmp_path)["export"]
    assert entry == {"inputs": {}, "outputs": {name: sha256(tmp_path / name) for name in ("d/early", "late")}, "n": 3}
    assert sorted(hashed) == ["early", "late"]
