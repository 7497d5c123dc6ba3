"""``disentool score``."""

import io
import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from conftest import shell, square_grid, write_dataset

from disentool.commands.encode import encode
from disentool.io import dataset, hdf5
from disentool.io.schema import LATENTS


@pytest.fixture(scope="module")
def spread(trained, tmp_path_factory) -> Path:
    """The trained checkpoint with codes that vary as if it had trained for longer."""
    content = torch.load(trained, weights_only=True)
    content["networks"]["encoder"]["9.weight"] *= 30
    torch.save(content, path := tmp_path_factory.mktemp("spread") / "ckpt.pt")
    return path


@pytest.fixture(scope="module")
def codes(spread, tmp_path_factory) -> Path:
    """Its latents file."""
    return encode(spread, tmp_path_factory.mktemp("codes") / "z.h5", device="cpu")


@pytest.fixture
def ckpt(folder, spread) -> Path:
    """./ckpt.pt"""
    return Path(shutil.copy(spread, folder / "ckpt.pt"))


def records(outcome) -> list[dict]:
    assert outcome.code == 0, outcome
    return [json.loads(line) for line in outcome.out.splitlines()]


FIELDS = [
    "format",
    "version",
    "artefact",
    "id",
    "method",
    "config",
    "seed",
    "step",
    "data",
    "data_sha256",
    "split",
    "codes",
    "rows",
    "precision",
    "metric",
    "protocol",
]
FIELDS += ["score", "interval", "per_factor", "details"]


def test_a_record(cli, ckpt):
    outcome = cli("score", "--metric", "factor", "ckpt.pt")
    assert "disentool: ckpt.pt: factor: " in outcome.err  # the small grid makes votes repeat rows: said aloud
    outcome = cli("score", "--metric", "factor", "ckpt.pt", "-q")
    assert outcome.err == ""
    (record,) = records(outcome)
    assert record["rows"] == 192
    assert len(record["data_sha256"]) == 64
    assert list(record) == FIELDS
    assert (record["format"], record["version"], record["artefact"]) == ("disentool.score", 1, "ckpt.pt")
    assert (record["method"], record["seed"], record["step"], record["data"]) == ("factorvae", 0, 30, "squares")
    assert record["rows"] == 192
    assert record["config"]["gamma"] == 40.0
    assert (record["metric"], record["protocol"]) == ("factor", "paper")
    assert 0 <= record["interval"][0] <= record["score"] <= record["interval"][1] <= 1
    assert record["per_factor"].keys() == {"size", "pos_x", "pos_y"}
    assert record["details"]["votes"] == 800
    assert len(record["details"]["vote_table"]) == 4


def test_what_is_odd_about_a_score_is_said_to_people(cli, ckpt):
    """The grid is so small that every vote repeats rows."""
    outcome = cli("score", "ckpt.pt")
    (record,) = records(outcome)
    said = outcome.err.splitlines()
    assert all(line.endswith(note) for line, note in zip(said, record["details"]["notes"], strict=True))
    assert record["details"]["notes"]


def test_a_note_of_several_checkpoints_is_said_once(cli, ckpt, folder):
    shutil.copy("ckpt.pt", "other.pt")
    outcome = cli("score", "ckpt.pt", "other.pt", "--metric", "factor,mig")
    found = records(outcome)
    notes = {note for record in found for note in record["details"]["notes"]}
    said = outcome.err.splitlines()
    assert len(said) == len(notes) and all("ckpt.pt and 1 more: " in line for line in said)


def test_factor_of_ckpt_pt_is_the_default(cli, ckpt):
    assert cli("score").out == cli("score", "--metric", "factor", "ckpt.pt").out


