"""What helps to diagnose a run: artifacts/<run>/logs/<stage>.log, and on stderr warnings, with -v more.

What a user should read is printed and not logged.
"""

import logging
import os
import sys
from contextlib import suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
STAGES = {"data", "train", "export", "create", "score"}  # asking only reads a run, perhaps as another user
MAX_BYTES = 2_000_000  # of a log file; the one before it is kept


def begin(run: Path, verbose: bool = False) -> None:
    """Log to stderr and, in a stage, to its file; replaces what an earlier call set up."""
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if handler.name == __name__]:
        root.removeHandler(handler)
        handler.close()
    console = logging.StreamHandler()
    console.setLevel(logging.INFO if verbose else logging.WARNING)
    for handler in (console, *_files(run, Path(sys.argv[0]).stem)):
        handler.name = __name__
        handler.setFormatter(logging.Formatter(FORMAT))
        root.addHandler(handler)
    root.setLevel(logging.INFO)


def _files(run: Path, stage: str) -> list[logging.Handler]:
    """The stage's file; of several processes that train, only the first has one."""
    path = run / "logs" / f"{stage}.log"
    if stage in STAGES and os.environ.get("LOCAL_RANK", "0") == "0":
        with suppress(OSError):  # a log that cannot be written ends no stage
            path.parent.mkdir(parents=True, exist_ok=True)
            return [RotatingFileHandler(path, maxBytes=MAX_BYTES, backupCount=1, encoding="utf-8")]
    return []
