"""What two processes print whose hashes of strings differ, as sets' orders then do."""

import subprocess
import sys


def printed(code: str) -> set[str]:
    """The different outputs of Python code in two processes."""
    return {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