def test_codes_score_as_their_checkpoint_does(cli, spread, codes):
    names = ("factor", "kl")
    options = [word for name in names for word in ("--metric", name)]
    of_checkpoint, of_codes = (records(cli("score", path, *options, "--protocol", "dlib")) for path in (spread, codes))
    for one, two in zip(of_checkpoint, of_codes, strict=True):
        assert one["metric"] == two["metric"]
        assert one["score"] == pytest.approx(two["score"], abs=0.01)
        assert one["config"] == two["config"]
        assert (two["seed"], two["step"]) == (0, 30)
    assert of_codes[0]["protocol"] == "dlib"
    assert of_codes[1]["protocol"] != "dlib"  # which has only its own


def test_seeds_change_the_votes_and_nothing_else(cli, codes):
    first, same, other = (records(cli("score", codes, "--seed", seed))[0] for seed in (0, 0, 1))
    assert first == same
    assert first["details"]["vote_table"] != other["details"]["vote_table"]
    assert first["id"] == other["id"]


def test_several_metrics_and_artefacts(cli, ckpt, codes):
    found = records(cli("score", "ckpt.pt", codes, "--metric", "kl", "--metric", "factor"))
    assert [(r["artefact"], r["metric"]) for r in found] == [
        ("ckpt.pt", "kl"),
        ("ckpt.pt", "factor"),
        (str(codes), "kl"),
        (str(codes), "factor"),
    ]
    metrics = [word for name in ("factor", "reconstruction", "elbo", "kl") for word in ("--metric", name)]
    _, reconstruction, elbo, kl = records(cli("score", *metrics))
    assert elbo["score"] == pytest.approx(-reconstruction["score"] - kl["score"], rel=1e-6)
    assert reconstruction["details"]["unit"] == "nats per image"
    assert len(kl["details"]["kl_per_dimension"]) == 4


# ---- how records are printed


def test_tsv(cli, codes):
    outcome = cli("score", codes, "--format", "tsv", "--metric", "factor", "--metric", "kl")
    head, *lines = [line.split("\t") for line in outcome.out.splitlines()]
    assert head[:6] == ["artefact", "metric", "protocol", "score", "low", "high"]
    assert [line[:2] for line in lines] == [[str(codes), "factor"], [str(codes), "kl"]]
    assert all(float(low) <= float(score) <= float(high) for _, _, _, score, low, high, *_ in lines)
    assert head[6:] == ["method", "options", "seed", "step", "data"]
    assert [line[6] for line in lines] == ["factorvae"] * 2 and [line[8:] for line in lines] == [
        ["0", "30", "squares"]
    ] * 2
    assert {"latent_dim=4", "steps=30"} <= set(lines[0][7].split(",")), "what is not the method's default"


def test_a_table_where_asked(cli, folder, codes, monkeypatch):
    monkeypatch.setenv("COLUMNS", "70")
    name = "runs of [bold]gamma[red] and of a very long name indeed " + "x" * 50 + ".h5"
    shutil.copy(codes, name)
    outcome = cli("score", name, "--format", "table")
    assert outcome.code == 0
    head, *lines = outcome.out.splitlines()
    assert head.split() == ["artefact", "metric", "protocol", "score", "95", "%", "interval"]
    shown = "".join(line[: head.index("metric")].strip() for line in lines).replace(" ", "")
    assert shown == name.replace(" ", "")  # whole, and as it is
    assert "…" not in outcome.out


def test_a_table_on_a_terminal_and_what_was_measured_before_an_error(codes, folder):
    shutil.copy(codes, "a.h5")
    with h5py.File("b.h5", "w") as file:
        file["z"] = np.zeros((4, 2))
    screen, terminal = pty.openpty()
    with shell(
        "score", "-q", "a.h5", "b.h5", stdout=terminal, env=os.environ | {"COLUMNS": "100", "NO_COLOR": "1"}
    ) as process:
        os.close(terminal)
        shown = b""
        while True:
            try:
                shown += os.read(screen, 65536)
            except OSError:  # Linux's way to say that the other end is closed
                break
        err = process.stderr.read()
    os.close(screen)
    assert process.returncode == 1
    assert shown.count(b"a.h5") == 1
    assert b"factor" in shown
    assert b"\x1b[3" not in shown
    assert err.splitlines()[-1].startswith("disentool: b.h5: expected a disentool.latents file")


