"""Ada-GVAE: its pairs, what it takes for shared, and its loss against a hand-written statement."""

import numpy as np
import pytest
import torch
from conftest import NAMES, SIZES, SMALL, square_grid, write_dataset

from disentool.commands.train import train
from disentool.config import build
from disentool.contract import Adam, Batch, DataFacts, Phase, pairs
from disentool.engine.feed import Feed
from disentool.engine.pairing import Pairs
from disentool.engine.randomness import Randomness
from disentool.errors import DataMismatch, NoFactors
from disentool.methods.adagvae.config import AdaGVAEConfig
from disentool.methods.adagvae.method import AdaGVAE, average_shared, shared_dimensions
from disentool.training.plan import plan

FACTS = DataFacts(rows=192, channels=1, height=32, width=32, factor_names=NAMES, factor_sizes=SIZES)
GRID = square_grid(16)[1]


def phase(draw) -> Phase:
    return Phase("p", ("net",), Adam(1e-3), lambda *_: None, draw)


def differing(factors, rows) -> np.ndarray:
    """How many factors each pair of these rows differs in."""
    first, second = np.split(rows, 2)
    return (factors[first] != factors[second]).sum(1)


def shuffled(factors):
    return factors[np.random.default_rng(1).permutation(len(factors))]


def some(factors):
    """Without a complete grid: four rows of five."""
    return factors[np.arange(len(factors)) % 5 != 0]


@pytest.mark.parametrize("arrange", [lambda f: f, shuffled, some])
@pytest.mark.parametrize("changes", [1, 2])
def test_pairs_differ_in_exactly_so_many_factors(arrange, changes):
    """disentanglement_lib's sampler changes one or k, and may draw the value that was there."""
    factors = arrange(GRID)
    rows = Pairs(factors, changes).draw(np.random.default_rng(0), 500)
    assert rows.dtype == np.int64
    assert set(differing(factors, rows)) == {changes}


@pytest.mark.parametrize("arrange", [lambda f: f, some])
def test_rows_and_changes_are_drawn_evenly(arrange):
    factors = arrange(GRID)
    rows = Pairs(factors, None).draw(np.random.default_rng(0), 20_000)
    first, second = np.split(rows, 2)
    changed = factors[first] != factors[second]
    assert np.bincount(changed.sum(1), minlength=4)[1:3] == pytest.approx([10_000, 10_000], abs=600)
    assert changed.mean(0) == pytest.approx([0.5] * 3, abs=0.04)
    for half in (first, second):
        for column, size in zip(factors[half].T, SIZES, strict=True):
            assert np.bincount(column, minlength=size) / 20_000 == pytest.approx([1 / size] * size, abs=0.03)


def test_sparse_data_keeps_how_many_factors_change_where_it_can():
    rng = np.random.default_rng(0)
    factors = np.indices((3, 6, 8, 8, 8)).reshape(5, -1).T
    factors = factors[rng.random(len(factors)) < 0.5]
    first, second = np.split(Pairs(factors, None).draw(rng, 4000), 2)
    assert np.bincount((factors[first] != factors[second]).sum(1))[1:] == pytest.approx([1000] * 4, abs=150)


def test_pairs_depend_on_seed_and_step_alone():
    """Not on a global generator, nor on what was drawn before."""
    draw = phase(pairs(8))
    once = Randomness(3, 192, GRID)
    np.random.seed(0)
    late = once.draw(draw, 0, 5)[0]
    np.random.seed(1)
    again = Randomness(3, 192, GRID)
    again.draw(draw, 0, 2)
    assert np.array_equal(late, again.draw(draw, 0, 5)[0])
    assert not np.array_equal(late, again.draw(draw, 0, 6)[0])
    assert not np.array_equal(late, Randomness(4, 192, GRID).draw(draw, 0, 5)[0])


def test_pairs_come_from_the_rows_that_are_trained_on():
    chosen = np.flatnonzero(np.arange(192) % 5 != 0)
    feed = Feed(square_grid(16)[0], GRID, torch.device("cpu"), rows=chosen)
    rows = Randomness(0, len(feed), feed.labels()).draw(phase(pairs(50, 1)), 0, 0)[0]
    assert set(differing(GRID[chosen], rows)) == {1}
    assert np.array_equal(feed.batch(rows).factors.numpy(), GRID[chosen[rows]])


def test_factors_of_one_value_do_not_count():
    factors = np.insert(GRID, 1, 7, axis=1)
    assert set(differing(factors, Pairs(factors, 2).draw(np.random.default_rng(0), 100))) == {2}
    with pytest.raises(DataMismatch, match="--changes 3"):
        Pairs(factors, 3)


