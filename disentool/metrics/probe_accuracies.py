"""How well probes read class and content from class and content codes: accuracies over several seeds."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from disentool.metrics.arrays import Array
from disentool.metrics.constants.class_and_content import Leakage
from disentool.metrics.intervals import mean_of_seeds
from disentool.metrics.probe_classifiers import (
    logistic,
    perceptron,
    principal_components,
    split,
    standardised_as_float32,
)
from disentool.metrics.scikit_learn import import_scikit_learn

Key = tuple[Any, ...]  # which rows, direction, and what of it
Values = Mapping[Key, list[list[float]]]  # by seed, then factor

PROBES = ("logistic", "mlp")
# what is read, from which code
DIRECTIONS = (
    ("class_from_content", "class", "content"),
    ("class_from_class", "class", "class"),
    ("content_from_class", "content", "class"),
    ("content_from_content", "content", "content"),
)


def fits(factors: int, seeds: int) -> int:
    """How many classifiers are fitted for so many content factors.

    Of content codes both are read twice, clean and noisy, and the class once more, off the principal components.
    """
    return (3 * (1 + factors) + 1) * len(PROBES) * seeds


def accuracies(
    codes: Mapping[str, Array],
    noise: Array | float,
    targets: Mapping[str, Mapping[str, Array]],
    rows: Array,
    others: Array | None,
    constants: Leakage,
    seed: int,
    step: Callable[[], None],
) -> list[dict[str, Any]]:
    """Every direction's accuracy on the test share of ``rows``, and on ``others`` where given: one dict for each.

    ``codes``: ``class`` and ``content``, float [n,C] and [n,E]; ``noise``: standard deviation, a number or [n,E], of
    what is added to the content code. ``targets``: ``class`` and ``content``, each factor's values int [n] by name.
    ``rows``, ``others``: int64, indices of these. Probes are trained on the other rows of ``rows``; ``constants``:
    those of leakage. ``step()`` is called after each classifier.

    A dict holds by direction ``clean`` and ``noisy`` (and class from content: ``principal``, of the clean codes'
    ``components`` principal components), each by probe ``{mean, std, seeds, per_factor}``; ``chance``, the
    inverse number of classes, and ``majority``, what guessing the training rows' most frequent class gets: means over
    factors, the latter also over seeds. A direction without factors to read is left out.
    """
    import_scikit_learn()
    from threadpoolctl import threadpool_limits

    # One thread: several would wait for each other in products of matrices this small, ten times as long where the
    # cores are busy, and the last digits would depend on their number
    with threadpool_limits(1, "blas"):
        return _accuracies(codes, noise, targets, rows, others, constants, seed, step)


def _accuracies(
    codes: Mapping[str, Array],
    noise: Array | float,
    targets: Mapping[str, Mapping[str, Array]],
    rows: Array,
    others: Array | None,
    constants: Leakage,
    seed: int,
    step: Callable[[], None],
) -> list[dict[str, Any]]:
    found: dict[Key, list[list[float]]] = defaultdict(list)  # by seed, then factor
    guesses: dict[Key, list[list[float]]] = defaultdict(list)
    (classes,) = targets["class"].values()
    for number in range(constants.seeds):
        rng = np.random.default_rng((seed, number))
        train, test = split(classes[rows], constants.test_share, rng)
        train, tests = rows[train], [rows[test]] + ([] if others is None else [others])
        drawn = noise * rng.standard_normal(codes["content"].shape)
        drawn_seed = int(rng.integers(2**31))  # of the perceptrons' first weights and batches
        tables = {
            "clean": codes,
            "noisy": {"content": codes["content"] + drawn},
            "principal": {"content": codes["content"]},
        }
        for direction, target, source in DIRECTIONS:
            for kind, table in tables.items():
                if source not in table or not targets[target] or (kind == "principal" and target != "class"):
                    continue
                shown = [table[source][part] for part in (train, *tests)]
                if kind == "principal":
                    shown = principal_components(constants.components, *shown)
                inputs = standardised_as_float32(*shown)
                of_probe: dict[Key, list[float]] = defaultdict(list)
                guess: dict[Key, list[float]] = defaultdict(list)
                for values in targets[target].values():
                    for probe in PROBES:
                        if probe == "logistic":
                            predict = logistic(inputs[0], values[train], constants.penalty, constants.iterations)
                        else:
                            predict = perceptron(
                                inputs[0], values[train], constants.units, constants.epochs, drawn_seed
                            )
                        for which, part in enumerate(tests):
                            right = predict(inputs[1 + which]) == values[part]
                            of_probe[which, direction, kind, probe].append(float(right.mean()))
                        step()
                    present, counts = np.unique(values[train], return_counts=True)
                    for which, part in enumerate(tests):
                        guess[which, direction, "chance"].append(1 / len(present))
                        majority = float((values[part] == present[counts.argmax()]).mean())
                        guess[which, direction, "majority"].append(majority)
                for key, each in of_probe.items():
                    found[key].append(each)
                for key, each in guess.items():
                    guesses[key].append(each)
    return [
        {
            direction: _summary(which, direction, list(targets[target]), found, guesses)
            for direction, target, _ in DIRECTIONS
            if targets[target]
        }
        for which in range(1 if others is None else 2)
    ]


def _summary(which: int, direction: str, names: list[str], found: Values, guesses: Values) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for (its, of, kind, probe), values in found.items():
        if (its, of) == (which, direction):
            table = np.array(values)  # [seeds, factors]
            mean, _, std = mean_of_seeds(table.mean(axis=1))
            cell = {"mean": mean, "std": std, "seeds": table.mean(axis=1).tolist()}
            if direction.startswith("content"):
                cell["per_factor"] = dict(zip(names, table.mean(axis=0).tolist(), strict=True))
            out.setdefault(kind, {})[probe] = cell
    return out | {name: float(np.mean(guesses[which, direction, name])) for name in ("chance", "majority")}
