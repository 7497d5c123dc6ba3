"""Scores from Python: those of the command, of models, arrays and tensors; and what is refused."""

import json

import numpy as np
import pytest
import torch

import disentool
from disentool.errors import (
    DataMismatch,
    NoFactors,
    UnknownName,
    WrongUsage,
)


@pytest.mark.parametrize("metric", ["mig", "factor", "sap", "modularity", "kl", "gaussian-tc"])
def test_a_score_is_that_of_the_command(metric, table, cli):
    record = json.loads(cli("score", table.path, "--metric", metric, "--seed", 5, "--device", "cpu").out)
    logvar = table.logvar if metric == "kl" else None
    result = disentool.score(table.mean, table.factors, metric, seed=5, logvar=logvar, factor_names=table.factor_names)
    assert isinstance(result, disentool.Result)
    assert as_recorded(result) == {name: record[name] for name in as_recorded(result)}


@pytest.mark.parametrize("metric", ["factor", "mig", "kl", "tc", "elbo", "reconstruction"])
def test_a_score_of_a_model_is_that_of_the_command(metric, model, trained, squares, cli):
    words = ("--metric", metric, "--seed", 5, "--repeats", 2, "--device", "cpu", "--data", squares)
    record = json.loads(cli("score", trained, *words).out)
    for data in (squares, disentool.open_dataset(squares), None):
        result = model.score(metric, data=data, seed=5, repeats=2)
        assert isinstance(result, disentool.Result)
        assert as_recorded(result) == {name: record[name] for name in as_recorded(result)}


def test_rows_protocol_and_constants_of_a_model_are_those_of_the_command(model, trained, squares, folder, cli):
    disentool.prepare("array", "split.h5", raw=squares, split="rows:0.5")
    words = ("--rows", "test", "--protocol", "dlib", "--set", "bins=7", "--metric", "mig,sap", "--data", "split.h5")
    records = [json.loads(line) for line in cli("score", trained, *words, "--device", "cpu").out.splitlines()]
    results = model.score(["mig", "sap"], data="split.h5", rows="test", protocol="dlib", constants={"bins": 7})
    assert list(results) == ["mig", "sap"]
    for record in records:
        result = as_recorded(results[record["metric"]])
        assert result == {name: record[name] for name in result}


def as_recorded(result: disentool.Result) -> dict:
    found = {"score": result.score, "protocol": result.protocol, "details": result.details}
    found |= {"interval": list(result.interval) if result.interval else None, "per_factor": result.per_factor}
    return json.loads(json.dumps(found))


@pytest.mark.parametrize(("metric", "word"), [("udr", "models"), ("control", "directions")])
def test_what_a_model_cannot_be_scored_by_is_refused(metric, word, model):
    with pytest.raises(DataMismatch, match=word):
        model.score(metric)


def test_constants_repeats_and_bootstrap_are_those_of_the_command(table, cli):
    options = ("--protocol", "dlib", "--set", "bins=7", "--seed", 2)
    results = [
        disentool.score(table.mean, table.factors, "mig", protocol="dlib", constants={"bins": 7}, seed=2, **how)
        for how in ({"repeats": 3}, {"bootstrap": 20})
    ]
    for result, words in zip(results, (("--repeats", 3), ("--bootstrap", 20)), strict=True):
        record = json.loads(cli("score", table.path, "--metric", "mig", *options, *words).out)
        assert result.score == record["score"]
        assert result.details["bins"] == 7
        assert (list(result.interval) if result.interval else None) == record["interval"]


def test_several_scores_are_a_dict(table):
    results = disentool.score(table.mean, table.factors, ["mig", "sap"])
    assert list(results) == ["mig", "sap"]
    assert results["mig"] == disentool.score(table.mean, table.factors)
    everything = disentool.score(table.mean, table.factors, ["all"])
    assert {"mig", "sap", "factor", "modularity"} <= set(everything)
    assert not {"kl", "reconstruction", "control"} & set(everything)
    assert "kl" in disentool.score(table.mean, table.factors, ("all",), logvar=table.logvar)
    assert "mig" not in disentool.score(table.mean, None, ["all"])


