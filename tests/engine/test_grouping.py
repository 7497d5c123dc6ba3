"""The draw of groups: classes, and images of each."""

import numpy as np
import pytest
import torch
from conftest import square_grid, write_dataset

from disentool.commands.train import train
from disentool.contract import Adam, Phase, Stage, groups, uniform
from disentool.engine.feed import Feed
from disentool.engine.grouping import ClassGroups
from disentool.engine.randomness import Randomness
from disentool.engine.training_loop import Training
from disentool.errors import DataMismatch, NoFactors, WrongUsage
from disentool.reporting import Silent
from disentool.training.plan import plan

GRID = square_grid(16)[1]  # 3 x 8 x 8
UNEVEN = np.repeat(np.arange(7), [1, 2, 3, 4, 9, 20, 60])[:, None]


def phase(draw) -> Phase:
    return Phase("p", ("net",), Adam(1e-3), lambda *_: None, draw)


def drawn(factors, columns, count, each, seed=0) -> np.ndarray:
    """Rows int64 [count, each]."""
    rows = ClassGroups(factors, columns).draw(np.random.default_rng(seed), count, each)
    assert rows.dtype == np.int64 and rows.shape == (count * each,)
    return rows.reshape(count, each)


@pytest.mark.parametrize("columns", [(1,), (0, 2), (2, 0)])
def test_a_group_is_of_one_class_and_no_two_of_the_same(columns):
    rng = np.random.default_rng(3)
    factors = GRID[rng.permutation(len(GRID))]
    for seed in range(20):
        rows = drawn(factors, columns, 6, 5, seed)
        classes = factors[rows][:, :, list(columns)]
        assert (classes == classes[:, :1]).all()
        assert len({tuple(c) for c in classes[:, 0]}) == 6
        assert all(len(set(group)) == 5 for group in rows.tolist())


def test_classes_come_again_only_when_all_have_come():
    rows = drawn(GRID, (0,), 8, 4)
    assert sorted(np.bincount(GRID[rows[:, 0], 0])) == [2, 3, 3]
    assert all(len(set(group)) == 4 for group in rows.tolist())


def test_a_class_with_too_few_images_gives_each_before_any_comes_again():
    rows = drawn(UNEVEN, (0,), 7, 5)
    counts = {int(UNEVEN[group[0], 0]): sorted(np.unique(group, return_counts=True)[1]) for group in rows}
    assert counts == {0: [5], 1: [2, 3], 2: [1, 2, 2], 3: [1, 1, 1, 2], 4: [1] * 5, 5: [1] * 5, 6: [1] * 5}


def test_images_of_a_class_and_classes_are_drawn_evenly():
    groups_ = ClassGroups(UNEVEN, (0,))
    rng = np.random.default_rng(0)
    rows = np.concatenate([groups_.draw(rng, 3, 2).reshape(3, 2) for _ in range(20_000)])
    classes = np.bincount(UNEVEN[rows[:, 0], 0])
    assert classes == pytest.approx([60_000 / 7] * 7, rel=0.05)
    for first, last in ((3, 6), (6, 10), (10, 19)):  # the classes of 3, 4 and 9 images
        some = rows[(rows[:, 0] >= first) & (rows[:, 0] < last)] - first
        size = last - first
        table = np.zeros((size, size))
        np.add.at(table, tuple(some.T), 1)
        expected = len(some) / (size * (size - 1))  # every ordered pair of two different ones
        assert not table.diagonal().any()
        assert table[~np.eye(size, dtype=bool)] == pytest.approx(expected, rel=0.35)


def test_groups_depend_on_seed_and_step_alone():
    draw = phase(groups(4, 3, (1,)))
    late = Randomness(3, 192, GRID).draw(draw, 0, 5)[0]
    again = Randomness(3, 192, GRID)
    again.draw(draw, 0, 2)
    assert np.array_equal(late, again.draw(draw, 0, 5)[0])
    others = (Randomness(3, 192, GRID).draw(draw, *at)[0] for at in ((0, 6), (1, 5), (0, 5, 1)))
    assert not any(np.array_equal(late, other) for other in others)
    assert not np.array_equal(late, Randomness(4, 192, GRID).draw(draw, 0, 5)[0])