def test_records_arrive_one_by_one(folder, codes):
    shutil.copy(codes, "a.h5")
    with shell("score", "--metric", "kl", "-") as process:
        for _ in range(3):
            process.stdin.write("a.h5\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["artefact"] == "a.h5"
        out, err = process.communicate("nothing.h5\na.h5\n", timeout=30)
    assert process.returncode == 1
    assert json.loads(out)["artefact"] == "a.h5"  # a bad file does not hold up those that come after it
    missing, count = err.splitlines()
    assert "nothing.h5" in missing and "1 of 5" in count


def test_head_takes_the_first_record(folder, codes):
    shutil.copy(codes, "a.h5")
    script = f"set -o pipefail; {sys.executable} -m disentool score -q {'a.h5 ' * 30} | head -1"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout.count("\n"), done.stderr) == (0, 1, "")


def test_nothing_on_stdin_is_nothing_to_do(cli, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    cli("score", "-").printed()


# ---- anyone's codes


@pytest.fixture
def anyones(folder) -> Path:
    rng = np.random.default_rng(0)
    with h5py.File(folder / "any.h5", "w") as file:
        labels = rng.integers(0, 4, (500, 2))
        file["model/z"] = np.concatenate([labels + 0.01 * rng.normal(size=(500, 2)), rng.normal(size=(500, 2))], 1)
        file["labels"] = labels.astype(float)
        file["few"] = labels[:10]
        file["bad"] = np.full((500, 3), np.nan)
        file["one"] = np.zeros((500, 1))
        file["none"] = np.zeros((500, 0))
        file["text"] = np.array([b"a"] * 500)
    return folder / "any.h5"


def test_anyones_codes(cli, anyones):
    (record,) = records(cli("score", "--codes", "model/z", "--factors", "labels", "any.h5"))
    assert record["score"] == 1.0
    assert (record["method"], record["config"], record["seed"], record["data"]) == (None, {}, None, "any")
    assert record["per_factor"].keys() == {"factor_0", "factor_1"}


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ("--codes nothing --factors labels", 1, "'nothing'"),
        ("--codes model --factors labels", 1, "group"),
        ("--codes model/z", 1, "gaussian-tc"),
        ("--codes model/z", 1, "--factors"),
        ("--factors labels", 2, "--factors"),
        ("--codes model/z --factors few", 1, "500 rows"),
        ("--codes bad --factors labels", 1, "500 of 500"),
        ("--codes none --factors labels", 1, "[500, 0]"),
        ("--codes model/z --factors none", 1, "[500, 0]"),
        ("--codes model/z --factors bad", 1, "1500"),
        ("--codes model/z --factors one", 1, "factor_0"),
        ("--codes text --factors labels", 1, "numbers"),
        ("--codes model/z --factors labels --metric reconstruction", 1, "decoder"),
        ("--codes model/z --factors labels --metric kl", 1, "logvar"),
        ("", 1, "disentool.latents"),
    ],
)
def test_codes_that_cannot_be_scored(cli, anyones, arguments, code, words):
    cli("score", *arguments.split(), "any.h5").failed(code, words)


def test_anyones_log_variances(cli, codes, folder):
    with h5py.File(codes) as file:
        z, logvar, factors = file["mean"][()], file["logvar"][()], file["factors"][()]
    np.savez("own.npz", points=z, spread=logvar, truth=factors, short=logvar[:-1], flat=logvar[:, 0])
    own = ("own.npz", "--codes", "points", "--factors", "truth")
    for words in (("kl",), ("tc", "--set", "samples=50"), ("mig", "--protocol", "chen", "--set", "samples=50")):
        (expected,) = records(cli("score", codes, "--metric", *words, "--device", "cpu"))
        (found,) = records(cli("score", *own, "--logvar", "spread", "--metric", *words, "--device", "cpu"))
        assert found["score"] == expected["score"]
        cli("score", *own, "--metric", *words).failed(1, "--logvar")
    cli("score", *own, "--logvar", "nothing", "--metric", "kl").failed(1, "'nothing'")
    cli("score", *own, "--logvar", "short", "--metric", "kl").failed(1, "'short'")
    cli("score", *own, "--logvar", "flat", "--metric", "kl").failed(1, "'flat'")
    cli("score", "own.npz", "--logvar", "spread").failed(2, "--codes")


