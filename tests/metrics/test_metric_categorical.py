"""Codes that name classes: Gini's variance in Kim & Mnih's metric, a note in the others."""

import json
from itertools import combinations

import numpy as np
import pytest
from metric_cases import factor

from disentool.commands.train import train
from disentool.metrics.factor import factor as of_votes
from disentool.metrics.factor import gini_variance
from disentool.metrics.table.disentanglement import DISENTANGLEMENT
from disentool.scoring.codes import Codes
from disentool.scoring.data_rows import DataRows
from disentool.training.plan import plan


def plain_gini(classes):
    """1 / (2 n (n - 1)) times the sum of d(i, j) over all ordered pairs, written out."""
    n = len(classes)
    return sum(2 * (a != b) for a, b in combinations(classes, 2)) / (2 * n * (n - 1))


def test_gini_is_the_sum_over_pairs():
    classes = np.random.default_rng(0).integers(5, size=(7, 13)).astype(np.float32)
    assert gini_variance(classes) == pytest.approx([plain_gini(row) for row in classes])
    assert gini_variance(np.zeros((1, 4))) == 0


def plain_votes(codes, groups, held, categorical):
    """The majority vote written out: a loop over votes and dimensions."""
    variance = [
        plain_gini(column) if j in categorical else column.var(ddof=1) for j, column in enumerate(codes.astype(float).T)
    ]
    table = np.zeros((codes.shape[1], held.max() + 1))
    for rows, of in zip(groups, held, strict=True):
        local = [
            (plain_gini(column) if j in categorical else column.var(ddof=1)) / variance[j]
            for j, column in enumerate(codes[rows].astype(float).T)
        ]
        table[int(np.argmin(local)), of] += 1
    return table


@pytest.mark.parametrize("categorical", [(), (0,), (0, 2)])
def test_votes_are_those_of_a_plain_statement(categorical):
    rng = np.random.default_rng(1)
    codes = np.column_stack([rng.integers(3, size=60), rng.normal(size=60), rng.integers(4, size=60)])
    codes = codes.astype(np.float32)
    groups, held = rng.integers(60, size=(40, 9)), rng.integers(3, size=40)
    result = of_votes(codes, groups, held, categorical=categorical)
    expected = plain_votes(codes, groups, held, categorical)
    assert result.details["vote_table"] == expected.tolist()
    assert result.score == pytest.approx(expected.max(axis=1).sum() / len(groups))


def test_the_order_of_classes_does_not_matter():
    """A class code in another numbering is the same code; as a quantity it is another one."""
    factors = np.indices((4, 6, 6)).reshape(3, -1).T
    rng = np.random.default_rng(0)
    turn = np.array([2, 0, 3, 1])
    noisy = np.where(rng.random(len(factors)) < 0.3, rng.integers(4, size=len(factors)), factors[:, 0])
    rest = factors[:, 1:] + rng.normal(size=(len(factors), 2))
    data = DataRows.from_factors(factors)
    paper, dlib = (factor.facts.protocols[name] for name in ("paper", "dlib"))
    for constants, same in ((paper, True), (dlib, False)):
        found = []
        for classes in (noisy, turn[noisy]):
            mean = np.column_stack([classes, rest]).astype(np.float32)
            codes = Codes(np.arange(len(mean)), mean, categorical=(0,))
            found.append(factor.score(factor.draw(data, constants, 0, codes_ready=True), codes))
        assert (found[0].details["vote_table"] == found[1].details["vote_table"]) == same
        assert ("categorical_dimensions" in found[0].details) == same


def test_which_protocols_take_classes_for_classes():
    (facts,) = (facts for facts in DISENTANGLEMENT if facts.name == "factor")
    taken = {name: constants.categorical for name, constants in facts.protocols.items()}
    assert taken == {"paper": "gini", "dlib": "number", "ubisoft": "number", "ubisoft-2020": "number"}


@pytest.fixture(scope="module")
def gan(squares, tmp_path_factory):
    """An InfoGAN of one class code of three and one continuous code, after two steps."""
    output = tmp_path_factory.mktemp("gan") / "ckpt.pt"
    given = {"categorical": "3", "continuous": 1, "steps": 2, "data": str(squares), "device": "cpu"}
    return next(train(plan("infogan", given, output=str(output))))


def test_a_model_declares_its_class_codes(cli, gan, folder):
    cli("encode", gan, "-o", "z.h5")
    for artefact in (gan, "z.h5"):
        outcome = cli("score", artefact, "--metric", "factor,higgins,mig", "--device", "cpu", "--protocol", "paper")
        assert outcome.code == 0, outcome
        factor_, higgins, mig = (json.loads(line) for line in outcome.out.splitlines())
        assert factor_["details"]["categorical_dimensions"] == [0]
        assert not [note for note in factor_["details"]["notes"] if "quantities" in note]
        for record in (higgins, mig):
            assert [note for note in record["details"]["notes"] if "quantities" in note]
    changed = cli("score", "z.h5", "--metric", "factor", "--set", "categorical=number")
    assert json.loads(changed.out)["details"]["changed_options"] == ["categorical"]