def test_tensors_are_scored_as_arrays(table):
    tensors = torch.from_numpy(table.mean), torch.from_numpy(table.factors)
    assert disentool.score(*tensors, "mig") == disentool.score(table.mean, table.factors, "mig")
    assert (
        disentool.score(table.mean, table.factors[:, 0], "mig").score
        == disentool.score(table.mean, table.factors[:, :1], "mig").score
    )


@pytest.mark.parametrize(
    ("codes", "factors", "metric", "error", "word"),
    [
        (np.zeros((4, 2)), np.zeros((5, 1), int), "mig", DataMismatch, "rows"),
        (np.zeros(4), np.zeros((4, 1), int), "mig", DataMismatch, r"\[N,D\]"),
        (np.zeros((0, 2)), None, "gaussian-tc", DataMismatch, r"\[N,D\]"),
        ([[0.0]], None, "mig", DataMismatch, "list"),
        (np.zeros((4, 2)), None, "mig", NoFactors, "factors"),
        (np.full((4, 2), np.nan), np.arange(4) % 2, "mig", DataMismatch, "NaN"),
        (np.zeros((4, 2)), np.arange(4) % 2, "mgi", UnknownName, "mig"),
        (np.zeros((4, 2)), np.arange(4) % 2, "reconstruction", DataMismatch, "decoder"),
        (np.zeros((4, 2)), np.arange(4) % 2, "udr", DataMismatch, "models"),
        (np.zeros((4, 2)), np.arange(4) % 2, "control", DataMismatch, "directions"),
        (np.zeros((4, 2)), np.arange(4) % 2, "kl", DataMismatch, "logvar"),
        (np.zeros((4, 2)), np.arange(4) % 2, "all", WrongUsage, "dict"),
    ],
)
def test_what_cannot_be_scored_is_refused(codes, factors, metric, error, word):
    with pytest.raises(error, match=word):
        disentool.score(codes, factors, metric)


def swapped_arrays(rows: int) -> tuple[np.ndarray, np.ndarray]:
    factors = np.stack([np.arange(rows) % 3, np.arange(rows) % 2], 1)
    return np.random.default_rng(0).normal(size=(rows, 2)).astype(np.float32), factors


@pytest.mark.parametrize("rows", [12, 150, 1000])
def test_codes_and_factors_that_are_swapped_are_told(rows):
    codes, factors = swapped_arrays(rows)
    disentool.score(codes, factors)
    for wrong in (factors, factors.astype(np.float32), torch.from_numpy(factors)):
        with pytest.raises(DataMismatch, match="codes first: score"):
            disentool.score(wrong, codes)
        assert np.isfinite(disentool.score(wrong, codes, "gaussian-tc").score)  # needs no factors


def test_measured_factors_are_cut_with_a_note():
    codes, factors = swapped_arrays(1000)
    result = disentool.score(codes, np.stack([factors[:, 0], codes[:, 0]], 1))
    assert any("factor_1" in note and "20" in note for note in result.details["notes"])
    expected = np.stack([factors[:, 0], np.searchsorted(np.quantile(codes[:, 0], np.arange(1, 20) / 20), codes[:, 0])])
    assert result.score == pytest.approx(disentool.score(codes, expected.T).score, abs=0.01)


def test_factors_that_are_no_classes_but_repeat_are_taken():
    codes, factors = swapped_arrays(60)
    expected = disentool.score(codes, factors).score
    assert disentool.score(codes, factors * 0.25).score == pytest.approx(expected)
    assert disentool.score(codes, (factors + 7).astype(np.float64)).score == pytest.approx(expected)
    assert np.isfinite(disentool.score(codes, codes, "gaussian-tc").score)  # needs no factors