def test_a_checkpoint_takes_no_arrays_of_files(cli, ckpt):
    for flag in ("--factors", "--logvar"):
        cli("score", "ckpt.pt", "--codes", "encoder", flag, "anything").failed(2, flag)


def test_npz_of_codes(cli, folder, codes):
    with h5py.File(codes) as file:
        z, factors = file["mean"][()], file["factors"][()]
    expected = json.loads(cli("score", "--codes", "mean", "--factors", "factors", codes).out)
    np.savez("usual.npz", codes=z, labels=factors)
    np.savez_compressed("own.npz", points=z, truth=factors)
    usual = json.loads(cli("score", "usual.npz").out)
    named = json.loads(cli("score", "--codes", "points", "--factors", "truth", "own.npz").out)
    assert usual["score"] == named["score"] == expected["score"]
    cli("score", "own.npz").failed(1, "points")
    np.savez("short.npz", codes=z, factors=factors[:-1])
    cli("score", "short.npz").failed(1, "191")
    np.savez("objects.npz", codes=np.array([{}], dtype=object))
    cli("score", "--codes", "codes", "objects.npz").failed(1, "Python")
    (folder / "cut.npz").write_bytes((folder / "usual.npz").read_bytes()[:300])
    cli("score", "cut.npz").failed(1, "cut.npz")


@pytest.mark.parametrize("protocol", ["dlib", "paper"])
def test_the_order_of_a_grid_changes_no_score(cli, codes, folder, protocol):
    with h5py.File(codes) as file:
        z, factors = file["mean"][()], file["factors"][()]
    order = np.random.default_rng(1).permutation(len(z))
    np.savez("grid.npz", codes=z, factors=factors)
    np.savez("other.npz", codes=z[order], factors=factors[order])
    options = ("--metric", "factor,higgins", "--protocol", protocol, "--set", "votes=200")
    whole, other = records(cli("score", *options, "grid.npz")), records(cli("score", *options, "other.npz"))
    assert [record["details"]["grid"] for record in (*whole, *other)] == [True] * 4
    assert [record["score"] for record in other] == [record["score"] for record in whole]


def test_factors_that_are_measured_score_as_prepare_cuts_them(cli, folder):
    rng = np.random.default_rng(0)
    pose = np.round(rng.normal(size=(1000, 1)), 2)
    codes = np.concatenate([pose, rng.normal(size=(1000, 1))], axis=1) + 0.1 * rng.normal(size=(1000, 2))
    np.savez("measured.npz", codes=codes, factors=pose)
    np.savez("images.npz", images=np.zeros((1000, 4, 4), np.uint8), factors=pose)
    cli("prepare", "array", "--from", "images.npz", "-o", "cut.h5")
    np.savez("cut.npz", codes=codes, factors=dataset.read(Path("cut.h5")).factors)
    measured, cut = json.loads(cli("score", "measured.npz").out), json.loads(cli("score", "cut.npz").out)
    assert measured["score"] == cut["score"]
    told, usual = (record["details"].get("notes", []) for record in (measured, cut))
    assert any("bins" in note for note in told) and not any("bins" in note for note in usual)


def test_constants_are_options(cli, codes):
    record = json.loads(cli("score", "--set", "votes=50", "--set", "prune-std=0", codes).out)
    assert (record["details"]["votes"], record["details"]["prune_std"]) == (50, 0)
    assert record["details"]["changed_options"] == ["votes", "prune_std"]
    lines = cli("score", "--metric", "factor,higgins", "--set", "pairs=3", "--set", "votes=9", codes).out.splitlines()
    assert [json.loads(line)["details"]["changed_options"] for line in lines] == [["votes"], ["pairs"]]
    cli("score", "--set", "vote=5", codes).failed(2, "votes?")
    cli("score", "--set", "votes", codes).failed(2, "NAME=VALUE")
    cli("score", "--set", "votes=many", codes).failed(2, "votes=many")
    cli("score", "--set", "votes=0", codes).failed(2, "votes=0")
    cli("score", "--metric", "higgins", "--set", "classifier=svm", codes).failed(2, "classifier")


