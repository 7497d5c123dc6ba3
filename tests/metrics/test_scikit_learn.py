"""scikit-learn for metrics: an import that leaves no trace, and fits that an interrupt can leave."""

import subprocess
import sys
import time

import numpy as np
import pytest

from disentool.metrics.dci_hist import dci_hist
from disentool.metrics.scikit_learn import side_by_side

LONG = """
import time
from disentool.metrics.scikit_learn import side_by_side

def fit(item, stopped):
    time.sleep(60 * item)  # cannot be told to end, as what runs in C

def interrupted(done):
    raise KeyboardInterrupt

side_by_side(fit, [0, 1], interrupted)
"""
FIRST = """
import os, random
import numpy as np
before, state = dict(os.environ), random.getstate()
import disentool
codes = np.random.default_rng(0).normal(size=(60, 3))
disentool.score(codes, np.arange(60) % 3, {metric!r}, logvar=np.zeros((60, 3)))
assert random.getstate() == state, "random"
assert dict(os.environ) == before, {{*os.environ}} - {{*before}}
"""


def test_results_are_in_order_and_errors_are_raised():
    seen = []
    results = side_by_side(lambda item, _: time.sleep(item) or item, [0.05, 0.0, 0.02], seen.append)
    assert (results, seen) == ([0.05, 0.0, 0.02], [1, 2, 3])
    assert side_by_side(lambda item, _: item, [], seen.append) == []
    with pytest.raises(ZeroDivisionError):
        side_by_side(lambda item, _: 1 / item, [1, 0], lambda done: None)


def test_fits_under_way_are_told_to_end():
    ended = []

    def fit(item, stopped):
        while item and not stopped():
            time.sleep(0.001)
        ended.append(item)

    def interrupted(done):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        side_by_side(fit, [0, 1], interrupted)
    until = time.monotonic() + 10
    while len(ended) < 2 and time.monotonic() < until:
        time.sleep(0.01)
    assert len(ended) == 2 or ended == [0]  # one processor has not begun the second


def test_an_interrupt_does_not_wait_for_a_fit():
    done = subprocess.run([sys.executable, "-c", LONG], capture_output=True, text=True, timeout=40)
    assert "KeyboardInterrupt" in done.stderr


@pytest.mark.parametrize("metric", ["explicitness", "sap", "irs", "tc"])
def test_the_first_score_changes_nothing_in_the_process(metric):
    done = subprocess.run([sys.executable, "-c", FIRST.format(metric=metric)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_watched_trees_are_the_trees_of_the_library():
    from sklearn.ensemble import HistGradientBoostingClassifier

    from disentool.metrics.dci_hist import _gains
    from disentool.metrics.importance import learner_seed

    rng = np.random.default_rng(0)
    codes, factors = rng.normal(size=(300, 4)).astype(np.float32), np.arange(300)[:, None] % 3
    plain = HistGradientBoostingClassifier(
        max_iter=5,
        max_depth=3,
        max_leaf_nodes=None,
        min_samples_leaf=1,
        early_stopping=False,
        random_state=learner_seed(0, 0),
    ).fit(codes, factors[:, 0])
    found = dci_hist(codes, factors, rounds=5, depth=3, learning_rate=0.1)
    np.testing.assert_array_equal(np.array(found.details["importance"])[:, 0], _gains(plain, 4))
