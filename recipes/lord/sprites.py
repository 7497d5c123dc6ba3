"""sprites.py FILE: 1,920 images of 2D Shapes, 32x32, that are a whole grid, so that every pair has its true image.

Shape 3 x scale 2 x orientation 5 x place 8 x 8; a fifth of the images is for testing.
"""

import json
import sys
from pathlib import Path

import numpy as np

from disentool.datasets import dsprites
from disentool.datasets.fitted import fitted
from disentool.io import hdf5
from disentool.io.schema import DATASET

KEPT = [np.arange(3), np.array([1, 5]), np.arange(5) * 4, np.arange(8) * 4 + 2, np.arange(8) * 4 + 2]


def main(path: Path) -> None:
    """Write the file, if it is not there."""
    if path.exists():
        return
    grid = np.stack(np.meshgrid(*KEPT, indexing="ij"), -1).reshape(-1, len(KEPT))
    source = fitted(dsprites.open_source(None), (32, 32), None)
    images = np.concatenate(list(source.images(np.ravel_multi_index(grid.T, dsprites.SIZES))))
    split = np.zeros(len(grid), np.uint8)
    split[np.random.default_rng([0, 1]).choice(len(grid), len(grid) // 5, replace=False)] = 1
    with hdf5.create(path, DATASET, overwrite=False) as out:
        out.array("images", images)
        factors = [np.searchsorted(values, column) for values, column in zip(KEPT, grid.T, strict=True)]
        out.array("factors", np.stack(factors, 1).astype(np.int32))
        out.array("split", split)
        out.attributes(
            name="sprites",
            source="2D Shapes, rendered: a grid of 1,920",
            likelihood="bernoulli",
            grid=True,
            factor_names=dsprites.NAMES,
            factor_sizes=[len(values) for values in KEPT],
            class_factor="shape",
            class_names=json.dumps({"shape": ["square", "ellipse", "heart"]}),
            split_rule="384 of 1,920 rows, drawn with seed 0",
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