def test_matlab_files(cli, folder):
    rng = np.random.default_rng(0)
    with h5py.File(folder / "a.mat", "w", userblock_size=512) as file:
        file["z"], file["y"] = rng.normal(size=(50, 2)), rng.integers(0, 2, (50, 2))
    assert len(records(cli("score", "--codes", "z", "--factors", "y", "a.mat"))) == 1


def test_numbers_beyond_float32(cli, folder):
    with h5py.File(folder / "a.h5", "w") as file:
        file["z"], file["y"] = np.full((50, 2), 1e300), np.arange(100).reshape(50, 2) % 3
    cli("score", "--codes", "z", "--factors", "y", "a.h5").failed(1, "NaN")


def test_latents_without_what_a_metric_needs(cli, folder):
    with hdf5.create(folder / "z.h5", LATENTS) as out:
        out.array("mean", np.zeros((5, 2), np.float32))
        out.array("row", np.arange(5))
    cli("score", "z.h5").failed(1, "gaussian-tc")
    cli("score", "z.h5", "--metric", "kl").failed(1, "logvar")
    with hdf5.create(folder / "empty.h5", LATENTS) as out:
        out.array("mean", np.zeros((0, 2), np.float32))
        out.array("row", np.arange(0))
    cli("score", "empty.h5").failed(1, "empty.h5")


# ---- data that does not fit


def test_data_without_factors(cli, ckpt, folder):
    images, _ = square_grid()
    write_dataset(folder / "plain.h5", images, None)
    cli("score", "--data", "plain.h5").failed(1, "gaussian-tc")
    assert len(records(cli("score", "--data", "plain.h5", "--metric", "reconstruction"))) == 1


def test_data_of_another_size(cli, ckpt, folder):
    write_dataset(folder / "big.h5", *square_grid(64))
    cli("score", "--data", "big.h5").failed(1, "64x64x1")


def test_a_data_set_is_no_artefact(cli, squares):
    cli("score", squares).failed(1, "disentool.latents")


def test_a_checkpoint_has_no_codes_of_that_name(cli, ckpt):
    cli("score", "--codes", "z", "ckpt.pt").failed(2, "array 'z'")
    cli("score", "--codes", "latent", "ckpt.pt").failed(2, "--codes latent")
    (record,) = records(cli("score", "--codes", "encoder", "ckpt.pt"))
    assert record["codes"] == "encoder"


def test_a_checkpoint_that_diverged(cli, ckpt):
    content = torch.load(ckpt, weights_only=True)
    content["networks"]["encoder"]["0.weight"].fill_(float("nan"))
    torch.save(content, "ckpt.pt")
    for name in ("factor", "kl", "reconstruction"):
        cli("score", "--metric", name).failed(1, "NaN")


def test_every_artefact_is_looked_at_before_the_first_is_scored(cli, ckpt):
    cli("score", "ckpt.pt", "nothing.pt").failed(1, "nothing.pt")


@pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA is there")
def test_cuda_where_there_is_none(cli, ckpt):
    cli("score", "--device", "cuda").failed(1, "--device")


def test_a_record_states_the_precision(cli, ckpt):
    call = ("score", "ckpt.pt", "--metric", "kl,reconstruction", "-q", "--baseline", "untrained")
    full, low = records(cli(*call)), records(cli(*call, "--precision", "bf16"))
    assert {r["precision"] for r in full} == {"fp32"} and {r["precision"] for r in low} == {"bf16"}
    for one, other in zip(full, low, strict=True):
        assert one["score"] != other["score"] == pytest.approx(one["score"], rel=1e-2), one["metric"]
