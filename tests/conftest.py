"""What the tests share: a small complete grid of squares, and a checkpoint trained on it for a moment."""

import importlib
import logging
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

# Small networks gain nothing from threads, and lose much when something else runs; subprocesses inherit it.
os.environ["OMP_NUM_THREADS"] = "1"

# A suite started in the background (`&`, nohup) inherits ignored signals; the tests send these, and they must act.
for number in (signal.SIGINT, signal.SIGHUP):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)

import hypothesis
import numpy as np
import pytest
import torch

from disentool.cli import run
from disentool.commands.train import train
from disentool.engine import devices
from disentool.io import hdf5, vgg
from disentool.io.schema import DATASET
from disentool.training.plan import plan

pytest_plugins = ["api_models", "table_pictures"]  # fixtures of the tests of the Python API, and of tables

torch.set_num_threads(1)
hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis.settings.load_profile("repeatable")

TESTS = Path(__file__).parent
ROOT, DATA = TESTS.parent, TESTS / "data"

NAMES, SIZES = ("size", "pos_x", "pos_y"), (3, 8, 8)


def square_grid(side: int = 32, channels: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """White squares of 3 sizes at 8 x 8 places: images uint8 [192,side,side,channels], factors int32 [192,3]."""
    factors = np.stack(np.meshgrid(*(np.arange(s) for s in SIZES), indexing="ij"), -1).reshape(-1, 3).astype(np.int32)
    images = np.zeros((len(factors), side, side, channels), np.uint8)
    unit = side // 16
    for image, (size, x, y) in zip(images, factors, strict=True):
        half, cx, cy = (size + 1) * unit, 3 * unit + x * 10 * unit // 7, 3 * unit + y * 10 * unit // 7
        image[max(cy - half, 0) : cy + half, max(cx - half, 0) : cx + half] = 255
    return images, factors


def write_dataset(path: Path, images: np.ndarray, factors: np.ndarray | None, **attributes) -> Path:
    """A data-set file of these arrays."""
    with hdf5.create(path, DATASET, overwrite=True) as out:
        out.array("images", images)
        facts = {"name": path.stem, "source": "a test", "likelihood": "bernoulli", "grid": False}
        if factors is not None:
            out.array("factors", factors.astype(np.int32))
            facts |= {"grid": True, "factor_names": NAMES, "factor_sizes": SIZES}
        out.attributes(**facts | attributes)
    return path


@pytest.fixture(scope="session")
def squares(tmp_path_factory) -> Path:
    """A data-set file: the whole grid of squares, 32x32."""
    return write_dataset(tmp_path_factory.mktemp("data") / "squares.h5", *square_grid())


def pixel_cost(images: np.ndarray, targets: np.ndarray) -> float:
    """The pixel loss of LORD written out, of float64 [B,C,H,W] in 0..1 whose sides 8 divides."""
    difference = images - targets
    total = np.abs(difference).mean()
    for _ in range(3):
        total += sum(np.abs(np.diff(difference, axis=axis)).mean() for axis in (2, 3))
        difference = sum(difference[:, :, i::2, j::2] for i in (0, 1) for j in (0, 1)) / 4
    return float(total)


def write_vgg(path, change=lambda weights: weights):
    """A file as torchvision's, with weights of a smaller scale drawn at random."""
    generator = torch.Generator().manual_seed(0)
    weights, size = {}, 3
    for layer, width in vgg._WIDTHS.items():
        scale = (2 / (9 * size)) ** 0.5
        weights[f"features.{layer}.weight"] = torch.randn(width, size, 3, 3, generator=generator) * scale
        weights[f"features.{layer}.bias"] = torch.randn(width, generator=generator) * 0.1
        size = width
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(change(weights | {"classifier.0.weight": torch.zeros(1)}), path)
    return path


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Before the fixtures of a test: no draw of numbers depends on the tests before it."""
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)


# Set by pytest for each test, and by torch and scikit-learn when they are first used.
THEIRS = {"PYTEST_CURRENT_TEST", "TORCHINDUCTOR_CACHE_DIR", "KMP_DUPLICATE_LIB_OK", "KMP_INIT_AT_FORK"}


def process_state() -> dict[str, object]:
    """What a test shares with those after it, and has to give back."""
    return {
        "folder": os.getcwd(),
        **{f"${name}": os.environ.get(name) for name in os.environ if name not in THEIRS},
        "path": list(sys.path),
        "streams": (sys.stdin, sys.excepthook),
        "signals": [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)],
        "logging": (logging.root.level, list(logging.root.handlers)),
        "numpy": (np.geterr(), np.get_printoptions()),
        "dtype": torch.get_default_dtype(),
        "gradients": torch.is_grad_enabled(),
    }


@pytest.fixture(autouse=True)
def gives_back(tmp_path_factory) -> Iterator[None]:
    """A test leaves the process as it was; torch's settings, which every command makes, are set back here."""
    before, known, threads = process_state(), set(sys.modules), torch.get_num_threads()
    deterministic = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    flags = cudnn.benchmark, cudnn.deterministic, cudnn.allow_tf32, matmul.allow_tf32
    yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(deterministic[0], warn_only=deterministic[1])
    cudnn.benchmark, cudnn.deterministic, cudnn.allow_tf32, matmul.allow_tf32 = flags
    after, temporary = process_state(), str(tmp_path_factory.getbasetemp())
    left = [name for name in before | after if before.get(name) != after.get(name)]
    files = {name: getattr(sys.modules[name], "__file__", None) for name in sys.modules.keys() - known}
    left += [name for name, file in files.items() if file and file.startswith(temporary)]
    assert left == [], "a test gives back what it changes"


SMALL = {"latent_dim": 4, "hidden_units": 32, "batch_size": 16}
SMALL_FACTOR = SMALL | {"discriminator_units": 32, "discriminator_layers": 2}


@pytest.fixture(scope="session")
def trained(squares, tmp_path_factory) -> Path:
    """A small FactorVAE after 30 steps on the squares."""
    output = tmp_path_factory.mktemp("model") / "ckpt.pt"
    given = SMALL_FACTOR | {"steps": 30, "log_every": 10, "data": str(squares), "device": "cpu"}
    return next(train(plan("factorvae", given, output=str(output))))


@pytest.fixture(autouse=True)
def without_amx(monkeypatch):
    """The processor has no AMX, so that `train` says the same on all of them."""
    monkeypatch.setattr(devices, "has_amx", lambda: False)


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """An empty working folder, with a cache of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DISENTOOL_CACHE", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture
def own_module(folder, monkeypatch):
    """Writes a module of the user's own into the working folder, and gives it imported; forgotten afterwards."""
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
    written = []

    def write(name: str, text: str) -> ModuleType:
        (folder / f"{name}.py").write_text(text)
        importlib.invalidate_caches()
        sys.modules.pop(name, None)
        written.append(name)
        return importlib.import_module(name)

    yield write
    for name in written:
        sys.modules.pop(name, None)


class Outcome(NamedTuple):
    """What a command line ended with: exit code, stdout and stderr."""

    code: int
    out: str
    err: str

    def failed(self, code: int, *words: str) -> None:
        """Assert this exit code, nothing on stdout, and one line on stderr that holds these words."""
        assert (self.code, self.out) == (code, ""), self
        assert self.err.startswith("disentool: "), self
        assert self.err.count("\n") == 1, self
        assert not [word for word in (*words, "") if word not in self.err], self
        assert "internal error" not in self.err, self

    def printed(self, *lines: object) -> None:
        """Assert success, and exactly these lines on stdout."""
        assert (self.code, self.out.splitlines()) == (0, [str(line) for line in lines]), self


@pytest.fixture
def cli(capsys) -> Callable[..., Outcome]:
    """Runs a command line in this process; :func:`shell` is the real one, and slower."""

    def call(*arguments: object) -> Outcome:
        capsys.readouterr()
        return Outcome(run([str(argument) for argument in arguments]), *capsys.readouterr())

    return call


def shell(*arguments: object, **options) -> subprocess.Popen:
    """The real entry point in a process of its own, its three streams being pipes of text unless options say else."""
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    command = [sys.executable, "-m", "disentool", *map(str, arguments)]
    return subprocess.Popen(command, **streams | options)


def flags(values: dict[str, object]) -> list[str]:
    """``{"batch_size": 16}`` as ``--batch-size 16``."""
    return [word for name, value in values.items() for word in (f"--{name.replace('_', '-')}", str(value))]
