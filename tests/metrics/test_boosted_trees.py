"""The trees of ``dci`` are those of scikit-learn's GradientBoostingClassifier."""

from itertools import product

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from disentool.errors import DataMismatch
from disentool.metrics import boosted_trees
from disentool.metrics.best_splits import Node, Sums, best_splits
from disentool.metrics.boosted_trees import boost, trees_of
from disentool.metrics.dci import dci
from disentool.metrics.importance import completeness, disentanglement
from disentool.metrics.sorted_codes import SortedCodes

CONSTANTS = {"rounds": 4, "learning_rate": 0.3, "depth": 3}


def boosted(codes, factors, test=None, test_factors=None, **changes):
    test, test_factors = (codes, factors) if test is None else (test, test_factors)
    return boost(codes, factors, test, test_factors, **CONSTANTS | {"seed": 0, "grown": lambda trees: None} | changes)


def library(codes, labels, rounds=4, learning_rate=0.3, depth=3, seed=0):
    from sklearn.ensemble import GradientBoostingClassifier

    model = GradientBoostingClassifier(
        n_estimators=rounds, learning_rate=learning_rate, max_depth=depth, random_state=seed
    )
    return model.fit(codes, labels)


def untied(classes, rows, seed=0):
    """Codes of which one alone tells of the classes, noisily: so large nodes, where no two splits are equally good."""
    rng = np.random.default_rng(seed)
    labels = np.arange(rows) % classes
    codes = rng.normal(size=(rows, 4)).astype(np.float32)
    codes[:, 1] += labels
    codes[:, 2] -= 0.3 * labels
    return codes, labels[:, None]


@pytest.mark.parametrize(("classes", "depth"), [(2, 1), (2, 2), (2, 3), (3, 1), (3, 2), (3, 3), (6, 2)])
def test_importances_and_answers_of_the_library(classes, depth):
    codes, labels = untied(classes, 3000)
    test, test_labels = untied(classes, 500, seed=1)
    ours = boosted(codes, labels, test, test_labels, depth=depth)
    theirs = library(codes, labels[:, 0], depth=depth)
    np.testing.assert_allclose(ours.importance[:, 0], theirs.feature_importances_, atol=1e-6)
    assert ours.train[0] == theirs.score(codes, labels[:, 0])
    assert ours.test[0] == theirs.score(test, test_labels[:, 0])


@pytest.mark.parametrize("neighbours", [boosted_trees.NEIGHBOURS, 1])
def test_thresholds_of_the_library(neighbours, monkeypatch):
    """So many rows that did not train fall on both sides of a threshold that is not halfway between two neighbours.

    Half of them lie on a threshold as float32 has it.
    """
    monkeypatch.setattr(boosted_trees, "NEIGHBOURS", neighbours)
    codes, labels = untied(2, 6000)
    test, test_labels = untied(2, 100_000, seed=1)
    theirs = library(codes, labels[:, 0], rounds=2, depth=4)
    cuts = np.concatenate([[t.tree_.feature, t.tree_.threshold] for t in theirs.estimators_[:, 0]], axis=1).T
    for place, (dimension, threshold) in enumerate(cuts[cuts[:, 0] >= 0]):
        test[place * 1000 : place * 1000 + 500, int(dimension)] = np.float32(threshold)
    ours = boosted(codes, labels, test, test_labels, rounds=2, depth=4)
    assert ours.test[0] == theirs.score(test, test_labels[:, 0])


def test_codes_beyond_float32_are_refused():
    codes, labels = untied(2, 50)
    with pytest.raises(DataMismatch, match="float32"):
        dci(codes.astype(np.float64) * 1e39, labels, rounds=1)


@pytest.mark.parametrize("processors", [1, 2, 5])
@pytest.mark.parametrize("together", [1, 1 << 30])
def test_factors_do_not_disturb_each_other(processors, together, monkeypatch):
    """Whatever is fitted beside it, also where chance decides: dimensions 1 and 4 are the same."""
    codes = untied(2, 500)[0]
    codes = np.column_stack([codes, codes[:, 1]])
    factors = np.stack([np.arange(500) % classes for classes in (2, 3, 5)], axis=1)
    expected = dci(codes, factors, rounds=3).details["importance"]
    monkeypatch.setattr("disentool.metrics.boosted_trees.TOGETHER", together)
    monkeypatch.setattr("disentool.metrics.boosted_trees.processors", lambda: processors)
    np.testing.assert_array_equal(dci(codes, factors, rounds=3).details["importance"], expected)


@pytest.mark.parametrize("blocks", [1, 7, 256])
@pytest.mark.parametrize("digits", [0, 1, 2, 7])
def test_equal_values_are_not_cut_apart(blocks, digits, monkeypatch):
    monkeypatch.setattr("disentool.metrics.sorted_codes.BLOCKS", blocks)
    codes, labels = untied(3, 2000)
    codes = np.column_stack([codes.round(digits), np.full(2000, 0.1)]).astype(np.float32)  # the last one is constant
    ours, theirs = boosted(codes, labels, depth=2), library(codes, labels[:, 0], depth=2)
    np.testing.assert_allclose(ours.importance[:, 0], theirs.feature_importances_, atol=1e-6)
    assert ours.train[0] == theirs.score(codes, labels[:, 0])


def test_values_that_hardly_differ_are_equal():
    codes = np.array([[0.5], [0.5 + 5e-8], [0.5 + 1e-7], [0.7]], np.float32)
    factors = np.array([[0], [1], [1], [1]])
    ours, theirs = boosted(codes, factors), library(codes, factors[:, 0])
    assert ours.train[0] == theirs.score(codes, factors[:, 0]) == 0.75


