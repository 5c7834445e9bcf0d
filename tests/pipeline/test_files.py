import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline import files
from pipeline.errors import UserError, run
from pipeline.files import atomic_write, sweep, write_text


def fail_halfway(path: Path) -> None:
    path.write_text("half")
    raise RuntimeError


def test_a_file_is_whole_or_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with pytest.raises(RuntimeError), atomic_write(path) as temporary:
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

    with pytest.raises(UserError, match="no disk space left to write") as caught, atomic_write(tmp_path / "a"):
        fill()
    assert "\n" not in str(caught.value)
    with pytest.raises(SystemExit) as ended:
        run(fill)
    assert ended.value.code == 1
    assert capsys.readouterr().err.startswith("error: no disk space left")


def write_folder(path: Path, name: str, files: int = 1) -> None:
    with atomic_write(path) as folder:
        folder.mkdir()
        for number in range(files):
            (folder / f"{name}{number}").write_text("x")


def test_a_folder_is_replaced_whole(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_folder(tmp_path / "d", name)
    assert [path.name for path in (tmp_path / "d").iterdir()] == ["two0"]
    assert [path.name for path in tmp_path.iterdir()] == ["d"]


def test_a_folder_is_replaced_where_names_cannot_be_exchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_exchange", lambda one, other: False)
    test_a_folder_is_replaced_whole(tmp_path)


def test_a_folder_is_never_missing_between_two_versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, present = tmp_path / "d", []

    def watched(change: Callable[..., object]) -> Callable[..., object]:
        def step(*arguments: Any, **options: Any) -> object:
            present.append(path.is_dir())
            result = change(*arguments, **options)
            present.append(path.is_dir())
            return result

        return step

    write_folder(path, "one")
    for owner, name in ((Path, "rename"), (Path, "replace"), (shutil, "rmtree"), (files, "_exchange")):
        monkeypatch.setattr(owner, name, watched(getattr(owner, name)))
    write_folder(path, "two")
    assert (path / "two0").is_file()
    assert len(present) > 2
    assert all(present)


def test_what_gets_a_name_is_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[tuple[str, bool]] = []
    target = tmp_path / "d"

    def record(descriptor: int) -> None:
        synced.append((Path(os.readlink(f"/proc/self/fd/{descriptor}")).name, target.exists()))

    monkeypatch.setattr(os, "fsync", record)
    write_folder(target, "weights")
    temporary = synced[1][0]
    assert temporary.startswith(".d.")
    assert synced == [("weights0", False), (temporary, False), (tmp_path.name, True)]


def test_processes_with_the_same_number_share_no_temporary_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in two containers on one volume, each of which has a process 7."""
    monkeypatch.setattr(os, "getpid", lambda: 7)
    with atomic_write(tmp_path / "a") as one, atomic_write(tmp_path / "a") as other:
        one.write_text("one")
        other.write_text("other")
    assert (tmp_path / "a").read_text() == "one"  # the last to end


def test_leftovers_are_swept(tmp_path: Path) -> None:
    (tmp_path / ".f16.gguf.0a1b.tmp").write_text("half")
    (tmp_path / ".merged.0a1b.tmp" / "inner").mkdir(parents=True)
    write_text(tmp_path / "f16.gguf", "whole")
    assert [path.name for path in sweep(tmp_path)] == [".f16.gguf.0a1b.tmp", ".merged.0a1b.tmp"]
    assert [path.name for path in tmp_path.iterdir()] == ["f16.gguf"]
