"""How well a categorical code has found the digits: disentool score --metric digits:accuracy, from this folder."""

import numpy as np
from scipy.optimize import linear_sum_assignment


def accuracy(codes: np.ndarray, factors: np.ndarray | None) -> dict:
    """Share of images whose class, code 0, stands for their digit, factor 0, each class for one digit, at the best."""
    if factors is None:
        raise ValueError("needs data with labels")
    classes, digits = codes[:, 0].astype(int), factors[:, 0].astype(int)
    table = np.zeros((classes.max() + 1, digits.max() + 1), int)
    np.add.at(table, (classes, digits), 1)
    rows, columns = linear_sum_assignment(-table)
    return {
        "score": table[rows, columns].sum() / len(codes),
        "digit_of_class": dict(zip(rows.tolist(), columns.tolist(), strict=True)),
    }
