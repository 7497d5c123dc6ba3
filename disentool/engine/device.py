"""Which device computes, and how this process is tuned for it."""

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from joblib import cpu_count

from disentool.errors import DeviceUnavailable

_within_full_precision = False


def choose(name: str, deterministic: bool = False, precision: str = "auto") -> torch.device:
    """The device that ``auto``, ``cpu``, ``cuda`` or ``mps`` names here; DeviceUnavailable if it is not there.

    ``precision``: on CUDA ``fp32`` and, for ``auto``, what is ``deterministic`` multiply in full float32, all else in
    TF32.
    """
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        name = next(kind for kind, is_there in there.items() if is_there)
    if not there[name]:
        built = "" if name != "cuda" or torch.version.cuda else f"; torch {torch.__version__} is a build without CUDA"
        found = ", ".join(kind for kind, is_there in there.items() if is_there)
        raise DeviceUnavailable(f"--device {name}: not available here{built}; available: {found}")
    if name == "cuda":
        if deterministic:
            os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # read when cuBLAS starts
        if not _within_full_precision:
            tf32 = precision in ("tf32", "bf16") or (precision == "auto" and not deterministic)
            torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32
            torch.backends.cudnn.benchmark = not deterministic
    torch.use_deterministic_algorithms(deterministic)
    if name == "cpu":
        _keep_freed_memory()
        if "OMP_NUM_THREADS" not in os.environ and cpu_count() < torch.get_num_threads():
            torch.set_num_threads(cpu_count())  # torch knows nothing of a container's quota, joblib does
    return torch.device(name)


def _keep_freed_memory() -> None:
    """Let glibc keep freed blocks instead of handing them back to the system.

    A step frees and allocates the same tens of megabytes of activations every time; by default each of them is mapped
    and cleared anew by the kernel, which takes a tenth of a training step or more.
    """
    if not sys.platform.startswith("linux"):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library
        return
    trim_threshold, mmap_threshold = -1, -3
    # Older glibc takes at most 32 MB. Either setting alone would freeze the other at its small default.
    if mallopt(mmap_threshold, 1 << 30) or mallopt(mmap_threshold, 32 << 20):
        mallopt(trim_threshold, 2**31 - 1)


@contextmanager
def full_precision() -> Iterator[None]:
    """Full float32 on CUDA, and the same kernels every time: where differences of nearly equal images decide.

    Holds whatever device is chosen within.
    """
    global _within_full_precision
    matmul, before = torch.backends.cuda.matmul.allow_tf32, _within_full_precision
    _within_full_precision = True
    try:
        with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
            torch.backends.cuda.matmul.allow_tf32 = False
            yield
    finally:
        torch.backends.cuda.matmul.allow_tf32, _within_full_precision = matmul, before
