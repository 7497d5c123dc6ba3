"""``disentool score`` with every metric: protocols, ``all``, repeats, bootstrap, per factor, several models at once."""

import io
import json
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from conftest import square_grid, write_dataset
from metric_cases import evaluate, factor, grid_factors, higgins, noise

from disentool.commands.encode import encode
from disentool.commands.score import score
from disentool.metrics import METRICS, ONLY_BY_NAME
from disentool.reporting import Silent
from disentool.scoring.codes import Codes
from disentool.scoring.data_rows import DataRows
from disentool.scoring.metric import choose_metrics
from disentool.scoring.model_functions import ModelFunctions
from disentool.scoring.score_metric import Spread, score_metric

OF_TABLES = (
    "mig",
    "sap",
    "modularity",
    "explicitness",
    "irs",
    "med",
    "gaussian-tc",
    "wasserstein",
    "mutual-information",
)


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
def anyones(folder) -> Path:
    """Four codes of two factors, 500 rows, in anyone's file."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, (500, 2))
    with h5py.File(folder / "any.h5", "w") as file:
        file["z"] = np.concatenate([labels + 0.1 * rng.normal(size=(500, 2)), rng.normal(size=(500, 2))], 1)
        file["y"] = labels
        file["same"] = np.zeros((500, 3))
    return folder / "any.h5"


ANY = ("--codes", "z", "--factors", "y", "any.h5")


def records(outcome) -> list[dict]:
    assert outcome.code == 0, outcome
    return [json.loads(line) for line in outcome.out.splitlines()]


def test_whole_tables_where_codes_are_ready_and_samples_where_not(cli, spread, codes):
    names = ",".join(OF_TABLES)
    ready = {r["metric"]: r for r in records(cli("score", codes, "--metric", names))}
    made = {r["metric"]: r for r in records(cli("score", spread, "--metric", names))}
    assert set(ready) == set(made) == set(OF_TABLES)
    for name in OF_TABLES:
        assert (ready[name]["protocol"], made[name]["protocol"]) == ("exact", "dlib"), name
        rows = made[name]["details"].get("rows", made[name]["details"].get("train_rows"))
        assert rows == 10_000
        assert ready[name]["score"] == pytest.approx(made[name]["score"], abs=0.25), name
    (one,) = records(cli("score", codes, "--metric", "mig", "--protocol", "dlib"))
    assert one["score"] == pytest.approx(made["mig"]["score"], abs=1e-3)
    (exact,) = records(cli("score", spread, "--metric", "mig", "--protocol", "exact"))
    assert exact["score"] == pytest.approx(ready["mig"]["score"], abs=1e-3)


def test_all_are_those_that_apply_and_are_quick(cli, spread, codes, anyones):
    everything = set(METRICS) - ONLY_BY_NAME
    assert {
        r["metric"] for r in records(cli("score", spread, "--metric", "all", "--set", "votes=50", "-q"))
    } == everything
    of_codes = {r["metric"] for r in records(cli("score", codes, "--metric", "all", "-q"))}
    assert of_codes == everything - {"reconstruction", "elbo"}
    of_anyones = [r["metric"] for r in records(cli("score", "--metric", "all", "-q", *ANY))]
    assert set(of_anyones) == everything - {"reconstruction", "elbo", "kl"}
    without_labels = {r["metric"] for r in records(cli("score", "--metric", "all", "--codes", "z", "any.h5", "-q"))}
    assert without_labels == {"gaussian-tc", "wasserstein", "mutual-information"}


def test_all_leaves_out_what_cannot_be_scored_and_says_so(cli, folder):
    with h5py.File("one.h5", "w") as file:
        file["z"], file["y"] = np.random.default_rng(0).normal(size=(60, 1)), np.arange(60)[:, None] % 3
    outcome = cli("score", "--codes", "z", "--factors", "y", "--metric", "all", "one.h5")
    names = {r["metric"] for r in records(outcome)}
    assert "mig" in names
    assert "mutual-information" not in names
    assert "one.h5: mutual-information" in outcome.err
    cli("score", "--codes", "z", "--factors", "y", "--metric", "mutual-information", "one.h5").failed(1, "dimensions")


def test_a_name_beside_all_must_apply(cli, anyones):
    cli("score", "--metric", "all,likelihood", *ANY).failed(1, "decoder")


@pytest.mark.parametrize("name", ["dci-hist", "dci-lasso"])
def test_dci_by_name(cli, anyones, name):
    (record,) = records(cli("score", "--metric", name, *ANY, "--set", "train_rows=300", "--set", "test_rows=100"))
    assert record["score"] > 0.9
    assert record["details"]["informativeness_per_factor"].keys() == {"factor_0", "factor_1"}


def test_boosted_dci_shows_its_progress(anyones):
    """Trees are counted: 4 classes, 2 factors, 3 rounds."""
    seen = []

    class Watcher:
        note = error = staticmethod(lambda message: None)

        def task(self, label, total, unit, done=0):
            seen.append((label, total, unit))
            return self

        def __enter__(self):
            return self

        def __exit__(self, *_):
            seen.append("closed")

        def update(self, done, terms=None):
            seen.append(done)

    chosen = choose_metrics(["dci"], None, {"rounds": "3", "train_rows": "200", "test_rows": "50"})
    (record,) = score([anyones], chosen, codes="z", factors="y", report=Watcher())
    assert 0 <= record["score"] <= 1
    assert seen[0] == ("score dci", 24, "steps")
    assert sorted(seen[1:-1]) == [4, 8, 12, 16, 20, 24]
    assert seen[-1] == "closed"


# ---- constants


def test_every_constant_can_be_set(cli, anyones):
    few, many = (records(cli("score", "--metric", "mig", *ANY, "--set", f"bins={n}"))[0] for n in (5, 50))
    assert few["score"] != many["score"]
    assert (few["details"]["bins"], few["details"]["changed_options"]) == (5, ["bins"])
    (record,) = records(cli("score", "--metric", "sap", *ANY, "--set", "mode=continuous"))
    assert record["details"]["mode"] == "continuous"
    (record,) = records(cli("score", "--metric", "wasserstein", *ANY, "--set", "normalise=true"))
    assert record["score"] == record["details"]["normalised_distance"]
    cli("score", "--metric", "mig", *ANY, "--set", "bin=5").failed(2, "bins?")
    cli("score", "--metric", "mig", *ANY, "--set", "bins=1").failed(2, "bins=1")
    cli("score", "--metric", "sap", *ANY, "--set", "mode=both").failed(2, "mode=both")


# ---- uncertainty


def test_repeats(cli, codes):
    (record,) = records(cli("score", codes, "--metric", "mig", "--protocol", "dlib", "--repeats", 4, "--seed", 10))
    repeats = record["details"]["repeats"]
    assert repeats["seeds"] == [10, 11, 12, 13]
    singles = [
        records(cli("score", codes, "--metric", "mig", "--protocol", "dlib", "--seed", s))[0]["score"]
        for s in repeats["seeds"]
    ]
    assert repeats["scores"] == singles
    assert record["score"] == pytest.approx(np.mean(singles))
    half = 3.182446 * np.std(singles, ddof=1) / 2  # Student's t with 3 degrees of freedom
    assert record["interval"] == pytest.approx([np.mean(singles) - half, np.mean(singles) + half], rel=1e-5)
    assert "mean of 4 seeds" in record["details"]["interval_of"]


def test_repeats_of_a_checkpoint_encode_once(cli, spread):
    (record,) = records(cli("score", spread, "--metric", "factor", "--repeats", 3, "--set", "votes=100", "-q"))
    assert len(set(record["details"]["repeats"]["scores"])) > 1
    assert record["per_factor"].keys() == {"size", "pos_x", "pos_y"}


def test_bootstrap(cli, anyones):
    (record,) = records(cli("score", "--metric", "mig", *ANY, "--bootstrap", 200))
    low, high = record["interval"]
    assert low < record["score"] < high
    assert 0.005 < high - low < 0.2
    assert "200 resamples" in record["details"]["interval_of"]
    (again,) = records(cli("score", "--metric", "mig", *ANY, "--bootstrap", 200))
    assert again["interval"] == record["interval"]
    (plain,) = records(cli("score", "--metric", "mig", *ANY))
    assert plain["score"] == record["score"]
    assert plain["interval"] is None


def test_bootstrap_intervals_hold_the_score_of_the_whole():
    """Samples of a large table: most intervals hold what the table itself scores."""
    factors = grid_factors(4, 5)
    table = factors.repeat(500, axis=0)
    mean = table + 0.8 * noise(table.shape)
    metric = choose_metrics(["sap"], None, {"mode": "continuous"})[0]
    truth = evaluate(metric, table, mean, mode="continuous").score
    held = 0
    for seed in range(20):
        rows = np.sort(np.random.default_rng(seed).choice(len(table), 300, replace=False))
        drawn = metric.draw(DataRows.from_factors(table[rows]), metric.constants, seed, codes_ready=True)
        codes = Codes(np.arange(300), mean[rows].astype(np.float32))
        result = score_metric(metric, [drawn], codes, ModelFunctions(), Spread(bootstrap=100), Silent())
        held += result.interval[0] <= truth <= result.interval[1]
    assert held >= 16


def test_spreads_that_cannot_be(cli, anyones):
    cli("score", *ANY, "--repeats", 3, "--bootstrap", 50).failed(2, "--repeats")
    cli("score", *ANY, "--bootstrap", 3).failed(2, "--bootstrap 3")
    cli("score", *ANY, "--repeats", 0).failed(2, "--repeats")


# ---- per factor


def test_per_factor(cli, anyones, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    head, *lines = cli("score", "--metric", "mig", *ANY, "--format", "tsv", "--per-factor").out.splitlines()
    assert head.split("\t")[:7] == ["artefact", "metric", "protocol", "score", "low", "high", "factor"]
    rows = [line.split("\t") for line in lines]
    assert [row[6] for row in rows] == ["", "factor_0", "factor_1"]
    assert {len(row) for row in rows} == {len(head.split("\t"))}
    assert float(rows[0][3]) == pytest.approx((float(rows[1][3]) + float(rows[2][3])) / 2)
    table = cli("score", "--metric", "mig", *ANY, "--format", "table", "--per-factor").out
    assert "factor_1" in table


# ---- metrics that need the model


def test_total_correlation_of_a_checkpoint_and_of_its_codes(cli, spread, codes):
    (made,) = records(cli("score", spread, "--metric", "tc", "-q"))
    (ready,) = records(cli("score", codes, "--metric", "tc", "-q"))
    assert made["score"] == pytest.approx(ready["score"], abs=1e-3)
    assert made["details"]["standard_error"] > 0
    assert made["interval"][0] < made["score"] < made["interval"][1]
    assert made["details"]["rows"] == 192
    assert ready["details"]["estimates"]["discriminator"] is None
    (adversary,) = records(
        cli("score", spread, "--metric", "tc", "--protocol", "discriminator", "--set", "samples=2000")
    )
    assert adversary["score"] == pytest.approx(made["details"]["estimates"]["discriminator"], abs=0.2)
    cli("score", codes, "--metric", "tc", "--protocol", "discriminator").failed(1, "discriminator")
    (gaussian,) = records(cli("score", codes, "--metric", "tc", "--protocol", "gaussian"))
    assert gaussian["score"] == pytest.approx(made["details"]["estimates"]["gaussian"], abs=1e-3)


def test_likelihood_is_above_the_bound(cli, trained, codes):
    options = ("--metric", "likelihood,elbo", "--set", "rows=40", "--set", "samples=50", "-q")
    likelihood, elbo = records(cli("score", trained, *options))
    assert likelihood["metric"] == "likelihood"
    assert likelihood["details"]["unit"] == "nats per image"
    assert likelihood["details"]["rows"] == 40
    assert likelihood["score"] > likelihood["details"]["elbo"]
    assert likelihood["details"]["elbo"] == pytest.approx(elbo["score"], abs=3)
    cli("score", codes, "--metric", "likelihood").failed(1, "decoder")


def test_chen_needs_a_posterior(cli, codes, anyones):
    (record,) = records(cli("score", codes, "--metric", "mig", "--protocol", "chen", "--set", "samples=200", "-q"))
    assert 0 <= record["score"] <= 1
    cli("score", "--metric", "mig", "--protocol", "chen", *ANY).failed(1, "any.h5:", "logvar")


# ---- metrics that compare models


def test_udr_of_several(cli, spread, codes, folder):
    with h5py.File(shutil.copy(codes, "other.h5"), "r+") as file:
        file["mean"][()] = -file["mean"][()][:, ::-1]
        file["logvar"][()] = file["logvar"][()][:, ::-1]
    with h5py.File(shutil.copy(codes, "third.h5"), "r+") as file:
        file["mean"][()] = file["mean"][()] + 0.3 * noise(file["mean"].shape)
    scores = []
    for first in (codes, spread):  # the codes of a checkpoint, and the checkpoint
        found = records(cli("score", "--metric", "udr,kl", first, "third.h5", "other.h5", "-q"))
        assert [r["metric"] for r in found] == ["kl"] * 3 + ["udr"] * 3  # what compares comes last
        assert [Path(r["artefact"]).name for r in found[3:]] == [Path(first).name, "third.h5", "other.h5"]
        assert all(r["details"]["models"] == 3 for r in found[3:])
        scores.append([r["score"] for r in found[3:]])
    assert scores[0] == pytest.approx(scores[1], abs=1e-3)
    repeated = records(cli("score", "--metric", "udr", codes, "other.h5", "-q", "--repeats", 2, "--set", "rows=50"))
    assert len(repeated[0]["details"]["repeats"]["scores"]) == 2


def test_udr_of_one(cli, codes, monkeypatch):
    cli("score", "--metric", "udr", codes).failed(1, "seeds")
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{codes}\n"))
    cli("score", "--metric", "udr", "-").failed(1, "seeds")


def test_udr_of_the_same_model_twice(cli, codes, spread, folder):
    """By its content: a copy under another name, and the codes of a checkpoint, are the same model."""
    cli("score", "--metric", "udr", "--set", "rows=50", codes, spread).failed(1, "same codes")
    shutil.copy(codes, "copy.h5")
    cli("score", "--metric", "udr", codes, "copy.h5").failed(1, "same codes")


def test_udr_of_other_data(cli, codes, trained, folder):
    write_dataset(folder / "part.h5", *(part[:100] for part in square_grid()), grid=False)
    part = encode(trained, folder / "part-z.h5", data="part.h5", device="cpu")
    outcome = cli("score", "--metric", "udr", codes, part)
    outcome.failed(1, "100 rows", "192 rows")


# ---- the paper's figure 3


def test_higgins_is_perfect_though_a_factor_is_missing_and_the_factor_metric_is_not():
    """K - 1 of K factors are coded: a linear classifier tells the missing one by exclusion, a majority vote cannot."""
    factors = grid_factors(6, 6, 6)
    mean = factors[:, :2] + 0.01 * noise((216, 2))
    assert evaluate(higgins, factors, mean, "dlib", train_points=1000, test_points=500).score == 1.0
    assert evaluate(factor, factors, mean, "dlib").score < 0.7


def test_categorical_and_constant_codes_are_said(cli, anyones):
    outcome = cli("score", "--metric", "irs", "--codes", "same", "--factors", "y", "any.h5")
    (record,) = records(outcome)
    assert record["score"] == 0
    assert "constant" in outcome.err
    outcome = cli("score", "--metric", "gaussian-tc", "--codes", "y", "any.h5")
    assert "classes" in outcome.err


def test_all_samples_what_would_be_slow():
    points = DataRows.from_factors(grid_factors(50, 50, 50))
    asked, came_with_all = choose_metrics(["explicitness"], None), choose_metrics(["all"], None)
    (of_all,) = (m for m in came_with_all if m.name == "explicitness")
    for metric, protocol in ((asked[0], "exact"), (of_all, "dlib")):
        (drawn,) = metric.draws(points, 0, 1, codes_ready=True)
        assert drawn.constants.protocol == protocol


def test_choices():
    assert {m.name for m in choose_metrics(["all"], None)} == set(METRICS) - ONLY_BY_NAME
    mixed = choose_metrics(["all,dci", "mig"], None)
    assert [m.name for m in mixed if not m.optional] == ["dci", "mig"]
    assert choose_metrics(["mig"], None)[0].encoded.protocol == "dlib"
    assert choose_metrics(["mig"], "exact")[0].encoded.protocol == "exact"


def test_what_any_score_should_be_read_with(cli, folder):
    rng = np.random.default_rng(0)
    factors = np.indices((3, 4, 5)).reshape(3, -1).T
    wide = rng.normal(size=(60, 80)).astype("f4")
    np.savez("wide.npz", codes=wide, factors=factors)
    assert "80 dimensions" in json.loads(cli("score", "--metric", "mig", "wide.npz").out)["details"]["notes"][-1]
    mixed = np.c_[wide[:, :2], np.zeros(60), np.arange(60) % 3].astype("f4")
    np.savez("mixed.npz", codes=mixed, factors=factors)
    notes = json.loads(cli("score", "--metric", "mig", "mixed.npz").out)["details"]["notes"]
    assert any("constant" in note and "2" in note for note in notes)
    assert any("whole numbers" in note and "3" in note for note in notes)
    mixed[7, 0] = np.nan
    np.savez("nan.npz", codes=mixed, factors=factors)
    cli("score", "--metric", "all", "nan.npz").failed(1, "1 of 60")
    np.savez("huge.npz", codes=wide[:, :3] * np.float32(3e37), factors=factors)
    cli("score", "--metric", "higgins", "huge.npz").failed(1, "differences")


def test_spreads_that_are_none(cli, folder):
    rng = np.random.default_rng(0)
    np.savez("a.npz", codes=rng.normal(size=(60, 3)), factors=np.indices((3, 4, 5)).reshape(3, -1).T)
    record = json.loads(cli("score", "--metric", "mig", "--repeats", 3, "a.npz").out)
    assert record["interval"] is None and "every seed" in record["details"]["notes"][-1]
    np.savez("twice.npz", codes=np.repeat(rng.normal(size=(60, 1)), 2, axis=1))
    record = json.loads(cli("score", "--metric", "gaussian-tc", "--repeats", 3, "twice.npz").out)
    assert record["interval"] is None
    cli("score", "--metric", "factor", "--bootstrap", 20, "a.npz").failed(2, "--bootstrap")


def test_all_says_what_is_lacking(cli, folder):
    np.savez("a.npz", codes=np.random.default_rng(0).normal(size=(60, 3)))
    done = cli("score", "--metric", "all", "a.npz")
    assert done.code == 0
    assert "a.npz" in done.err and "dci" in done.err
    assert "mig" in done.err and "kl" in done.err