def test_groups_come_from_the_rows_that_are_trained_on():
    chosen = np.flatnonzero(GRID[:, 0] != 1)
    feed = Feed(square_grid(16)[0], GRID, torch.device("cpu"), rows=chosen)
    rows = Randomness(0, len(feed), feed.labels()).draw(phase(groups(4, 6, (0,))), 0, 0)[0]
    classes = feed.batch(rows).factors[:, 0].reshape(4, 6)
    assert set(classes.flatten().tolist()) == {0, 2}
    assert bool((classes == classes[:, :1]).all())


@pytest.mark.parametrize(
    ("factors", "error", "says"),
    [
        (None, NoFactors, "no factors"),
        (np.zeros((9, 1), np.int64), DataMismatch, "one class"),
    ],
)
def test_data_without_classes_is_refused(factors, error, says):
    with pytest.raises(error, match=says):
        Randomness(0, 9, factors).check(phase(groups(2, 2, (0,))), 0)


class Shown:
    """A method whose stage is shown rows before it starts."""

    def __init__(self, reference):
        self.reference, self.seen = reference, []

    def networks(self):
        return {"net": torch.nn.Linear(1, 1)}

    def stages(self):
        def loss(networks, batch, noise, carry, step):
            return networks["net"](batch.images.flatten(1)[:, :1]).square().mean(), {}, {}

        phase = Phase("one", ("net",), Adam(0.1), loss, uniform(4))
        return (Stage((phase,), 3, lambda networks, batch: self.seen.append(batch.rows.tolist()), self.reference),)


def test_a_stage_is_shown_its_reference_once_and_the_same_by_seed():
    seen = []
    for seed in (0, 0, 1):
        method = Shown(groups(8, 1, (1,)))
        training = Training(method, Feed(*square_grid(16), torch.device("cpu")), seed, torch.device("cpu"))
        for _ in range(3):
            training.advance()
        assert len(method.seen) == 1
        seen += method.seen
    assert sorted(GRID[seen[0], 1]) == list(range(8))
    assert seen[0] == seen[1] != seen[2]


@pytest.mark.parametrize("method", ["mlvae", "drnet"])
@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"class_factor": "colour"}, WrongUsage, "--class-factor colour"),
        ({}, NoFactors, "--class-factor"),
    ],
)
def test_a_class_factor_that_is_not_there_is_named_before_training(method, options, error, says, tmp_path):
    data = write_dataset(tmp_path / "d.h5", *square_grid())
    with pytest.raises(error, match=says):
        list(train(plan(method, options | {"data": str(data), "steps": 1}, output=str(tmp_path / "m.pt"))))
    assert not (tmp_path / "m.pt").exists()


class Told(Silent):
    """Keeps what is noted."""

    def __init__(self):
        self.notes = []

    def note(self, message):
        self.notes.append(message)


def test_classes_with_too_few_images_are_told(tmp_path):
    sizes = np.repeat(np.arange(4), [1, 3, 60, 128])
    data = write_dataset(
        tmp_path / "d.h5", square_grid()[0], sizes[:, None], factor_names=("kind",), factor_sizes=(4,), grid=False
    )
    given = {"data": str(data), "class_factor": "kind", "steps": 1, "hidden_units": 8, "device": "cpu"}
    told = Told()
    list(train(plan("mlvae", given, output=str(tmp_path / "m.pt")), report=told))
    assert any("2 of 4" in note for note in told.notes)
    told = Told()
    list(train(plan("mlvae", given | {"group_size": 1}, output=str(tmp_path / "n.pt")), report=told))
    assert not any("fewer than" in note for note in told.notes)
