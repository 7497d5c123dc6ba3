"""Choosing a device changes nothing; configuring it changes the process, for commands alone, and can be undone."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import square_grid

from disentool.config import build
from disentool.engine import devices, inference
from disentool.engine.precision import TensorFloat32
from disentool.models import encoding
from disentool.models.decoding import images_of
from disentool.models.generator import generated_images, open_generator
from disentool.models.model import load_model
from disentool.models.prior import draw
from disentool.scoring.model_functions import of_codes
from disentool.training.config import RunConfig

CPU, CUDA = torch.device("cpu"), torch.device("cuda")
HAS_AMX = devices.has_amx  # before a fixture replaces it


def settings() -> dict[str, object]:
    """All of torch's that a caller can have set, as he reads it."""
    cudnn = torch.backends.cudnn
    return {
        "threads": torch.get_num_threads(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "warn_only": torch.is_deterministic_algorithms_warn_only_enabled(),
        "matmul": torch.backends.cuda.matmul.allow_tf32,
        "precision": torch.get_float32_matmul_precision(),
        "cudnn": (cudnn.enabled, cudnn.benchmark, cudnn.deterministic, cudnn.allow_tf32),
        "grad": torch.is_grad_enabled(),
        "inference": torch.is_inference_mode_enabled(),
        "numbers": torch.random.get_rng_state().tolist(),
        "cublas": os.environ.get("CUBLAS_WORKSPACE_CONFIG"),
    }


@pytest.fixture
def unusual():
    """Settings that are neither torch's nor the toolkit's, undone after the test."""
    before, numbers = settings(), torch.random.get_rng_state()
    torch.set_num_threads(3)
    torch.set_float32_matmul_precision("medium")
    torch.backends.cudnn.benchmark = torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.allow_tf32 = False
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.manual_seed(7)
    yield settings()
    torch.set_num_threads(before["threads"])
    torch.set_float32_matmul_precision(before["precision"])
    cudnn = torch.backends.cudnn
    cudnn.enabled, cudnn.benchmark, cudnn.deterministic, cudnn.allow_tf32 = before["cudnn"]
    torch.use_deterministic_algorithms(before["deterministic"], warn_only=before["warn_only"])
    torch.random.set_rng_state(numbers)


@pytest.fixture
def as_if_cuda(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)


def test_a_model_in_use_changes_nothing_of_its_callers(trained: Path, unusual):
    model = load_model(trained, "cpu")
    codes = encoding.of_images(model, square_grid()[0][:8])["mean"]
    (images,) = images_of(model, codes)
    assert (codes.shape, images.shape) == ((8, 4), (8, 32, 32, 1))
    draw(model, 3, seed=0)
    opened = open_generator(trained, "cpu")
    list(generated_images(opened, np.zeros((2, 4), np.float32)))
    of_codes("cpu").log_q(codes, codes, np.zeros_like(codes))
    assert settings() == unusual


@pytest.mark.parametrize("context", [inference.repeatable, devices.full_precision, devices.unchanged])
@pytest.mark.parametrize("fails", [False, True])
def test_contexts_restore_what_they_change(context, fails, unusual, as_if_cuda):
    try:
        with context():
            if context is not devices.unchanged:
                cudnn = torch.backends.cudnn
                assert not torch.backends.cuda.matmul.allow_tf32 and not cudnn.allow_tf32
                assert cudnn.deterministic and not cudnn.benchmark
            if fails:
                raise KeyError
    except KeyError:
        pass
    assert settings() == unusual


@pytest.mark.skipif(torch.__version__ < "2.9", reason="it has one name for each setting")
def test_settings_by_torchs_newer_names_are_kept_too(as_if_cuda):
    matmul, conv = torch.backends.cuda.matmul, torch.backends.cudnn.conv
    before = matmul.fp32_precision, conv.fp32_precision
    try:
        matmul.fp32_precision, conv.fp32_precision = "tf32", "ieee"
        with inference.repeatable():
            assert matmul.fp32_precision == conv.fp32_precision == "ieee"
        assert (matmul.fp32_precision, conv.fp32_precision) == ("tf32", "ieee")
    finally:
        matmul.fp32_precision, conv.fp32_precision = before


def test_on_a_cpu_a_context_touches_no_setting_of_cuda(unusual):
    with devices.full_precision():
        assert settings() == unusual


def test_choosing_changes_nothing(unusual, as_if_cuda):
    assert devices.choose("cuda") == CUDA
    assert devices.choose("cpu") == CPU
    assert settings() == unusual


def test_what_a_precision_sets(as_if_cuda):
    """On CUDA, here made believe: TF32 unless it is fp32, deterministic, or within full precision."""
    assert build(RunConfig, {}).precision == "auto"
    with devices.unchanged():
        for words, expected in (
            ({}, True),
            ({"precision": "fp32"}, False),
            ({"deterministic": True}, False),
            ({"precision": "bf16"}, True),
        ):
            devices.configure(CUDA, **words)
            assert torch.backends.cuda.matmul.allow_tf32 is torch.backends.cudnn.allow_tf32 is expected
            assert torch.are_deterministic_algorithms_enabled() is words.get("deterministic", False)
            assert torch.backends.cudnn.benchmark is not words.get("deterministic", False)
        with devices.full_precision():
            assert not torch.backends.cuda.matmul.allow_tf32 and not torch.backends.cudnn.allow_tf32
            assert not torch.backends.cudnn.benchmark
        assert torch.backends.cuda.matmul.allow_tf32 and torch.backends.cudnn.allow_tf32


def test_what_a_command_configures_can_be_undone(unusual, as_if_cuda, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(devices, "cpu_count", lambda: 2)
    with devices.unchanged():
        devices.configure(CUDA, deterministic=True)
        devices.configure(CPU)
        assert torch.get_num_threads() == 2 and not torch.are_deterministic_algorithms_enabled()
    assert settings() == unusual


def test_torch_takes_no_more_threads_than_a_containers_quota_unless_told(monkeypatch):
    monkeypatch.setattr(devices, "cpu_count", lambda: 2)
    with devices.unchanged():
        for told, expected in (("5", 5), (None, 2)):
            torch.set_num_threads(5)
            monkeypatch.setenv("OMP_NUM_THREADS", "5") if told else monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
            devices.configure(CPU)
            assert torch.get_num_threads() == expected


def test_every_command_that_computes_configures_the_process(cli, trained, squares, folder, monkeypatch):
    said: list[str] = []
    monkeypatch.setattr(devices, "configure", lambda device, *_, **__: said.append(device.type))
    for command in (
        ("encode", trained, "-o", "z.h5"),
        ("decode", trained, "z.h5", "-o", "d.h5"),
        ("sample", trained, "-n", "2", "-o", "s.png"),
        ("traverse", trained, "-o", "t.png", "--steps", "3"),
        ("swap", trained, "--dims", "0", "-o", "w.png"),
        ("invert", trained, "-o", "i.jsonl", "--loss", "mse", "--starts", "1", "--steps", "1", "--images", "1"),
        ("score", "--metric", "tc", "--protocol", "mixture", "z.h5"),
        ("score", "--metric", "kl", trained),
        ("train", "vae", "--data", squares, "--steps", "0", "-o", "v.pt"),
    ):
        said.clear()
        outcome = cli(*command, "--device", "cpu")
        assert (outcome.code, set(said)) == (0, {"cpu"}), (command, outcome)


def test_amx_is_what_linux_says_of_the_processor(monkeypatch):
    for text, expected in (("flags : fpu avx512_bf16 amx_bf16 amx_tile\n", True), ("flags : fpu avx512_bf16\n", False)):
        monkeypatch.setattr(Path, "read_text", lambda *_, text=text, **__: text)
        assert HAS_AMX() is expected

    def lacking(*_, **__):
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", lacking)
    assert HAS_AMX() is False


@pytest.mark.parametrize("older", [True, False])
def test_networks_in_tf32_leave_the_settings_as_they_were(older, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    torch.backends.cuda.matmul.allow_tf32 = older
    seen = []
    network = TensorFloat32(torch.nn.Identity())
    monkeypatch.setattr(
        torch.nn.Identity, "forward", lambda _, x: seen.append(torch.backends.cuda.matmul.allow_tf32) or x
    )
    assert network(1) == 1 and seen == [True]
    assert torch.backends.cuda.matmul.allow_tf32 is older
