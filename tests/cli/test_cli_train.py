"""``disentool train``: runs, resuming, signals, and everything that can be wrong before or while training."""

import errno
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import yaml
from conftest import SMALL, SMALL_FACTOR, flags, shell, square_grid, write_dataset

from disentool.engine import devices
from disentool.io import checkpoint

FACTOR = ["train", "factorvae", *flags(SMALL_FACTOR), "--device", "cpu"]
VAE = ["train", "vae", *flags(SMALL), "--device", "cpu"]


@pytest.fixture
def data(folder, squares) -> Path:
    """./data.h5"""
    return Path(shutil.copy(squares, folder / "data.h5"))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def same(one, two) -> bool:
    """Whether nested dicts and lists hold the same tensors, bit for bit, and the same values."""
    if isinstance(one, dict):
        return one.keys() == two.keys() and all(same(one[key], two[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(two) and all(map(same, one, two))
    return torch.equal(one, two) if isinstance(one, torch.Tensor) else one == two


def same_run(one: Path, two: Path) -> bool:
    one, two = checkpoint.read(one), checkpoint.read(two)
    return all(same(one[key], two[key]) for key in ("networks", "optimizers", "step", "rng", "window", "statistics"))


# ---- one run


def test_a_run(cli, folder, data):
    outcome = cli(*FACTOR, "--data", "data.h5", "--steps", 20, "--log-every", 5)
    outcome.printed("ckpt.pt")
    assert outcome.err.count("\n") == 1 and "dimensions carry information" in outcome.err
    assert names(folder) == ["ckpt.history.jsonl", "ckpt.pt", "data.h5"]
    content = checkpoint.read(folder / "ckpt.pt")
    assert content["step"] == 20
    assert content["config"] | SMALL_FACTOR == content["config"]
    assert content["command"].startswith("disentool train factorvae --latent-dim 4")
    assert content["data"]["spec"] == str(data.resolve())
    lines = [json.loads(line) for line in (folder / "ckpt.history.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [5, 10, 15, 20]
    assert lines == content["history"]
    assert lines[0].keys() >= {"step", "time", "reconstruction", "kl", "tc", "discriminator_accuracy"}


@pytest.mark.parametrize("method", ["vae", "betavae", "factorvae"])
def test_every_method_is_a_command(cli, folder, data, method):
    own = flags(SMALL_FACTOR if method == "factorvae" else SMALL)
    cli("train", method, *own, "--data", data, "--steps", 2, "-q", "-o", "new/folder/a.pt").printed("new/folder/a.pt")
    assert checkpoint.read(folder / "new/folder/a.pt")["method"] == method
    assert cli("score", "--metric", "kl", "new/folder/a.pt").code == 0


def test_no_steps_at_all(cli, folder, data):
    cli(*VAE, "--data", data, "--steps", 0).printed("ckpt.pt")
    assert checkpoint.read(folder / "ckpt.pt")["step"] == 0


def test_the_same_again_is_the_same_run(cli, folder, data):
    for name in ("a.pt", "b.pt"):
        cli(*VAE, "--data", data, "--steps", 5, "-o", name).printed(name)
    cli(*VAE, "--data", data, "--steps", 5, "--seed", 1, "-o", "c.pt").printed("c.pt")
    assert same_run(folder / "a.pt", folder / "b.pt")
    assert not same_run(folder / "a.pt", folder / "c.pt")


def test_plain_lines_where_stderr_is_no_terminal(cli, folder, data, monkeypatch):
    clock = SimpleNamespace(monotonic=map(float, itertools.count(0, 40)).__next__)
    monkeypatch.setattr("disentool.cli.progress.time", clock)
    run = [*FACTOR, "--data", data, "--steps", 3, "--log-every", 1]
    outcome = cli(*run)
    outcome.printed("ckpt.pt")
    assert "\x1b" not in outcome.err
    *_, last, information = outcome.err.splitlines()
    assert re.fullmatch(
        r"factorvae ckpt\.pt: 3/3 steps, [\d.]+/s, done in [\d:]+, rec [\d.]+, kl .*, tc .*, D acc .*", last
    )
    assert "dimensions carry information" in information
    assert cli(*run, "-q", "--overwrite").err == ""


# ---- several runs


def test_a_run_for_every_value(cli, folder, data):
    outcome = cli(*VAE, "--data", data, "--steps", 2, "--learning-rate", "1e-3,1e-4", "--seeds", "0-1")
    expected = [f"ckpt-{rate}-{seed}.pt" for rate in ("0.001", "0.0001") for seed in (0, 1)]
    outcome.printed(*expected)
    for name in expected:
        content = checkpoint.read(folder / name)
        _, rate, seed = name.removesuffix(".pt").split("-")
        assert content["config"]["learning_rate"] == float(rate)
        assert content["rng"]["seed"] == int(seed)
    single = cli(*VAE, "--data", data, "--steps", 2, "--learning-rate", "1e-4", "--seed", 1, "-o", "single.pt")
    single.printed("single.pt")
    assert same_run(folder / "single.pt", folder / "ckpt-0.0001-1.pt")
    assert (folder / "ckpt-0.001-0.history.jsonl").exists()


def test_seeds(cli, folder, data):
    cli(*VAE, "--data", data, "--steps", 1, "--seeds", "3,7-8", "-o", "r/{seed}.pt").printed(
        "r/3.pt", "r/7.pt", "r/8.pt"
    )
    for text in ("", "x", "3-1", "1-", "-3", "1,,2", "0-10000"):
        cli(*VAE, "--data", data, f"--seeds={text}").failed(2, f"--seeds {text}")
    cli(*VAE, "--data", data, "--seeds", "0-1", "--seed", 3).failed(2, "--seeds")
    cli(*VAE, "--data", data, "--seeds", "0-1", "-o", "a.pt").failed(2, "{seed}")
    cli(*VAE, "--data", data, "--seeds", "0,0").failed(2, "ckpt-0.pt")
    cli(*VAE, "--data", data, "-o", "{sead}.pt").failed(2, "seed?")
    assert names(folder / "r") == sorted(f"{seed}{end}" for seed in (3, 7, 8) for end in (".pt", ".history.jsonl"))


def test_one_output_in_the_way_of_many_stops_all(cli, folder, data):
    (folder / "ckpt-2.pt").write_text("mine")
    before = contents(folder)
    cli(*VAE, "--data", data, "--steps", 1, "--seeds", "0-4").failed(1, "ckpt-2.pt")
    assert contents(folder) == before


def test_snapshots(cli, folder, data):
    cli(*VAE, "--data", data, "--steps", 6, "--keep-every", 2).printed("ckpt-2.pt", "ckpt-4.pt", "ckpt-6.pt", "ckpt.pt")
    for step, name in {2: "ckpt-2.pt", 4: "ckpt-4.pt", 6: "ckpt.pt"}.items():
        assert checkpoint.read(folder / name)["step"] == step
    (folder / "other-4.pt").write_text("mine")
    cli(*VAE, "--data", data, "--steps", 6, "--keep-every", 2, "-o", "other.pt").failed(1, "other-4.pt")


# ---- what is printed instead


def test_a_dry_run_feeds_config(cli, folder, data):
    outcome = cli(*FACTOR, "--data", data, "--gamma", 7, "--epochs", 0.5, "--keep-every", 3, "--dry-run")
    assert (outcome.code, outcome.err) == (0, "")
    assert names(folder) == ["data.h5"]
    (folder / "c.yaml").write_text(outcome.out)
    again = cli("train", "factorvae", "--config", "c.yaml", "--dry-run")
    assert again.out == outcome.out
    assert yaml.safe_load(outcome.out) | {
        "gamma": 7,
        "latent_dim": 4,
        "epochs": 0.5,
        "keep_every": 3,
    } == yaml.safe_load(outcome.out)
    cli("train", "factorvae", "--config", "c.yaml").printed("ckpt-3.pt", "ckpt-6.pt", "ckpt.pt")
    assert checkpoint.read(folder / "ckpt.pt")["step"] == 6
    over = yaml.safe_load(cli("train", "factorvae", "--config", "c.yaml", "--keep-every", "none", "--dry-run").out)
    assert over["keep_every"] is None


def test_a_dry_run_of_many(cli, folder):
    outcome = cli(
        "train", "factorvae", "--gamma", "10,20", "--seeds", "0-1", "-o", "a b/{gamma}-{seed}.pt", "--dry-run"
    )
    first, *_ = outcome.out.splitlines()
    assert first == "--- # disentool train factorvae -o 'a b/10-0.pt'"
    runs = list(yaml.safe_load_all(outcome.out))
    assert [(run["gamma"], run["seed"]) for run in runs] == [(10, 0), (10, 1), (20, 0), (20, 1)]
    assert names(folder) == []
    (folder / "c.yaml").write_text(outcome.out)
    cli("train", "factorvae", "--config", "c.yaml").failed(2, "document")


# ---- wrong before anything starts


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ("--gamma x", 2, "'x'"),
        ("--gamma -1", 2, "'-1'"),
        ("--gamma 1,,2", 2, "--gamma"),
        ("--gamma nan", 2, "'nan'"),
        ("--batch-size 1.5", 2, "--batch-size"),
        ("--batch-size 0", 2, "--batch-size"),
        ("--latent-dim 4097", 2, "--latent-dim"),
        ("--beta1 1", 2, "--beta1"),
        ("--likelihood bernouli", 2, "bernoulli?"),
        ("--device cuba", 2, "cuda"),
        ("--preset quik", 2, "'--preset'"),
        ("--seed 1e30", 2, "--seed"),
        ("--steps 5 --epochs 5", 2, "--steps"),
        ("--epochs 0", 2, "--epochs"),
        ("--log-every 0", 2, "--log-every"),
        ("--resume --overwrite", 2, "--resume"),
        ("-o ckpt.h5", 2, "ckpt.h5"),
        ("-o out/", 2, "out/"),
        ("--data dsprite", 2, "dsprites?"),
        ("--data nothing.h5", 1, "nothing.h5"),
        ("--data out/nothing", 1, "out/nothing"),
        ("--config nothing.yaml", 1, "nothing.yaml"),
        ("--frobnicate", 2, "--frobnicate"),
        ("surplus", 2, "surplus"),
    ],
)
def test_wrong_usage(cli, folder, arguments, code, words):
    cli("train", "factorvae", *arguments.split()).failed(code, words)
    assert names(folder) in ([], ["out"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("gama: 3", "'gama'"),
        ("gamma: much", "'much'"),
        ("gamma: {a: 1}", "{'a': 1}"),
        ("device: [cpu, cuda]", "--device"),
        ("- gamma", "a list"),
        ("gamma: [", "YAML"),
        ("steps: 3\nepochs: 3", "--epochs"),
    ],
)
def test_wrong_yaml(cli, folder, text, words):
    (folder / "c.yaml").write_text(text)
    cli("train", "factorvae", "--config", "c.yaml").failed(2, words)
    assert names(folder) == ["c.yaml"]


def test_images_too_small(cli, folder):
    images, factors = square_grid()
    write_dataset(folder / "tiny.h5", np.ascontiguousarray(images[:, :7, :29]), factors)
    outcome = cli(*VAE, "--data", "tiny.h5", "--steps", 1)
    outcome.failed(1, "7x29")
    assert names(folder) == ["tiny.h5"]


@pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA is there")
def test_cuda_where_there_is_none(cli, folder, data):
    cli("train", "vae", "--data", data, "--device", "cuda").failed(1, "--device")
    assert names(folder) == ["data.h5"]


@pytest.mark.parametrize("output", ["file/a.pt", "file/b/a.pt", "taken.pt", "link.pt", "folder.pt", "fifo.pt"])
def test_outputs_that_cannot_be(cli, folder, data, output):
    (folder / "file").write_text("mine")
    (folder / "taken.pt").write_text("mine")
    (folder / "link.pt").symlink_to("nowhere.pt")
    (folder / "folder.pt").mkdir()
    os.mkfifo(folder / "fifo.pt")
    before = contents(folder)
    cli(*VAE, "--data", data, "-o", output).failed(1, f"{output}: ")
    if output == "taken.pt":
        cli(*VAE, "--data", data, "-o", output, "--resume").failed(1, "checkpoint")
        cli(*VAE, "--data", data, "-o", output, "--steps", 1, "--overwrite").printed(output)
        assert checkpoint.read(folder / output)["step"] == 1
    else:
        assert contents(folder) == before


def test_a_history_in_the_way(cli, folder, data):
    (folder / "ckpt.history.jsonl").write_text("mine")
    cli(*VAE, "--data", data).failed(1, "ckpt.history.jsonl")
    assert (folder / "ckpt.history.jsonl").read_text() == "mine"


# ---- resuming


def test_resume_is_idempotent(cli, folder, data):
    run = [*FACTOR, "--data", data, "--steps", 6, "--log-every", 2, "--resume"]
    cli(*run).printed("ckpt.pt")  # nothing there: start
    before = contents(folder)
    outcome = cli(*run)  # complete: nothing to do
    outcome.printed("ckpt.pt")
    assert outcome.err.count("\n") == 1 and "6 steps" in outcome.err
    assert cli(*run, "-q").err == ""
    assert contents(folder) == before
    cli(*run[:-1]).failed(1, "--overwrite")
    cli(*FACTOR, "--data", data, "--steps", 10, "--log-every", 2, "--resume").printed("ckpt.pt")  # more: go on
    cli(*FACTOR, "--data", data, "--steps", 10, "--log-every", 2, "-o", "whole.pt").printed("whole.pt")
    assert same_run(folder / "ckpt.pt", folder / "whole.pt")
    before = contents(folder)
    outcome = cli(*run)  # fewer: more than complete
    outcome.printed("ckpt.pt")
    assert "10 steps" in outcome.err
    assert contents(folder) == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("--gamma 3", "--gamma 40.0"),
        ("--latent-dim 5", "--latent-dim 4"),
        ("--batch-size 8", "--batch-size 16"),
        ("--seed 1", "--seed 0"),
        ("--likelihood gaussian", "--likelihood auto"),
        ("--data other.h5", "squares"),
    ],
)
def test_resuming_with_another_configuration(cli, folder, data, arguments, words):
    images, factors = square_grid()
    write_dataset(folder / "other.h5", 255 - images, factors)
    cli(*FACTOR, "--data", data, "--steps", 2).printed("ckpt.pt")
    before = contents(folder)
    option, value = arguments.split()
    given = SMALL_FACTOR | {"data": data, "device": "cpu", "steps": 4} | {option[2:].replace("-", "_"): value}
    cli("train", "factorvae", *flags(given), "--resume").failed(1, words)
    assert contents(folder) == before
    cli("train", "vae", "--data", data, "--steps", 4, "--resume").failed(1, "factorvae")
    assert contents(folder) == before


def test_resuming_where_the_data_is_now(cli, folder, data):
    cli(*VAE, "--data", data, "--steps", 2).printed("ckpt.pt")
    data.rename("moved.h5")
    cli(*VAE, "--data", "moved.h5", "--steps", 3, "--resume").printed("ckpt.pt")


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("optimizers",), {}),
        (("optimizers", "vae"), {"state": {}, "param_groups": []}),
        (("window",), {}),
        (("window", "vae"), {"names": ["a"], "sums": [], "count": "x"}),
        (("rng",), {}),
        (("networks", "encoder", "0.weight"), torch.zeros(3)),
        (("seconds",), "long"),
        (("step",), -1),
    ],
    ids=str,
)
def test_resuming_a_damaged_checkpoint(cli, folder, data, place, value):
    cli(*VAE, "--data", data, "--steps", 2).printed("ckpt.pt")
    content = inner = checkpoint.read(folder / "ckpt.pt")
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = value
    torch.save(content, folder / "ckpt.pt")
    before = contents(folder)
    cli(*VAE, "--data", data, "--steps", 4, "--resume").failed(1, "ckpt.pt: ")
    assert contents(folder) == before


