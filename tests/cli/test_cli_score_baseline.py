"""``score --baseline untrained``: the same architecture with fresh weights, and what a score says of its training."""

import json

import numpy as np
import pytest
import torch

import disentool
from disentool.engine.feed import Feed
from disentool.engine.training_loop import Training
from disentool.errors import WrongUsage
from disentool.io import dataset
from disentool.models.model import load_model
from disentool.models.untrained import untrained, weights_seed
from disentool.results.settings import settings, unusual

METRICS = "factor,kl,mig,reconstruction"


def records(outcome) -> list[dict]:
    assert outcome.code == 0, outcome
    return [json.loads(line) for line in outcome.out.splitlines()]


def test_fresh_weights_are_those_that_training_starts_from(trained, squares):
    model = load_model(trained, "cpu")
    feed = Feed(dataset.read(squares).images, None, torch.device("cpu"))
    start = Training(model.method, feed, weights_seed(model), torch.device("cpu")).networks
    before = torch.random.get_rng_state()
    fresh = untrained(model)
    assert torch.equal(before, torch.random.get_rng_state())
    assert weights_seed(model) == 1000  # of training: 0
    for name, network in fresh.networks.items():
        for key, tensor in network.state_dict().items():
            assert torch.equal(tensor, start[name].state_dict()[key])
            assert tensor.ndim < 2 or not torch.equal(tensor, model.networks[name].state_dict()[key])


def test_a_record_of_its_own(cli, trained, squares):
    plain = records(cli("score", trained, "--metric", METRICS, "--device", "cpu"))
    both = records(cli("score", trained, "--metric", METRICS, "--device", "cpu", "--baseline", "untrained"))
    assert both[:4] == plain  # the trained model's are what they are without it
    for record, of in zip(both[4:], plain, strict=True):
        assert record["artefact"] == f"{trained} (untrained)"
        assert record["baseline"] == {"weights": "untrained", "of": of["id"]}
        assert record["id"] != of["id"]
        assert (record["method"], record["seed"], record["step"]) == ("untrained factorvae", 1000, 0)
        same = ("config", "data", "data_sha256", "split", "codes", "rows", "metric", "protocol")
        assert {name: record[name] for name in same} == {name: of[name] for name in same}
        assert any("untrained" in note for note in record["details"]["notes"])
    assert [record["score"] == of["score"] for record, of in zip(both[4:], plain, strict=True)][1::2] == [False, False]
    # the KL of networks that this test makes itself
    model = load_model(trained, "cpu")
    torch.manual_seed(1000)
    encoder = model.method.networks()
    images = dataset.read(squares).images
    with torch.inference_mode():
        codes = model.method.encode(encoder, torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255)
    mean, logvar = (codes[name].double().numpy() for name in ("mean", "logvar"))
    expected = 0.5 * (mean**2 + np.exp(logvar) - 1 - logvar).sum(axis=1).mean()
    assert both[5]["metric"] == "kl"
    assert both[5]["score"] == pytest.approx(expected, rel=1e-4)


def test_the_python_sibling(cli, trained):
    both = records(cli("score", trained, "--metric", "kl,mig", "--device", "cpu", "--baseline", "untrained"))
    model = disentool.load(trained, device="cpu")
    results = model.score(["kl", "mig"], baseline="untrained")
    assert [results[name].score for name in ("kl", "mig")] == [record["score"] for record in both[:2]]
    assert [results[name].baseline.score for name in ("kl", "mig")] == [record["score"] for record in both[2:]]
    assert model.score("kl").baseline is None


def test_readers_take_it_for_no_seed_of_the_trained_model(cli, trained):
    both = records(cli("score", trained, "--metric", "kl", "--device", "cpu", "--baseline", "untrained", "-q"))
    assert [setting.label for setting in settings(both)] == ["FactorVAE", "untrained FactorVAE"]
    assert unusual(both[1]["method"], both[1]["config"]) == unusual(both[0]["method"], both[0]["config"])
    table = cli("score", trained, "--metric", "kl", "--device", "cpu", "--baseline", "untrained", "--format", "table")
    assert "(untrained)" in table.out


def test_what_has_no_untrained_score(cli, trained, folder):
    cli("encode", trained, "-o", "z.h5")
    cli("score", "z.h5", "--baseline", "untrained").failed(WrongUsage.exit_code, "checkpoint")
    cli("score", trained, trained, "--metric", "udr", "--baseline", "untrained").failed(WrongUsage.exit_code, "udr")
    cli("score", trained, "--metric", "control", "--baseline", "untrained").failed(WrongUsage.exit_code, "direction")


def test_a_checkpoint_still_in_training_says_so(cli, trained, squares, folder):
    done = cli("score", trained, "--metric", "kl", "--device", "cpu")
    assert "training" not in done.err
    content = torch.load(trained, weights_only=True)
    content["step"] = 20
    torch.save(content, "half.pt")
    half = cli("score", "half.pt", "--metric", "kl,mig", "--device", "cpu")
    assert half.err.count("20 of 30") == 1  # said once, whatever the number of metrics
    assert all(any("20 of 30" in note for note in record["details"]["notes"]) for record in records(half))
    assert any("20 of 30" in note for note in disentool.load("half.pt").score("kl").details["notes"])
