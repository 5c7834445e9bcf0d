"""Which code made a file."""

import os
import subprocess
from pathlib import Path


def commit() -> str | None:
    """$COMMIT (a container has no repository), or the git commit of the code with "-dirty" after changes; else None."""
    if named := os.environ.get("COMMIT"):
        return named
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout.strip() or None