def test_overwrite(cli, folder, data):
    cli(*VAE, "--data", data, "--steps", 2).printed("ckpt.pt")
    cli(*VAE, "--data", data, "--steps", 1, "--overwrite").printed("ckpt.pt")
    assert checkpoint.read(folder / "ckpt.pt")["step"] == 1
    assert (folder / "ckpt.history.jsonl").read_text().count("\n") == 1


# ---- wrong while training


def test_losses_that_are_not_finite(cli, folder, data):
    run = [*FACTOR, "--data", data, "--steps", 50, "--log-every", 1, "--learning-rate", "1e30"]
    outcome = cli(*run)
    outcome.failed(1, "NaN")
    assert names(folder) == ["data.h5"]
    cli(*FACTOR, "--data", data, "--steps", 3).printed("ckpt.pt")
    good = contents(folder)
    cli(*run, "--overwrite").failed(1, "NaN")
    assert contents(folder) == good


def test_a_disk_that_fills_up(cli, folder, data, monkeypatch):
    cli(*VAE, "--data", data, "--steps", 3).printed("ckpt.pt")
    good = contents(folder)

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    cli(*VAE, "--data", data, "--steps", 6, "--resume").failed(1, "disk")
    cli(*VAE, "--data", data, "--steps", 6, "-o", "new.pt").failed(1, "disk")
    assert contents(folder) == good


