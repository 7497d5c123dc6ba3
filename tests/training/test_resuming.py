"""What ``--resume`` goes on with, and what it refuses."""

import pytest
from conftest import square_grid, write_dataset

from disentool.io import checkpoint

TRAIN = "train", "vae", "--latent-dim", 2, "--batch-size", 8, "--device", "cpu", "-q"


@pytest.fixture
def data(folder):
    images, factors = square_grid(16)
    return write_dataset(folder / "few.h5", images, factors)


def step(path):
    return checkpoint.read(path)["step"]


def test_the_data_of_the_checkpoint_is_taken_where_none_is_named(cli, folder, data):
    cli(*TRAIN, "--data", data, "--steps", 2).printed("ckpt.pt")
    cli(*TRAIN, "--steps", 3, "--resume").printed("ckpt.pt")
    cli(*TRAIN, "--steps", 3, "--resume").printed("ckpt.pt")  # complete
    assert step(folder / "ckpt.pt") == 3
    assert checkpoint.read(folder / "ckpt.pt")["data"]["spec"] == str(data)
    (folder / "c.yaml").write_text("data: other.h5\n")
    cli(*TRAIN, "--steps", 4, "--resume", "--config", "c.yaml").failed(1, "other.h5")
    data.unlink()
    cli(*TRAIN, "--steps", 4, "--resume").failed(1, "few.h5")


def test_another_precision_is_said(cli, folder, data):
    cli(*TRAIN[:-1], "--data", data, "--steps", 2).printed("ckpt.pt")
    assert "precision" not in cli(*TRAIN[:-1], "--steps", 3, "--resume").err
    outcome = cli(*TRAIN[:-1], "--steps", 4, "--resume", "--precision", "bf16")
    outcome.printed("ckpt.pt")
    assert "--precision was auto up to step 3, it is bf16 now" in outcome.err


def test_runs_of_a_sweep_that_are_not_begun_take_the_data_of_the_others(cli, folder, data):
    cli(*TRAIN, "--data", data, "--steps", 2, "--seed", 0, "-o", "ckpt-0.pt").printed("ckpt-0.pt")
    both = (*TRAIN, "--seeds", "0-1", "-o", "ckpt-{seed}.pt", "--resume", "--steps")
    cli(*both, 3).printed("ckpt-0.pt", "ckpt-1.pt")
    assert step(folder / "ckpt-1.pt") == 3
    other = write_dataset(folder / "other.h5", *square_grid(16))
    cli(*TRAIN, "--data", other, "--steps", 2, "--seed", 1, "-o", "ckpt-1.pt", "--overwrite").printed("ckpt-1.pt")
    cli(*both, 4).failed(2, "--data")


def test_all_that_differs_is_said_at_once(cli, folder, data):
    cli(*TRAIN, "--data", data, "--steps", 2).printed("ckpt.pt")
    again = "train", "vae", "--steps", 3, "--resume", "-q"
    outcome = cli(*again, "--batch-size", 4, "--latent-dim", 3, "--seed", 1)
    outcome.failed(1, "--batch-size 8", "--latent-dim 2", "--seed 0")
    cli(*again, "--batch-size", 8, "--latent-dim", 2, "--seed", 0).printed("ckpt.pt")


def test_a_preset_that_has_changed_since_keeps_the_first_weights_of_the_run(cli, folder, data):
    """As of 0.1.0's ``quick``, which began with torch's weights; whoever asks for other ones is refused."""
    quick = (*TRAIN, "--preset", "quick", "--data", data)
    cli(*quick, "--initialisation", "torch", "--steps", 2).printed("ckpt.pt")
    cli(*quick, "--steps", 2, "--resume").printed("ckpt.pt")  # complete
    cli(*quick, "--steps", 3, "--resume").printed("ckpt.pt")
    assert checkpoint.read(folder / "ckpt.pt")["config"]["initialisation"] == "torch"
    cli(*quick, "--initialisation", "glorot", "--steps", 4, "--resume").failed(1, "--initialisation")
    cli(*quick, "--steps", 2, "--overwrite").printed("ckpt.pt")
    assert checkpoint.read(folder / "ckpt.pt")["config"]["initialisation"] == "he"


def test_numbers_of_steps_that_no_run_reaches_are_refused_at_once(cli, data):
    cli(*TRAIN, "--data", data, "--steps", 10**30).failed(2, "--steps")
    cli(*TRAIN, "--data", data, "--steps", 10**12, "--keep-every", 1).failed(2, "--keep-every")
