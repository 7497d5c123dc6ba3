"""codes.py FILE: made codes of 2D Shapes' five factors, in which four have a dimension of their own and one has none.

Kim & Mnih (2018), figures 2 and 3: Higgins et al.'s classifier tells even the factor that no code follows, as the one
whose pairs differ in every dimension.
"""

import sys
from pathlib import Path

import numpy as np

SIZES = np.array([3, 6, 40, 32, 32])
MISSING = 2  # the orientation
ROWS = 50_000


def main(path: Path) -> None:
    """Write ``mean`` float32 [ROWS,4] and ``factors`` int32 [ROWS,5]."""
    factors = np.random.default_rng(0).integers(0, SIZES, (ROWS, len(SIZES)))
    codes = np.delete((factors - (SIZES - 1) / 2) / np.sqrt((SIZES**2 - 1) / 12), MISSING, axis=1)
    np.savez(path, mean=codes.astype(np.float32), factors=factors.astype(np.int32))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