def test_a_disk_without_room_is_noticed_before_training(cli, folder, data, monkeypatch):
    usage = shutil.disk_usage(folder)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    start = time.monotonic()
    cli(*VAE, "--data", data, "--steps", 10**6).failed(1, "MB")
    assert time.monotonic() - start < 10
    assert names(folder) == ["data.h5"]


# ---- real processes


def started(*arguments) -> subprocess.Popen:
    """A run that would take for ever, once its first checkpoint is there."""
    process = shell(*arguments, "--steps", 10**6, "--checkpoint-every", 5, "--log-every", 5)
    deadline = time.monotonic() + 60
    while not Path("ckpt.pt").exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert process.poll() is None, process.communicate()
    return process


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_saves_and_resuming_equals_never_having_stopped(cli, folder, data, number, code):
    with started(*FACTOR, "--data", "data.h5") as process:
        # Meanwhile the folder is busy for others, and stays as it is.
        cli(*FACTOR, "--data", data, "--overwrite").failed(1, "running")
        cli(*FACTOR, "--data", data).failed(1, "--overwrite")
        sent = time.monotonic()
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
        assert time.monotonic() - sent < 5
    assert (process.returncode, out) == (code, "")
    step = checkpoint.read(folder / "ckpt.pt")["step"]
    last = err.splitlines()[-1]
    assert last == (
        f"disentool: interrupted: ckpt.pt holds step {step:,} of 1,000,000; the same command with --resume goes on"
    )
    assert names(folder) == ["ckpt.history.jsonl", "ckpt.pt", "data.h5"]
    more = ["--data", data, "--steps", step + 10, "--log-every", 5]
    cli(*FACTOR, *more, "--resume").printed("ckpt.pt")
    cli(*FACTOR, *more, "-o", "whole.pt").printed("whole.pt")
    assert same_run(folder / "ckpt.pt", folder / "whole.pt")
    one, two = (checkpoint.read(folder / name)["history"] for name in ("ckpt.pt", "whole.pt"))
    assert [{**line, "time": 0} for line in one] == [{**line, "time": 0} for line in two]


