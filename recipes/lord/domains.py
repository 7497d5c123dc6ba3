"""Two data sets as two domains of one: python domains.py OUT.h5 FIRST.h5 [SECOND.h5]; without SECOND, FIRST's negative.

`disentool prepare array --from OUT.h5` reads what this writes: the factors of both, and the factor `domain`.
"""

import sys

import h5py
import numpy as np

import disentool

out, *paths = sys.argv[1:]
data = [disentool.open_dataset(path) for path in paths]
images = [np.asarray(one.images) for one in data]
factors = [np.asarray(one.factors) for one in data]
if len(data) == 1:
    images, factors = [images[0], 255 - images[0]], factors * 2
with h5py.File(out, "w") as file:
    file["images"] = np.concatenate(images)
    domain = np.repeat([0, 1], [len(one) for one in images])
    file["factors"] = np.column_stack([domain, np.concatenate(factors)])
    file.attrs["factor_names"] = ["domain", *data[0].factor_names]
