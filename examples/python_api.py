# The tool without a shell, cell by cell: render, train, encode, score, traverse, swap, find a direction.
#
#     python examples/python_api.py        some minutes on two cores without a GPU; it writes into python_api/
#
# STEPS=100 makes it shorter, and the model worse.

# %% Data: of 2D Shapes two sizes and one orientation, 6,144 images in a file that is mapped into memory.
import os
from pathlib import Path

import imageio.v3 as imageio
import numpy as np

import disentool

STEPS = int(os.environ.get("STEPS", "3000"))
FOLDER = Path("python_api")
FILE, CKPT, DIRECTIONS = FOLDER / "shapes.h5", FOLDER / "shapes.pt", FOLDER / "dirs.h5"

disentool.prepare("dsprites", FILE, keep={"scale": [2, 5], "orientation": [0]}, overwrite=True)
data = disentool.open_dataset(FILE)
print(data.images.shape, data.images.dtype, dict(zip(data.factor_names, data.factor_sizes, strict=True)))

# %% Training. The options are those of `disentool train factorvae --help`; a list makes one run for each value.
disentool.train("factorvae", data=FILE, output=CKPT, preset="quick", steps=STEPS, overwrite=True)
model = disentool.load(CKPT)
print(model)

# %% Codes: NumPy in, NumPy out; tensors in, tensors out.
codes = model.encode(data.images)
print(codes.shape, codes.dtype)
error = np.abs(model.reconstruct(data.images[:100]) - data.images[:100] / 255).mean()
print(f"mean error of a pixel's value: {error:.4f}")

# %% Scores, of any codes and factors.
varied = [k for k, size in enumerate(data.factor_sizes) if size > 1]
names = [data.factor_names[k] for k in varied]
for name, result in disentool.score(codes, data.factors[:, varied], ["factor", "mig"], factor_names=names).items():
    print(f"{name} ({result.protocol}): {result.score:.3f}, interval {result.interval}, {result.per_factor}")

# %% A traversal as an array [images, dimensions, values, H, W, C], the dimensions of largest KL first; and a picture.
moved = model.traverse(data.images[:1], dims=model.dims[:4], steps=9)[0, ..., 0]
sheet = np.concatenate([np.concatenate(list(row), axis=1) for row in moved])
imageio.imwrite(FOLDER / "traversal.png", np.rint(sheet * 255).astype(np.uint8))

# %% The same as the command draws it: an animation, and a page with sliders for a browser.
disentool.traverse(CKPT, [FOLDER / "traversal.gif", FOLDER / "explore.html"], overwrite=True)

# %% Swapped dimensions: the first two of one image, all others of another. In arrays, then as the command draws it.
mixed = codes[:8].copy()
mixed[:, model.dims[:2]] = codes[-8:, model.dims[:2]]
print(model.decode(mixed).shape)
rows = [0, 2000, 4000, 6000]
disentool.swap(CKPT, FOLDER / "swap.png", content_rows=rows, class_rows=rows, dims=model.dims[:2], overwrite=True)

# %% A direction that shifts the image, in the image's own widths; force: a model of few steps follows nothing.
few = STEPS < 1000
disentool.find_direction(CKPT, "shift-x", DIRECTIONS, starts=5 if few else 50, force=few, overwrite=True)
span = {"alpha": [(-2.0, 2.0)]} if few else {}
disentool.traverse(CKPT, FOLDER / "shift.gif", direction=f"{DIRECTIONS}:shift-x", overwrite=True, **span)
