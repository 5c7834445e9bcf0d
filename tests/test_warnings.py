"""Whose warnings are errors: ours are, what a library's code says of itself is not."""

import importlib
import warnings
from pathlib import Path

import pytest

SYNTAX = "x = 1 is 1"


@pytest.mark.parametrize("text", [SYNTAX, "import warnings; warnings.warn('old', DeprecationWarning)"])
def test_a_library_may_warn_as_it_is_imported(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"library_{len(text)}"
    (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module(name)


def test_our_own_warnings_are_errors() -> None:
    with pytest.raises(DeprecationWarning):
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    with pytest.raises(SyntaxError, match="literal"):
        compile(SYNTAX, str(Path(__file__)), "exec")
