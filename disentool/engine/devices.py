"""Which device computes, and the settings of this process for it.

Choosing a device changes nothing. :func:`configure` changes settings of the whole process, so only commands call it;
a caller from Python wraps a command in :func:`unchanged`, and keeps its own settings.
"""

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import torch
from joblib import cpu_count

from disentool.errors import DeviceUnavailable

_CUBLAS = "CUBLAS_WORKSPACE_CONFIG"
_kept_for_caller: ContextVar[bool] = ContextVar("_kept_for_caller", default=False)  # within unchanged()


def choose(name: str) -> torch.device:
    """The device that ``auto``, ``cpu``, ``cuda`` or ``mps`` names here; DeviceUnavailable if it is not there."""
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        name = next(kind for kind, is_there in there.items() if is_there)
    if not there[name]:
        built = "" if name != "cuda" or torch.version.cuda else f"; torch {torch.__version__} is a build without CUDA"
        found = ", ".join(kind for kind, is_there in there.items() if is_there)
        raise DeviceUnavailable(f"--device {name}: not available here{built}; available: {found}")
    return torch.device(name)


def configure(device: torch.device, deterministic: bool = False, precision: str = "auto") -> None:
    """Set threads, allocator and kernels of this process for ``device``.

    ``precision``: on CUDA ``fp32``, and ``auto`` where the run is ``deterministic``, multiply in full float32; all else
    multiplies in TF32.
    """
    if device.type == "cuda":
        if deterministic:
            os.environ.setdefault(_CUBLAS, ":4096:8")  # read when cuBLAS starts
        tf32 = precision in ("tf32", "bf16") or (precision == "auto" and not deterministic)
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32
        torch.backends.cudnn.benchmark = not deterministic
    _choose_algorithms(deterministic)
    if device.type == "cpu":
        if not _kept_for_caller.get():  # the allocator's thresholds cannot be read, so not be given back
            _keep_freed_memory()
        if "OMP_NUM_THREADS" not in os.environ and cpu_count() < torch.get_num_threads():
            torch.set_num_threads(cpu_count())  # torch knows nothing of a container's quota, joblib does


def _choose_algorithms(deterministic: bool, warn_only: bool = False) -> None:
    """Set what ``torch.use_deterministic_algorithms`` sets, and load its compiler only where something changes."""
    now = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    if now != (deterministic, warn_only):
        torch.use_deterministic_algorithms(deterministic, warn_only=warn_only)  # an import of more than a second


def _keep_freed_memory() -> None:
    """Let glibc keep freed blocks instead of handing them back to the system.

    A step frees and allocates the same tens of megabytes of activations every time; by default each of them is mapped
    and cleared anew by the kernel; this takes a tenth of a training step or more.
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


def has_amx() -> bool:
    """Whether the processor multiplies bfloat16 in tiles (AMX, in most Xeons since 2023), where Linux says so."""
    try:
        return "amx_bf16" in Path("/proc/cpuinfo").read_text(encoding="utf-8").split()
    except OSError:
        return False


@contextmanager
def unchanged() -> Iterator[None]:
    """A context after which all that :func:`configure` has set is as it was before; the allocator is not touched."""
    threads, cublas = torch.get_num_threads(), os.environ.get(_CUBLAS)
    deterministic = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    token = _kept_for_caller.set(True)
    with _kept_kernels():
        try:
            yield
        finally:
            _kept_for_caller.reset(token)
            torch.set_num_threads(threads)
            _choose_algorithms(*deterministic)
            if cublas is None:
                os.environ.pop(_CUBLAS, None)


@contextmanager
def full_precision() -> Iterator[None]:
    """Full float32 on CUDA, and the same kernels every time, for results that depend on small differences of images.

    Afterwards the settings are as they were.
    """
    if not torch.cuda.is_available():  # all that follows is CUDA's
        yield
        return
    backends: Any = torch.backends  # whose types do not list the newer names
    with _kept_kernels() as older:
        backends.cudnn.enabled, backends.cudnn.benchmark, backends.cudnn.deterministic = True, False, True
        _multiply_in(older, tf32=False)
        yield


@contextmanager
def tensor_float32() -> Iterator[None]:
    """TF32 on CUDA. Afterwards the settings are as they were."""
    if not torch.cuda.is_available():
        yield
        return
    with _kept_kernels() as older:
        _multiply_in(older, tf32=True)
        yield


def _multiply_in(older: tuple[str | None, bool | None], *, tf32: bool) -> None:
    """Set what CUDA multiplies in, by the names that :func:`_kept_kernels` found to be in use."""
    backends: Any = torch.backends  # whose types do not list the newer names
    products, convolutions = older
    word = "tf32" if tf32 else "ieee"
    if products is None:
        backends.cuda.matmul.fp32_precision = word
    else:
        backends.cuda.matmul.allow_tf32 = tf32
    if convolutions is None:
        backends.cudnn.conv.fp32_precision = word
    else:
        backends.cudnn.allow_tf32 = tf32


@contextmanager
def _kept_kernels() -> Iterator[tuple[str | None, bool | None]]:
    """CUDA's choice of kernels, and the precision of products and convolutions, are afterwards as they were.

    Gives both precisions by torch's older names. From 2.9 on it has newer names too, and where a caller has set those
    apart from the older ones, reading the older ones raises RuntimeError: then None, and the newer ones count.
    """
    backends: Any = torch.backends  # whose types do not list the newer names
    cudnn = backends.cudnn
    flags = cudnn.enabled, cudnn.benchmark, cudnn.deterministic
    newer = []
    if torch.__version__ >= "2.9":
        newer = [backends.cuda.matmul, cudnn.conv, cudnn.rnn, backends.mkldnn.matmul]
    precisions = [part.fp32_precision for part in newer]
    products = convolutions = None
    with suppress(RuntimeError):
        products = torch.get_float32_matmul_precision()
    with suppress(RuntimeError):
        convolutions = cudnn.allow_tf32
    try:
        yield products, convolutions
    finally:
        cudnn.enabled, cudnn.benchmark, cudnn.deterministic = flags
        if products is not None:
            torch.set_float32_matmul_precision(products)
        if convolutions is not None:
            cudnn.allow_tf32 = convolutions
        for part, precision in zip(newer, precisions, strict=True):
            part.fp32_precision = precision
