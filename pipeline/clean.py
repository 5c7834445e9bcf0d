"""Delete what the stages make again in minutes; a trained model only by `--purge --confirm`.

Of each run under artifacts/ that has its adapter: merged/ and gguf/, which `make export` writes again. The server's
models and log, and the caches of the tools. `--purge` says what else there is, with `--confirm` it deletes all of it.

    python -m pipeline.clean [--purge [--confirm]]
"""

import argparse
import shutil
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import run

ARTIFACTS = Path("artifacts")
REMADE = ("merged", "gguf")
CACHES = (".pytest_cache", ".mypy_cache", ".ruff_cache")
ADAPTER = "adapter/adapter_model.safetensors"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--purge", action="store_true", help="trained models too")
    parser.add_argument("--confirm", action="store_true", help="delete them; without it they are only listed")
    options = parser.parse_args()
    if options.purge:
        purge(options.confirm)
    else:
        clean()


def clean() -> None:
    """Delete what can be made again in minutes, and say which."""
    caches = [Path(name) for name in CACHES if Path(name).is_dir()]
    for path in (*remade(), *caches):
        print(f"clean: {path} ({megabytes(path)} MB)")
        shutil.rmtree(path)


def purge(confirm: bool) -> None:
    """Say what artifacts/ holds, run by run; with `confirm` delete it."""
    found = runs()
    for path in found:
        size = f"{path} ({megabytes(path)} MB)"
        trained = ", a trained model" if (path / ADAPTER).is_file() else ""
        print(f"purge: {'deleting' if confirm else 'would delete'} {size}{trained}")
        if confirm:
            shutil.rmtree(path)
    if not found:
        print(f"purge: {ARTIFACTS} is empty")
    elif not confirm:
        print("purge: nothing was deleted; `make purge CONFIRM=1` deletes it")


def remade() -> Iterator[Path]:
    """What `make export` and `make serve` write again. A run without its adapter keeps all that is left of it."""
    for path in runs():
        if path.name == ".server":
            yield path
        elif (path / ADAPTER).is_file():
            yield from (path / name for name in REMADE if (path / name).is_dir())


def runs() -> list[Path]:
    """The folders of artifacts/, the server's too."""
    return sorted(path for path in ARTIFACTS.glob("*") if path.is_dir())


def megabytes(folder: Path) -> str:
    """The size of a folder's files."""
    return f"{sum(path.stat().st_size for path in folder.rglob('*') if path.is_file()) / 1e6:.1f}"


if __name__ == "__main__":
    run(main)
