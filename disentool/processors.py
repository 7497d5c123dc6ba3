"""How many processors this process may keep busy."""

import math
import os
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")
_UNLIMITED = 1 << 20


def available() -> int:
    """Those that it is bound to, and in a container no more than its quota: at least 1."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(bound, math.ceil(_quota())))


def _quota() -> float:
    """Processors' worth of time that the container is given: by cgroups 2, else 1, else without limit."""
    old = _CGROUP / "cpu"
    for files in ((_CGROUP / "cpu.max",), (old / "cpu.cfs_quota_us", old / "cpu.cfs_period_us")):
        try:
            given, period = " ".join(file.read_text(encoding="ascii") for file in files).split()
            return int(given) / int(period) if int(given) > 0 else _UNLIMITED
        except (OSError, ValueError, ZeroDivisionError):  # not there, or "max 100000"
            continue
    return _UNLIMITED
