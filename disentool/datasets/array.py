"""Anyone's arrays of images and labels: .npy, .npz or HDF5."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from disentool.datasets import factor_columns
from disentool.datasets.source import Source
from disentool.errors import DataMismatch, ForeignFile, WrongUsage
from disentool.io import arrays, foreign_files

_ROUNDING = 0.5 / 255  # beyond 0 and 1, as interpolation leaves floats: the nearest bytes are 0 and 255 all the same
_FACTOR_KEYS = ("factors", "labels", "latents/classes", "latents_classes")  # looked for where no key is given


def open_source(
    path: Path | None,
    *,
    images_key: str | None = None,
    factors_key: str | None = None,
    bins: int = factor_columns.BINS,
) -> Source:
    """The images and factors of a file of arrays.

    Images are [N,H,W], [N,H,W,C] or [N,C,H,W] with C 1 or 3: uint8 0..255 (0..1 where nothing is above 1 and the image
    is black and white), booleans, or floats 0..1. ``images_key``: the array's name; None: the only one of three or four
    axes. Factors are numbers [N] or [N,K]; ``factors_key``: the array's name, or, as a .npy holds one array, the path
    of another .npy; None: ``factors`` or ``labels``, if there. ``bins``: see :mod:`disentool.datasets.factor_columns`.

    Everything is read once to check it, and streamed. Raises WrongUsage, MissingFile, ForeignFile or DataMismatch.
    """
    if path is None:
        raise WrongUsage("prepare array: name the .npy, .npz or .h5 file with --from")
    path = Path(path)
    known = arrays.listing(path)
    name = _images_name(path, known) if images_key is None else images_key
    with arrays.opened(path) as file:
        found = file(name)
        shape, axes = _layout(path, name or path.name, found)
        scale, remark = _scale(path, name or path.name, found)
    factors, where = _factors(path, known, factors_key, shape[0], bins)
    facts = factor_columns.facts(factors)

    def images(rows: np.ndarray | None) -> Iterator[np.ndarray]:
        with arrays.opened(path) as file:
            stop = 0
            for block in file(name).blocks():
                start, stop = stop, stop + len(block)
                if rows is not None:
                    block = block[rows[(rows >= start) & (rows < stop)] - start]
                if len(block):
                    yield _pixels(block, scale).transpose(axes).reshape(-1, *shape[1:])

    return Source(
        name=path.stem,
        shape=shape,
        images=images,
        grid=factor_columns.is_grid(facts),
        source=f"array {name or path.name} of {path.name}" + (f", factors {where}" if where else ""),
        notes=tuple(
            note
            for note in (
                remark,
                "" if factors else "no factors: name them with --factors-key",
                *factor_columns.cuts(factors),
                *factor_columns.remarks(factors),
            )
            if note
        ),
        **facts,
    )


def _images_name(path: Path, known: dict) -> str:
    candidates = [name for name, (shape, _) in known.items() if len(shape) in (3, 4)]
    if not known:
        raise ForeignFile(f"{path}: holds no arrays: is {foreign_files.described(path)}")
    if not candidates:
        with arrays.opened(path) as file:
            for name, (_, dtype) in known.items():
                if dtype.hasobject:
                    file(name)  # says what it holds instead of numbers
    if len(candidates) != 1:
        what = ", ".join(f"{name} {list(shape)}" for name, (shape, _) in known.items())
        raise WrongUsage(
            f"{path}: expected one array of images [N,H,W], [N,H,W,C] or [N,C,H,W], found"
            f" {what}; --images-key names the one to read"
        )
    return candidates[0]


def _layout(path: Path, name: str, rows: arrays.Rows) -> tuple[tuple[int, int, int, int], tuple[int, ...]]:
    """Shape [N,H,W,C] of the images, and the order of the array's axes that gives it."""
    shape = rows.shape
    result: tuple[int, int, int, int]
    axes: tuple[int, ...]
    if len(shape) == 3:
        result, axes = (shape[0], shape[1], shape[2], 1), (0, 1, 2)
    elif len(shape) == 4 and shape[3] in (1, 3):
        result, axes = (shape[0], shape[1], shape[2], shape[3]), (0, 1, 2, 3)
    elif len(shape) == 4 and shape[1] in (1, 3):
        result, axes = (shape[0], shape[2], shape[3], shape[1]), (0, 2, 3, 1)
    else:
        raise ForeignFile(f"{path}: {name} is {list(shape)}, expected images [N,H,W], [N,H,W,C] or [N,C,H,W], C 1 or 3")
    if 0 in result:
        raise ForeignFile(f"{path}: {name} is {list(shape)}: it holds no images")
    if rows.dtype.kind not in "bf" and rows.dtype != np.uint8:
        raise ForeignFile(f"{path}: {name} is {rows.dtype}, expected uint8 0..255, booleans or floats 0..1")
    return result, axes


def _scale(path: Path, name: str, rows: arrays.Rows) -> tuple[int, str]:
    """What values are multiplied by to be 0..255, and a remark where that is a guess."""
    if rows.dtype.kind == "b":
        return 255, ""
    low, high = np.inf, -np.inf
    for block in rows.blocks():
        low, high = min(low, float(block.min())), max(high, float(block.max()))
        if block.dtype.kind == "f" and not np.isfinite(block).all():
            raise ForeignFile(f"{path}: {name} holds NaN or infinity, expected images")
    if rows.dtype.kind == "f":
        if low < -_ROUNDING or high > 1 + _ROUNDING:
            raise ForeignFile(
                f"{path}: {name} holds floats from {low:.9g} to {high:.9g}, expected 0..1; scale them, or save uint8"
                " 0..255"
            )
        return 255, ""
    if high > 1:
        return 1, ""
    return 255, f"{name} holds only 0 and 1, taken for black and white"


def _pixels(block: np.ndarray, scale: int) -> np.ndarray:
    if block.dtype.kind == "f":
        return np.round(block.astype(np.float64) * scale).clip(0, 255).astype(np.uint8)
    return block.astype(np.uint8) * np.uint8(scale)


def _factors(path: Path, known: dict, key: str | None, rows: int, bins: int) -> tuple[list[factor_columns.Factor], str]:
    """The factors, and where they are from; neither if there are none."""
    if key is None:
        key = next((name for name in _FACTOR_KEYS if name in known), None)
        if key is None:
            return [], ""
    source, name = (Path(key), "") if key.endswith(".npy") and key not in known else (path, key)
    with arrays.opened(source) as file:
        found = file(name)
        if len(found.shape) > 2 or 0 in found.shape:
            raise ForeignFile(f"{source}: {name or 'the array'} is {list(found.shape)}, expected factors [N] or [N,K]")
        if found.shape[0] != rows:
            raise DataMismatch(f"{source}: {found.shape[0]:,} rows of factors in {key} for {rows:,} images in {path}")
        table = found.all().reshape(rows, -1)
    stem = Path(key).stem
    names = _names(path, table.shape[1]) if source == path else None
    names = names or ([stem] if table.shape[1] == 1 else [f"{stem}{i}" for i in range(table.shape[1])])
    return [factor_columns.from_numbers(n, column, bins) for n, column in zip(names, table.T, strict=True)], key


def _names(path: Path, count: int) -> list[str] | None:
    """Names of the factors, where the file is HDF5 and says them in the attribute ``factor_names``."""
    from disentool.io import hdf5

    if not hdf5.is_hdf5(path):
        return None
    with hdf5.opened(path) as file:
        names = hdf5.attribute(file, "factor_names", None)
    fits = isinstance(names, list) and len(names) == count and all(isinstance(name, str) for name in names)
    return names if fits else None
