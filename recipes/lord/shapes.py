"""shapes.py FILE [classes]: 1,920 images of 3D Shapes, 32x32, a whole grid, so that every pair has its true image.

Floor 4 x wall 2 x object hue 5 x scale 3 x shape 4 x orientation 4; a fifth of the images is for testing, or with
``classes`` 4 of the 20 classes, which are shape and hue.
"""

import json
import sys
from pathlib import Path

import numpy as np

from disentool.datasets import shapes3d
from disentool.datasets.fitted import fitted
from disentool.io import hdf5
from disentool.io.schema import DATASET

KEPT = [np.array(values) for values in ([0, 2, 5, 7], [1, 6], [0, 2, 4, 6, 8], [0, 3, 7], [0, 1, 2, 3], [0, 5, 9, 14])]


def main(path: Path, whole_classes: bool) -> None:
    """Write the file, if it is not there."""
    if path.exists():
        return
    grid = np.stack(np.meshgrid(*KEPT, indexing="ij"), -1).reshape(-1, len(KEPT))
    source = fitted(shapes3d.open_source(None), (32, 32), None)
    images = np.concatenate(list(source.images(np.ravel_multi_index(grid.T, shapes3d.SIZES))))
    draws, split = np.random.default_rng([0, 1]), np.zeros(len(grid), np.uint8)
    if whole_classes:
        class_columns = grid[:, [shapes3d.NAMES.index("shape"), shapes3d.NAMES.index("object_hue")]]
        _, classes = np.unique(class_columns, axis=0, return_inverse=True)
        split[np.isin(classes, draws.choice(20, 4, replace=False))] = 1
    else:
        split[draws.choice(len(grid), len(grid) // 5, replace=False)] = 1
    with hdf5.create(path, DATASET, overwrite=False) as out:
        out.array("images", images)
        factors = [np.searchsorted(values, column) for values, column in zip(KEPT, grid.T, strict=True)]
        out.array("factors", np.stack(factors, 1).astype(np.int32))
        out.array("split", split)
        out.attributes(
            name="shapes",
            source="3D Shapes, rendered: a grid of 1,920",
            likelihood="bernoulli",
            grid=True,
            factor_names=shapes3d.NAMES,
            factor_sizes=[len(values) for values in KEPT],
            class_factor="shape",
            class_names=json.dumps({"shape": ["cube", "cylinder", "sphere", "capsule"]}),
            split_rule="4 of 20 classes" if whole_classes else "384 of 1,920 rows, drawn with seed 0",
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] == ["classes"])