@pytest.mark.parametrize("classes", [2, 3])
def test_a_class_of_one_row(classes):
    codes, labels = untied(classes, 300)
    labels[labels == classes - 1] = 0
    labels[np.argmax(codes[:, 1])] = classes - 1
    ours, theirs = boosted(codes, labels, depth=1), library(codes, labels[:, 0], depth=1)
    np.testing.assert_allclose(ours.importance[:, 0], theirs.feature_importances_, atol=1e-6)
    assert ours.train[0] == theirs.score(codes, labels[:, 0])


def test_constant_codes_matter_for_nothing():
    result = boosted(np.full((20, 3), 0.1), np.arange(20)[:, None] % 3)
    assert not result.importance.any()
    assert result.train[0] == pytest.approx(7 / 20)


def test_classes_that_none_of_the_training_rows_has_are_wrong_answers():
    codes, labels = untied(3, 300)
    assert boosted(codes, labels, codes, labels + 3).test[0] == 0


def test_trees_until_nothing_is_left_to_learn():
    codes = np.repeat(np.arange(4.0), 5)[:, None]
    labels = codes.astype(int)
    result = boosted(codes, labels, rounds=200, learning_rate=1.0)
    assert result.train[0] == 1
    assert result.importance[0, 0] == pytest.approx(1)


def test_a_tree_deeper_than_its_rows():
    codes, labels = untied(3, 40)
    assert boosted(codes, labels, depth=12).train[0] == library(codes, labels[:, 0], depth=12).score(
        codes, labels[:, 0]
    )


def test_equally_good_dimensions_share_by_chance():
    codes, labels = untied(3, 500)
    twice = codes[:, [1, 1]]
    share = boosted(twice, labels, rounds=40).importance[:, 0]
    assert share == pytest.approx([0.5, 0.5], abs=0.15)
    assert (boosted(twice, labels, seed=1).importance != boosted(twice, labels, seed=2).importance).any()
    np.testing.assert_array_equal(boosted(twice, labels, seed=1).importance, boosted(twice, labels, seed=1).importance)


@pytest.mark.parametrize("seed", range(6))
def test_the_split_is_the_best_of_all_places(seed, monkeypatch):
    """Against a search through every place, for gradients of any kind, in a node of some of the rows."""
    monkeypatch.setattr("disentool.metrics.sorted_codes.BLOCKS", 9)
    rng = np.random.default_rng(seed)
    rows, dimensions, trees = 400, 3, 5
    codes = rng.normal(size=(rows, dimensions)).round(2 if seed % 2 else 6).astype(np.float32)
    gradient = rng.normal(size=(trees, rows)) ** 3 * rng.choice([1, 1e-3], size=(trees, rows)) - seed / 10
    inside = rng.random((trees, rows)) < 0.4
    table = SortedCodes(codes)
    of_node = [table.sums(torch.from_numpy(part.T).float()) for part in (gradient.clip(0) * inside, inside)]
    exact = np.zeros(of_node[0].shape)
    for j, b in product(range(dimensions), range(table.blocks)):
        some = table.order[j, table.starts[j, b] : table.ends[j, b]]
        exact[j, b] = (gradient * inside)[:, some].sum(1)
    sums = Sums(torch.from_numpy(exact).cumsum(1), of_node[1].cumsum(1), of_node[0])
    node = Node(sums, torch.from_numpy(inside), torch.from_numpy(gradient), torch.ones(trees, dtype=torch.bool))
    found = best_splits(table, node, torch.rand(dimensions, trees, dtype=torch.float64))
    for c in range(trees):
        best = -1.0
        g = gradient[c, inside[c]]
        for column in codes[inside[c]].T:
            for value in np.unique(column)[1:]:
                left, right = g[column < value], g[column >= value]
                best = max(best, len(g) * g.var() - len(left) * left.var() - len(right) * right.var())
        assert float(found.improvement[c]) == pytest.approx(best, rel=1e-9)


def test_many_models_are_ranked_as_by_the_library():
    rng = np.random.default_rng(0)
    factors = np.stack([rng.integers(size, size=2000) for size in (2, 3, 5)], axis=1)
    ours, theirs = [], []
    for strength in np.linspace(0, 1, 8):
        mixed = np.eye(3, 4) + strength * rng.normal(size=(3, 4))
        codes = (factors @ mixed + 0.3 * rng.normal(size=(2000, 4))).astype(np.float32)
        details = dci(codes, factors, rounds=5).details
        ours.append((details["disentanglement"], details["completeness"]))
        plain = np.stack(
            [library(codes, labels, rounds=5, learning_rate=0.1).feature_importances_ for labels in factors.T], 1
        )
        theirs.append((disentanglement(plain)[0], completeness(plain)[0]))
    for mine, other in zip(np.transpose(ours), np.transpose(theirs), strict=True):
        assert spearmanr(mine, other).statistic > 0.97
        np.testing.assert_allclose(mine, other, atol=0.02)


def test_the_callers_settings_are_left_alone():
    codes, labels = untied(3, 200)
    state = torch.random.get_rng_state()
    expected = boosted(codes, labels).importance
    torch.set_default_dtype(torch.float64)
    try:
        np.testing.assert_array_equal(boosted(codes, labels).importance, expected)
    finally:
        torch.set_default_dtype(torch.float32)
    assert torch.equal(torch.random.get_rng_state(), state)


def test_trees_of_a_factor():
    assert [trees_of(np.arange(12) % classes) for classes in (2, 3, 6)] == [1, 3, 6]
