"""How many threads may compute at once: physical cores that this process may use, within its container's quota."""

import math
import os
from functools import cache
from pathlib import Path

CPUS = Path("/sys/devices/system/cpu")
QUOTA = Path("/sys/fs/cgroup/cpu.max")  # cgroup v2: "<microseconds> <a period of microseconds>", or "max <…>"


@cache
def n_cores(cpus: Path = CPUS, quota: Path = QUOTA) -> int:
    """At least 1. Two hyper-threads of a core count as one: a second thread would only wait for the first's units."""
    cores = {_siblings(cpus, number) for number in os.sched_getaffinity(0)}
    return max(1, min(len(cores), _allowed(quota)))


def _siblings(cpus: Path, number: int) -> str:
    try:
        return (cpus / f"cpu{number}" / "topology" / "thread_siblings_list").read_text().strip()
    except OSError:
        return str(number)


def _allowed(quota: Path) -> int:
    try:
        share, period = quota.read_text().split()
        return math.ceil(int(share) / int(period))
    except (OSError, ValueError):  # no limit
        return os.cpu_count() or 1