def test_killed_outright_leaves_the_last_checkpoint_and_no_claim(cli, folder, data):
    with started(*VAE, "--data", "data.h5") as process:
        process.kill()
        process.communicate()
    step = checkpoint.read(folder / "ckpt.pt")["step"]
    cli(*VAE, "--data", data, "--steps", step + 1, "--resume").printed("ckpt.pt")
    assert names(folder) == ["ckpt.history.jsonl", "ckpt.pt", "data.h5"]


def test_a_loop_into_score(folder, data):
    """The pipeline of the README, in small."""
    script = """
    set -o pipefail
    run() { "$PYTHON" -m disentool "$@"; }
    for b in 1 2; do
      run train betavae $SMALL --steps 2 --data data.h5 --beta $b --seeds 0-1 -o "r/b$b-{seed}.pt"
    done | run score -q --metric factor --metric kl -
    """
    environment = os.environ | {"PYTHON": sys.executable, "SMALL": " ".join(flags(SMALL))}
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, env=environment)
    assert done.returncode == 0
    usual = ("dimensions carry information", "--precision bf16")  # the latter where the processor has AMX
    assert [line for line in done.stderr.splitlines() if not any(words in line for words in usual)] == []
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(r["artefact"], r["metric"], r["config"]["beta"], r["seed"]) for r in records] == [
        (f"r/b{b}-{seed}.pt", metric, float(b), seed) for b in (1, 2) for seed in (0, 1) for metric in ("factor", "kl")
    ]


def test_a_reader_of_the_log_that_goes_away_does_not_stop_the_run(folder, data):
    with shell(*VAE, "--data", "data.h5", "--steps", 3) as process:
        process.stderr.close()
        assert process.stdout.read() == "ckpt.pt\n"
        assert process.wait(timeout=60) == 0
    assert checkpoint.read(folder / "ckpt.pt")["step"] == 3


def test_where_there_is_amx_bfloat16_is_named_once(cli, folder, data, monkeypatch):
    monkeypatch.setattr(devices, "has_amx", lambda: True)
    call = ("train", "vae", *flags(SMALL), "--data", data, "--steps", 1, "--device", "cpu", "--overwrite")
    assert cli(*call, "--seeds", "0-1", "-o", "{seed}.pt").err.count("--precision bf16") == 1
    assert "--precision bf16" in cli(*call, "--precision", "fp32").err
    assert "--precision bf16" not in cli(*call, "--precision", "bf16").err
    monkeypatch.setattr(devices, "has_amx", lambda: False)
    assert "--precision bf16" not in cli(*call).err
