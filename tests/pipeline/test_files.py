import errno
from pathlib import Path

import pytest

from pipeline.errors import UserError, run
from pipeline.files import output_of, record_stage, up_to_date, whole, write_text


def fail_halfway(path: Path) -> None:
    path.write_text("half")
    raise RuntimeError


def test_a_file_is_whole_or_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with pytest.raises(RuntimeError), whole(path) as temporary:
        fail_halfway(temporary)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


FULL = (
    OSError(errno.ENOSPC, "No space left on device"),
    RuntimeError("I/O error: No space left on device (os error 28)"),  # as safetensors says it
)


@pytest.mark.parametrize("error", FULL)
def test_a_full_disk_is_one_sentence(tmp_path: Path, error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    def fill() -> None:
        raise error

    with pytest.raises(UserError, match="no disk space left to write") as caught, whole(tmp_path / "a"):
        fill()
    assert "\n" not in str(caught.value)
    with pytest.raises(SystemExit) as ended:
        run(fill)
    assert ended.value.code == 1
    assert capsys.readouterr().err.startswith("error: no disk space left")


def test_a_folder_is_replaced_whole(tmp_path: Path) -> None:
    for name in ("one", "two"):
        with whole(tmp_path / "d") as folder:
            folder.mkdir()
            (folder / name).touch()
    assert [path.name for path in (tmp_path / "d").iterdir()] == ["two"]


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
