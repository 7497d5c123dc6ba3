"""Nothing of the caller's process is changed: settings, handlers, generators, warnings."""

import os
import random
import signal
import sys
import threading
import warnings

import numpy as np
import pytest
import scipy.stats  # noqa: F401  when imported, these two set filters of warnings
import sklearn.ensemble  # noqa: F401  and environment variables, which is not the toolkit's doing
import torch
from conftest import SMALL_FACTOR

import disentool
from disentool.errors import (
    MissingFile,
)

QUICK = SMALL_FACTOR | {"steps": 4, "log_every": 2, "device": "cpu"}


def process() -> dict[str, object]:
    """All of a process that a library could change behind its caller's back."""
    return {
        "threads": (torch.get_num_threads(), torch.get_num_interop_threads()),
        "deterministic": (
            torch.are_deterministic_algorithms_enabled(),
            torch.is_deterministic_algorithms_warn_only_enabled(),
        ),
        "cudnn": (
            torch.backends.cudnn.enabled,
            torch.backends.cudnn.benchmark,
            torch.backends.cudnn.deterministic,
            torch.backends.cudnn.allow_tf32,
        ),
        "matmul": (torch.backends.cuda.matmul.allow_tf32, torch.get_float32_matmul_precision()),
        "torch": (torch.get_default_dtype(), torch.is_grad_enabled(), torch.is_inference_mode_enabled()),
        "torch random": torch.random.get_rng_state().tolist(),
        "numpy random": str(np.random.get_state()),
        "random": random.getstate(),
        "numpy": (np.geterr(), np.get_printoptions()),
        "signals": [signal.getsignal(number) for number in signal.valid_signals()],
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "path": list(sys.path),
        "warnings": list(warnings.filters),
        "hooks": (sys.excepthook, sys.stdout, sys.stderr),
        "threads alive": threading.active_count(),
    }


def test_nothing_of_the_process_is_changed(squares, folder, table):
    torch.manual_seed(17)
    random.seed(17)
    np.random.seed(17)
    before = process()
    disentool.train("factorvae", data=squares, **QUICK)
    model = disentool.load("ckpt.pt")
    data = disentool.open_dataset(squares)
    codes = model.encode(data.images[:20])
    model.decode(codes)
    model.sample(2)
    model.traverse(steps=2)
    model.score(["mig", "elbo"])
    disentool.encode("ckpt.pt", "z.h5")
    disentool.decode("ckpt.pt", "z.h5", "images.h5", rows=[0])
    disentool.sample("ckpt.pt", "samples.png", 4)
    disentool.traverse("ckpt.pt", ["grid.png", "out.gif", "page.html"], frames=4, dims=[0])
    disentool.swap("ckpt.pt", "swap.png", dims=[0])
    disentool.find_direction("ckpt.pt", "brightness", starts=5, method="tangent", force=True)
    few = slice(0, 192, 4)
    disentool.score(table.mean[few], table.factors[few], ["all", "dci-hist"])
    with pytest.raises(MissingFile, match=r"none\.pt"):
        disentool.load("none.pt")
    after = process()
    assert {name for name in before if before[name] != after[name]} == set()


@pytest.fixture
def unusual():
    """Settings of a caller's that are not torch's defaults."""
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = torch.backends.cuda.matmul.allow_tf32 = True
    torch.backends.cudnn.allow_tf32 = False
    yield
    torch.use_deterministic_algorithms(False)
    torch.backends.cudnn.benchmark = torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = True


def test_the_callers_torch_settings_are_left_alone(unusual, squares, folder, table, images, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)  # with it no thread count is ever set
    torch.set_num_threads(64)  # more than this machine has
    before = process()
    try:
        disentool.train("factorvae", data=squares, **QUICK)
        disentool.load("ckpt.pt", device="cpu").encode(images[:3])
        disentool.load("ckpt.pt", device="cpu").score("mig")
        disentool.encode("ckpt.pt", "z.h5", device="cpu")
        disentool.decode("ckpt.pt", "z.h5", "images.h5", rows=[0], device="cpu")
        disentool.sample("ckpt.pt", "samples.png", 4, device="cpu")
        disentool.traverse("ckpt.pt", "grid.png", dims=[0], device="cpu")
        disentool.swap("ckpt.pt", "swap.png", dims=[0], device="cpu")
        disentool.find_direction("ckpt.pt", "brightness", starts=5, method="tangent", force=True, device="cpu")
        disentool.score(table.mean, table.factors, "gaussian-tc")
        after = process()
    finally:
        torch.set_num_threads(1)
    assert {name for name in before if before[name] != after[name]} == set()