@pytest.mark.parametrize(
    ("factors", "error", "says"),
    [
        (None, NoFactors, "no factors"),
        (np.arange(10)[:, None], DataMismatch, "vary"),
        (np.stack([np.arange(10)] * 2, 1), DataMismatch, "grid"),
        (np.arange(64 * 80).reshape(80, 64) * 7 % 80, DataMismatch, "combinations"),
    ],
)
def test_data_that_gives_no_pairs_is_refused(factors, error, says):
    with pytest.raises(error, match=says):
        Pairs(factors, None).draw(np.random.default_rng(0), 4)


@pytest.mark.parametrize(
    ("factors", "error", "says"),
    [(None, NoFactors, "no factors"), (np.arange(192)[:, None], DataMismatch, "vary")],
)
def test_training_without_pairs_names_the_file_before_it_starts(factors, error, says, tmp_path):
    names = {} if factors is None else {"factor_names": ("row",), "factor_sizes": (192,)}
    data = write_dataset(tmp_path / "d.h5", square_grid(16)[0], factors, **names)
    jobs = plan("adagvae", SMALL | {"data": str(data), "device": "cpu", "steps": 2}, output=str(tmp_path / "m.pt"))
    with pytest.raises(error, match=says):
        list(train(jobs))
    assert not (tmp_path / "m.pt").exists()


def gaussian_kl(m1, v1, m2, v2):
    return 0.5 * (v1 / v2 + (m2 - m1) ** 2 / v2 - 1 + np.log(v2) - np.log(v1))


@pytest.mark.parametrize("divergence", ["one-way", "symmetric"])
def test_loss_equals_its_hand_written_statement(divergence):
    model = AdaGVAE(build(AdaGVAEConfig, SMALL | {"beta": 2.0, "divergence": divergence, "batch_size": 8}), FACTS)
    torch.manual_seed(0)
    networks = {name: net.double() for name, net in model.networks().items()}
    rng = np.random.default_rng(0)
    x, eps = rng.random((16, 1, 32, 32)), rng.standard_normal((16, 4))
    batch, noise = Batch(torch.from_numpy(x), torch.arange(16), None), {"posterior": torch.from_numpy(eps)}
    loss, terms, _ = model.loss(networks, batch, noise, {}, torch.tensor(0))
    h = networks["encoder"](batch.images).detach().numpy()
    mean, variance = h[:, :4].copy(), np.exp(h[:, 4:])
    shared = 0
    for i in range(8):
        delta = gaussian_kl(mean[i], variance[i], mean[i + 8], variance[i + 8])
        if divergence == "symmetric":
            delta = 0.5 * (delta + gaussian_kl(mean[i + 8], variance[i + 8], mean[i], variance[i]))
        for d in range(4):
            if delta[d] < 0.5 * (delta.min() + delta.max()):
                shared += 1
                mean[[i, i + 8], d] = 0.5 * (mean[i, d] + mean[i + 8, d])
                variance[[i, i + 8], d] = 0.5 * (variance[i, d] + variance[i + 8, d])
    p = torch.sigmoid(networks["decoder"](torch.from_numpy(mean + np.sqrt(variance) * eps))).detach().numpy()
    nats = -(x * np.log(p) + (1 - x) * np.log(1 - p)).sum() / 16
    kl = 0.5 * (mean**2 + variance - np.log(variance) - 1).sum() / 16
    assert float(loss.detach()) == pytest.approx(nats + 2 * kl, rel=1e-10)
    assert float(terms["shared_dimensions"]) == pytest.approx(shared / 8)


def test_the_two_divergences_are_two():
    """A dimension whose variances differ much is far from the other in one direction only."""
    zeros = torch.zeros(1, 3).double()
    logvar, other = torch.tensor([[-4.0, 0, 0]]).double(), zeros
    other_mean = torch.tensor([[0, 1.9, 0]]).double()
    one_way = shared_dimensions(zeros, other_mean, logvar, other, "one-way")
    symmetric = shared_dimensions(zeros, other_mean, logvar, other, "symmetric")
    assert one_way.tolist() == [[False, False, True]]
    assert symmetric.tolist() == [[False, True, True]]


def test_variances_are_averaged_not_their_logarithms():
    mean, logvar = torch.tensor([[0.0], [2.0]]), torch.log(torch.tensor([[1.0], [3.0]]))
    shared_mean, shared_logvar = average_shared(mean, logvar, torch.tensor([[True]]))
    assert shared_mean.flatten().tolist() == [1, 1]
    assert shared_logvar.exp().flatten().tolist() == pytest.approx([2, 2])
    kept_mean, kept_logvar = average_shared(mean, logvar, torch.tensor([[False]]))
    assert torch.equal(kept_mean, mean) and torch.equal(kept_logvar, logvar)
