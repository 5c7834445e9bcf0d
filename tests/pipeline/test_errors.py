import errno
import os
from typing import NoReturn

import pytest

from pipeline.errors import run


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EROFS])
def test_a_folder_that_cannot_be_written_is_one_sentence(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    def stage() -> NoReturn:
        raise OSError(number, os.strerror(number), "artifacts/x")

    with pytest.raises(SystemExit) as caught:
        run(stage)
    assert caught.value.code == 1
    said = capsys.readouterr().err
    assert said.startswith(f"error: cannot use artifacts/x as user {os.getuid()}: {os.strerror(number)}; change its")
    assert said.count("\n") == 1


def test_another_error_keeps_its_trace() -> None:
    with pytest.raises(FileNotFoundError):
        run(lambda: os.stat("nothing"))  # type: ignore[arg-type]
