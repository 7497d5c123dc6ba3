"""Each method learns the grid of squares, and moves what its penalty is about."""

import numpy as np
import pytest
import torch
from conftest import square_grid, write_dataset

from disentool.commands.train import train
from disentool.io import checkpoint, dataset
from disentool.models.model import load_model
from disentool.training.plan import plan

pytestmark = pytest.mark.slow

AUTOENCODER = {"latent_dim": 4, "hidden_units": 64, "batch_size": 32, "learning_rate": 1e-3}
JUDGED = {"discriminator_learning_rate": 1e-3, "discriminator_units": 64, "discriminator_layers": 3}
CODES = {"categorical": "3", "continuous": 2, "noise_dim": 3, "batch_size": 32}


def learn(name, data, path, steps, **options):
    """The model after so many steps, the run in ``path`` being extended; and what it makes of every image."""
    given = {"data": str(data), "device": "cpu", "log_every": 50, "steps": steps} | options
    model = load_model(next(train(plan(name, given, output=str(path)), resume=True)), "cpu")
    with torch.inference_mode():
        images = torch.from_numpy(dataset.read(data).images.copy()).permute(0, 3, 1, 2).float() / 255
        posterior = model.method.encode(model.networks, images)
        nats = model.method.reconstruction(model.networks, posterior["mean"], images)[0]
    return model, {k: v.double().numpy() for k, v in posterior.items()}, float(nats.mean())


def covariance(posterior):
    """Of the codes of all images: that of the means, and the mean variance on its diagonal."""
    spread = np.exp(posterior["logvar"]).mean(0) if "logvar" in posterior else 0.0
    return np.cov(posterior["mean"].T, ddof=0) + np.diag(np.broadcast_to(spread, posterior["mean"].shape[1]))


def gaussian_tc(posterior):
    """Total correlation of the Gaussian with the codes' covariance, nats."""
    table = covariance(posterior)
    return 0.5 * (np.log(np.diag(table)).sum() - np.linalg.slogdet(table)[1])


def off_diagonal(posterior):
    """Sum of squared covariances of different dimensions' means."""
    table = np.cov(posterior["mean"].T, ddof=0)
    return (table**2).sum() - (np.diag(table) ** 2).sum()


@pytest.mark.parametrize(
    ("name", "options", "steps", "measure"),
    [
        ("betatcvae", {"beta": 4.0}, (300, 600), gaussian_tc),
        ("aae", JUDGED, (200, 500), gaussian_tc),
        ("dipvae", {"variant": "i"}, (100, 400), off_diagonal),
        ("dipvae", {"variant": "ii"}, (200, 350), off_diagonal),
    ],
    ids=["betatcvae", "aae", "dipvae-i", "dipvae-ii"],
)
def test_it_reconstructs_and_its_codes_come_apart(name, options, steps, measure, squares, tmp_path):
    """Once the codes tell anything (an untrained encoder's are all one), their dependence falls while they learn on."""
    runs = [learn(name, squares, tmp_path / "m.pt", s, **AUTOENCODER, **options) for s in (1, *steps)]
    (_, _, untrained), (_, early, halfway), (_, late, trained) = runs
    print(f"{name}: {untrained:.0f} {halfway:.0f} {trained:.0f} nats; {measure(early):.3f} -> {measure(late):.3f}")
    assert trained < halfway < untrained / 2 and trained < untrained / 10
    assert measure(late) < measure(early) / 3


def test_pairs_teach_adagvae(squares, tmp_path):
    """Squares differ in place and size: it reconstructs, and its dimensions come to tell one or the other apart."""
    (_, _, untrained), (_, posterior, trained) = (
        learn("adagvae", squares, tmp_path / "m.pt", steps, **AUTOENCODER) for steps in (1, 400)
    )
    factors = dataset.read(squares).factors
    table = np.abs(np.corrcoef(posterior["mean"].T, factors.T)[:4, 4:])
    print(f"adagvae: {untrained:.0f} {trained:.0f} nats; correlations {table.max(0).round(2)}")
    assert trained < untrained / 10
    size, *place = table.max(0)  # a place is learned surely and the size, which moves fewer pixels, in part
    assert min(place) > 0.7 and size > 0.35
    assert len(set(table.argmax(0))) == 3  # each in a dimension of its own


@pytest.mark.parametrize(
    ("name", "options", "steps"),
    [
        ("infogan", {"discriminator_learning_rate": 5e-4}, 200),
        ("infowgan-gp", {"learning_rate": 1e-3, "critic_learning_rate": 1e-3, "critic_steps": 2}, 120),
    ],
)
def test_it_generates_squares_whose_codes_q_recognises(name, options, steps, tmp_path):
    data = write_dataset(tmp_path / "d.h5", *square_grid(16))
    real = torch.from_numpy(square_grid(16)[0]).flatten(1).double() / 255
    distances, told = [], []
    for length in (1, steps):
        model, _, _ = learn(name, data, tmp_path / "m.pt", length, **CODES, **options)
        with torch.inference_mode():
            normals = torch.randn(256, model.prior_width, generator=torch.Generator().manual_seed(0))
            codes = model.method.prior(normals)
            images = model.method.decode(model.networks, codes)
            nearest = torch.cdist(images.flatten(1).double(), real).min(1).values
            distances.append(float(nearest.square().mean()))  # summed over pixels, to the most similar square
            told.append(
                float((model.method.encode(model.networks, images)["mean"][:, 0] == codes[:, 0]).double().mean())
            )
    information = checkpoint.read(tmp_path / "m.pt")["history"][-1]["information"]
    print(f"{name}: {distances[0]:.1f} -> {distances[1]:.1f} from a square, {told[1]:.2f} told, {information:.2f} nats")
    assert distances[1] < distances[0] / 3
    assert told[1] > 0.5 and information > 0.3  # of 1/3 by chance, and about 0
