"""Small sound files of our own formats: made by the commands themselves, of a grid of squares."""

import shlex
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
from conftest import square_grid, write_dataset
from limited_command import carried_out

from disentool.io import directions_file

_NETWORK = "--device cpu -q --batch-size 8"
_MADE_BY = (
    f"train vae --data d.h5 --latent-dim 2 --hidden-units 8 --steps 20 --log-every 4 {_NETWORK} -o ckpt.pt",
    f"train vae --data d.h5 --latent-dim 2 --hidden-units 8 --steps 4 {_NETWORK} --seeds 1-2 -o other{{seed}}.pt",
    "encode ckpt.pt -o z.h5 -q --device cpu",
    "find-direction ckpt.pt --transform brightness --starts 5 --device cpu -q --force -o dirs.h5",
    "export ckpt.pt -o w.safetensors",
)
_SCORES = "score ckpt.pt other1.pt other2.pt --metric mig,sap,modularity,reconstruction --format jsonl --device cpu -q"


def write(folder: Path) -> Path:
    """d.h5 (data), ckpt.pt and its history, z.h5, dirs.h5, w.safetensors, w.json, scores.jsonl."""
    folder.mkdir(parents=True, exist_ok=True)
    images, factors = square_grid(32)
    write_dataset(
        folder / "d.h5", images, factors, class_names='{"size": ["small", "middle", "large"]}', class_factor="size"
    )
    for line in _MADE_BY:
        _require(line, folder)
    _with_a_slope(folder / "dirs.h5")
    (folder / "scores.jsonl").write_bytes(_require(_SCORES, folder))
    (folder / "correlations.jsonl").write_bytes(_require("correlate scores.jsonl --format jsonl -q", folder))
    return folder


def _require(line: str, folder: Path) -> bytes:
    ended = carried_out(shlex.split(line), folder, 4096)
    if ended.status != 0:
        raise RuntimeError(f"{line}: {ended}")
    return ended.out


def _with_a_slope(path: Path) -> None:
    """The direction's t is made half of s: of a model trained for a moment it does not move at all."""
    found = directions_file.read(path)
    name, direction = next(iter(found.directions.items()))
    knots = np.linspace(-2.0, 2.0, 9)
    moved = replace(direction, knots=knots, values=knots / 2, t_valid=(-1.0, 1.0), values_bootstrap=None)
    directions_file.write(replace(found, directions={name: moved}), overwrite=True)


def taken(models: Path, names: str, folder: Path) -> None:
    """Copies of these of the files."""
    for name in names.split():
        shutil.copy(models / name, folder / name)


def arrays(models: Path, folder: Path) -> None:
    """What someone else would keep: images, codes and factors in an .npz."""
    images, factors = square_grid(32)
    codes = np.random.default_rng(0).normal(size=(len(images), 3)).astype(np.float32)
    np.savez(folder / "a.npz", images=images[::4], codes=codes[::4], factors=factors[::4])
    taken(models, "ckpt.pt", folder)
