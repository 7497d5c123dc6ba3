"""Linear support vector machines on one dimension, solved exactly: SAP of a million rows becomes a matter of seconds.

The objective is LIBLINEAR's (Fan et al., JMLR 2008), as scikit-learn's ``LinearSVC`` sets it up: for each class
1/2 (w^2 + b^2) + C sum_n c_n max(0, 1 - s_n (w x_n + b))^2, with balanced weights. It is convex and piecewise
quadratic in two unknowns, and the rows inside the margin are a stretch of the sorted ones: from prefix sums of 1, x and
x^2, an evaluation is a binary search. Newton's method takes some ten of them, whatever the number of rows.
"""

import numpy as np

from disentool.metrics.arrays import Array

STEPS = 100  # of Newton's method, which needs about ten
BLOCK = 1 << 16  # rows that are classified together


def accuracy(train: Array, labels: Array, test: Array, test_labels: Array, penalty: float) -> float:
    """Share of test rows whose class is found; ``train``, ``test`` float64 [n] and [m], labels int of the same."""
    classes, counts = np.unique(labels, return_counts=True)
    order = np.argsort(train, kind="stable")
    ordered, owners = train[order], labels[order]
    everyone = _prefix_sums(ordered)
    lines = []
    for which, count in zip(classes, counts, strict=True):
        own = ordered[owners == which]
        # LIBLINEAR weighs the class against the rest by the class's weight alone, two classes by the weights of both
        against = 1.0 if len(classes) > 2 else len(labels) / (2 * (len(labels) - count))
        weights = (penalty * len(labels) / (len(classes) * count), penalty * against)
        lines.append(_line(own, _prefix_sums(own), ordered, everyone, weights))
    slope, offset = np.array(lines).T
    right = 0
    for start in range(0, len(test), BLOCK):
        block = slice(start, start + BLOCK)
        best = (test[block, None] * slope + offset).argmax(axis=1)
        right += int((classes[best] == test_labels[block]).sum())
    return right / len(test)


def _prefix_sums(values: Array) -> Array:
    """float64 [3, n + 1]: the sums of 1, x and x^2 over the first rows."""
    out = np.zeros((3, len(values) + 1))
    np.cumsum([np.ones_like(values), values, values**2], axis=1, out=out[:, 1:])
    return out


def _line(
    own: Array, own_sums: Array, ordered: Array, sums: Array, weights: tuple[float, float]
) -> tuple[float, float]:
    """w and b of one class against the rest."""
    w = b = 0.0
    inside = _inside(own, own_sums, ordered, sums, w, b)
    value = _value(inside, w, b, weights)
    for _ in range(STEPS):
        gradient = np.array([w, b])
        hessian = np.eye(2)
        for (n, x, xx), side, weight in zip(inside, (1, -1), weights, strict=True):
            away = 1 - side * b
            gradient += -2 * weight * side * np.array([away * x - side * w * xx, away * n - side * w * x])
            hessian += 2 * weight * np.array([[xx, x], [x, n]])
        step = np.linalg.solve(hessian, gradient)
        shrink = 1.0
        while True:  # full steps nearly always: the objective is quadratic but for who is inside
            new_w, new_b = w - shrink * step[0], b - shrink * step[1]
            new_inside = _inside(own, own_sums, ordered, sums, new_w, new_b)
            new_value = _value(new_inside, new_w, new_b, weights)
            if new_value <= value or shrink < 1e-9:
                break
            shrink /= 2
        settled = np.abs(step).max() <= 1e-12 * (1 + abs(w) + abs(b))
        w, b, inside, value = new_w, new_b, new_inside, new_value
        if settled:
            break
    return w, b


def _inside(own: Array, own_sums: Array, ordered: Array, sums: Array, w: float, b: float) -> tuple[Array, Array]:
    """Sums of 1, x, x^2 over the rows of the class, and of the rest, that are inside the margin."""
    rest = _margin(ordered, sums, -1, w, b) - _margin(own, own_sums, -1, w, b)
    return _margin(own, own_sums, 1, w, b), rest


def _margin(ordered: Array, sums: Array, side: int, w: float, b: float) -> Array:
    """Sums over the rows with side * (w x + b) < 1, which are the first or the last of the sorted ones."""
    slope, limit = side * w, 1 - side * b
    if slope > 0:
        found: Array = sums[:, np.searchsorted(ordered, limit / slope, side="left")]
    elif slope < 0:
        found = sums[:, -1] - sums[:, np.searchsorted(ordered, limit / slope, side="right")]
    else:
        found = sums[:, -1] if limit > 0 else np.zeros(3)
    return found


def _value(inside: tuple[Array, Array], w: float, b: float, weights: tuple[float, float]) -> float:
    """The objective."""
    total = 0.5 * (w * w + b * b)
    for (n, x, xx), side, weight in zip(inside, (1, -1), weights, strict=True):
        away = 1 - side * b
        total += weight * (away * away * n - 2 * away * side * w * x + w * w * xx)
    return float(total)
