"""The baselines of class and content trained with LORD's reconstruction loss: said, kept, resumed, and as written."""

import numpy as np
import pytest
import torch
from conftest import flags, write_vgg

from disentool.commands.train import train
from disentool.config import build
from disentool.contract import Batch, DataFacts
from disentool.errors import DataMismatch
from disentool.io import checkpoint, vgg
from disentool.methods.drnet.config import DrNetConfig
from disentool.methods.drnet.method import DrNet
from disentool.methods.mlvae.config import MLVAEConfig
from disentool.methods.mlvae.method import MLVAE
from disentool.models.model import load_model
from disentool.nn.perceptual import Vgg16, perceptual_loss
from disentool.training.plan import plan

SMALL = {
    "mlvae": {"class_dim": 3, "content_dim": 4, "hidden_units": 16, "batch_size": 8, "group_size": 4},
    "drnet": {"class_dim": 3, "content_dim": 4, "width": 4, "batch_size": 2},
}
FACTS = DataFacts(
    rows=40, channels=1, height=32, width=32, factor_names=("a", "b"), factor_sizes=(5, 8), class_factor="a"
)


def options(name, data, steps, **more):
    given = {"class_factor": "size", "device": "cpu", "data": str(data), "steps": steps, "log_every": 2}
    return SMALL[name] | given | more


def run(name, path, given, resume=False):
    return next(train(plan(name, given, output=str(path)), resume=resume))


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return write_vgg(tmp_path_factory.mktemp("vgg") / "vgg.pth")


def features_apart(weights, images, targets):
    """The perceptual loss in the unit of pixels in 0..1: a mean over layers, times a pixel's standard deviation."""
    features = Vgg16(vgg.read(weights), "normalised")
    return float(perceptual_loss(features, images, targets, "normalised")) / 255


@torch.no_grad()
def test_images_reach_the_weights_normalised_or_as_they_are(weights):
    torch.manual_seed(0)
    images = torch.rand(2, 3, 32, 32)
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    normalised = (images - mean.view(3, 1, 1)) / std.view(3, 1, 1)
    for kind, seen in (("raw", images), ("normalised", normalised)):
        features = Vgg16(vgg.read(weights), kind)
        torch.testing.assert_close(features(images)[0], features.features[:4](seen))


@torch.no_grad()
def test_drnets_perceptual_cost_takes_the_place_of_its_squares(weights):
    given = SMALL["drnet"] | {"reconstruction": "perceptual", "vgg": str(weights), "skip": False}
    model = DrNet(build(DrNetConfig, given), FACTS)
    torch.manual_seed(0)
    networks = model.networks() | model.frozen()
    images = torch.rand(8, 1, 32, 32)
    model.keep_reference(networks, Batch(torch.rand(32, 1, 32, 32), torch.arange(32), None))
    loss, terms, _ = model.autoencoder_loss(networks, Batch(images, torch.arange(8), None), {}, {}, torch.tensor(0))
    made = model.transfer(networks, images[[0, 4]], images[[2, 6]])
    expected = features_apart(weights, made, images[[2, 6]])
    assert float(terms["reconstruction"]) == pytest.approx(expected, rel=1e-4)
    rest = float(terms["similarity"]) + 0.1 * float(terms["adversary"])
    assert float(loss) == pytest.approx(expected + rest, rel=1e-4)


@torch.no_grad()
def test_mlvaes_perceptual_cost_counts_for_each_number_of_an_image(weights):
    model = MLVAE(build(MLVAEConfig, SMALL["mlvae"] | {"reconstruction": "perceptual", "vgg": str(weights)}), FACTS)
    torch.manual_seed(0)
    networks = model.networks() | model.frozen()
    images = torch.rand(8, 1, 32, 32)
    silent = {"class": torch.zeros(8, 3), "content": torch.zeros(8, 4)}
    _, terms, _ = model.loss(networks, Batch(images, torch.arange(8), None), silent, {}, torch.tensor(0))
    codes = model.encode(networks, images)
    joined = [model.join_classes({n: v[i : i + 4] for n, v in codes.items()})["class_code"] for i in (0, 4)]
    own = torch.cat(joined).repeat_interleave(4, 0)
    made = model.decode(networks, torch.cat([own, codes["content_code"]], 1))
    expected = 32 * 32 * features_apart(weights, made, images)
    assert float(terms["reconstruction"]) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("name", SMALL)
def test_a_run_goes_on_with_its_weights_moved_and_encodes_without_them(name, squares, weights, tmp_path):
    given = {"reconstruction": "perceptual"}
    whole = checkpoint.read(run(name, tmp_path / "a.pt", options(name, squares, 4, vgg=str(weights), **given)))
    assert whole["reconstruction_loss"] == "perceptual"
    moved = tmp_path / "moved.pth"
    moved.write_bytes(weights.read_bytes())
    run(name, tmp_path / "b.pt", options(name, squares, 2, vgg=str(weights), **given))
    path = run(name, tmp_path / "b.pt", options(name, squares, 4, vgg=str(moved), **given), resume=True)
    pieces = checkpoint.read(path)
    for network, state in whole["networks"].items():
        assert all(torch.equal(value, pieces["networks"][network][key]) for key, value in state.items())
    moved.unlink()
    model = load_model(path, "cpu")
    with torch.inference_mode():
        codes = model.method.encode(model.networks, torch.from_numpy(np.zeros((1, 1, 32, 32), np.float32)))
    assert {key: value.shape[1] for key, value in codes.items()} == model.method.codes()


@pytest.mark.parametrize("name", SMALL)
def test_which_loss_is_used_is_said_and_kept(name, squares, tmp_path, cli, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    pixel, own = tmp_path / "pixel.pt", tmp_path / "own.pt"
    outcome = cli("train", name, *flags(options(name, squares, 2, reconstruction="pixel")), "-o", pixel)
    outcome.printed(pixel)
    assert f"{pixel}: " in outcome.err
    assert checkpoint.read(pixel)["reconstruction_loss"] == "pixel"
    outcome = cli("train", name, *flags(options(name, squares, 2)), "-o", own)
    outcome.printed(own)
    assert "reconstruction loss" not in outcome.err
    assert checkpoint.read(own)["reconstruction_loss"] == ""
    with pytest.raises(DataMismatch, match="--reconstruction"):
        run(name, own, options(name, squares, 4, reconstruction="pixel"), resume=True)


@pytest.mark.parametrize("name", SMALL)
def test_weights_that_are_missing_or_not_needed(name, squares, tmp_path, cli, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    out = tmp_path / "m.pt"
    given = flags(options(name, squares, 2, reconstruction="perceptual"))
    cli("train", name, *given, "-o", out).failed(1, "vgg16-397923af.pth")
    cli("train", name, *given, "--vgg", tmp_path / "none.pth", "-o", out).failed(1, "none.pth")
    wrong = write_vgg(tmp_path / "wrong.pth", lambda w: {key: w[key] for key in w if key != "features.0.weight"})
    cli("train", name, *given, "--vgg", wrong, "-o", out).failed(1, "features.0.weight")
    native = flags(options(name, squares, 2))
    cli("train", name, *native, "--vgg", wrong, "-o", out).failed(2, "--reconstruction native")
    assert not out.exists()
