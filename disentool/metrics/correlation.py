"""How two scores of the same models go together: Pearson's, Kendall's and Spearman's correlation."""

from disentool.metrics.arrays import Floats


def correlation(x: Floats, y: Floats) -> dict[str, dict[str, float | None]]:
    """``pearson``, ``kendall`` and ``spearman``, each with ``coefficient``, -1..1, and its two-sided ``p`` value.

    ``x``, ``y``: finite float64 [n], n at least 2. Both are None where either is constant: no correlation is defined.
    """
    from scipy import stats

    tests = {"pearson": stats.pearsonr, "kendall": stats.kendalltau, "spearman": stats.spearmanr}
    found: dict[str, dict[str, float | None]] = {}
    constant = (x == x[0]).all() or (y == y[0]).all()
    for name, test in tests.items():
        coefficient, p = (None, None) if constant else map(float, test(x, y)[:2])
        found[name] = {"coefficient": coefficient, "p": p}
    return found
