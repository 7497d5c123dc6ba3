"""Anyone's arrays of images and labels: .npy, .npz, HDF5 or .pt."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from disentool.datasets import factor_columns, one_hot
from disentool.datasets.source import Source
from disentool.errors import DataMismatch, ForeignFile, WrongUsage, counted
from disentool.io import arrays, foreign_files

_ROUNDING = 0.5 / 255  # beyond 0 and 1, as interpolation leaves floats: the nearest bytes are 0 and 255 all the same
_FACTOR_KEYS = ("factors", "labels", "latents/classes", "latents_classes")  # looked for where no key is given
_SHOWN = 8  # of the arrays that a note names
_ORDERS = ("NHW", "HWN", "NHWC", "NCHW", "HWCN")  # of axes, the likelier first


def open_source(
    path: Path | None,
    *,
    images_key: str | None = None,
    factors_key: str | None = None,
    axes: str | None = None,
    bins: int = factor_columns.BINS,
) -> Source:
    """The images and factors of a file of arrays.

    Images are [N,H,W], [N,H,W,C], [N,C,H,W] or [H,W,C,N] with C 1 or 3; where factors, or equal sides, say so, also
    [H,W,N]. ``axes``: their order in letters, such as ``HWN``; None: by the shape, and refused where two orders fit as
    well. Arrays that MATLAB 7.3 wrote have the axes that they had in MATLAB. Values are uint8 0..255 (0..1 where
    nothing is above 1 and the image is black and white), booleans, or floats 0..1. ``images_key``: the array's name;
    None: the only one of three or four axes.

    Factors are numbers [N] or [N,K], or one class that is written one-hot [N,K]; ``factors_key``: the array's name, or,
    as a .npy holds one array, the path of another .npy; None: ``factors`` or ``labels``, if there. ``bins``: see
    :mod:`disentool.datasets.factor_columns`.

    Everything is read once to check it, and streamed. Raises WrongUsage, MissingFile, ForeignFile or DataMismatch.
    """
    if path is None:
        raise WrongUsage("prepare array: name the .npy, .npz, .h5 or .pt file with --from")
    path = Path(path)
    known = arrays.listing(path)
    name = _images_name(path, known) if images_key is None else images_key
    source, key = _factors_place(path, known, factors_key)
    labelled = _label_counts(source, "" if source != path else key) if key else ()
    with arrays.opened(path) as file:
        found = file(name)
        order = _order(path, name or path.name, found, axes, labelled)
        ordered = found.ordered(order)
        count, height, width, *colours = ordered.shape
        shape = (count, height, width, colours[0] if colours else 1)
        scale, remark = _scale(path, name or path.name, ordered)
    try:
        factors = _factors(path, source, key, count, bins) if key else []
        facts = factor_columns.facts(factors)
    except DataMismatch as error:  # one of a column does not know the file
        raise (error if str(source) in str(error) else DataMismatch(f"{source}: {error}")) from None

    def images(rows: np.ndarray | None) -> Iterator[np.ndarray]:
        with arrays.opened(path) as file:
            stop = 0
            for block in file(name).ordered(order).blocks():
                start, stop = stop, stop + len(block)
                if rows is not None:
                    block = block[rows[(rows >= start) & (rows < stop)] - start]
                if len(block):
                    yield np.ascontiguousarray(_pixels(block, scale)).reshape(-1, *shape[1:])

    return Source(
        name=path.stem,
        shape=shape,
        images=images,
        grid=factor_columns.is_grid(facts),
        source=f"array {name or path.name} of {path.name}" + (f", factors {key}" if key else ""),
        notes=tuple(
            note
            for note in (
                remark,
                "" if labelled or axes else _maybe_channels(name or path.name, found.shape),
                "" if factors else "no factors: name them with --factors-key",
                _left_unread(known, {name, key if source == path else ""}),
                *factor_columns.cuts(factors),
                *factor_columns.remarks(factors),
                *one_hot.remarks(factors),
            )
            if note
        ),
        **facts,
    )


def _images_name(path: Path, known: dict) -> str:
    candidates = [name for name, (shape, _) in known.items() if len(shape) in (3, 4)]
    if not known and foreign_files.is_torch(path):
        if model := foreign_files.trained(path):
            raise ForeignFile(f"{path}: expected arrays or tensors, found {model}")
        raise ForeignFile(
            f"{path}: holds no tensors; expected one of images, a pair images and labels, or a dict of some"
        )
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


def _order(path: Path, name: str, rows: arrays.Rows, axes: str | None, labelled: Sequence[int]) -> tuple[int, ...]:
    """The array's axes in the order N, H, W and C; no C where the images are grey and have no such axis.

    ``axes``: the letters of the array's axes, where they are given. ``labelled``: how many images the factors may be
    of. Raises WrongUsage or ForeignFile.
    """
    shape = rows.shape
    if axes is not None:
        letters = axes.upper()
        if sorted(letters) not in (sorted("NHW"), sorted("NHWC")):
            raise WrongUsage(f"--axes {axes}: expected the letters N, H, W, and C if there is one, such as HWCN")
        fits = [letters] if len(letters) == len(shape) and _colours(letters, shape) else []
    else:
        fits = [letters for letters in _ORDERS if len(letters) == len(shape) and _colours(letters, shape)]
        fits = sorted(fits, key=lambda letters: letters.startswith("N") == rows.matlab)
        of_labels = [letters for letters in fits if shape[letters.index("N")] in labelled]
        fits = of_labels or fits
        if not of_labels and len(shape) == 3 and shape[-1] in (1, 3):
            _refuse_one_picture(path, name, shape)
        if len(shape) == 3 and len(fits) > 1:
            fits = _stack(path, name, rows)
    if not fits:
        raise ForeignFile(
            f"{path}: array {name!r} is {list(shape)}, expected images [N,H,W], [N,H,W,C] or [N,C,H,W], C 1 or 3;"
            " --axes says which axis is which"
        )
    if 0 in shape:
        raise ForeignFile(f"{path}: array {name!r} is {list(shape)}, so it holds no images; give one with rows")
    if rows.dtype.kind not in "bf" and rows.dtype != np.uint8:
        raise ForeignFile(f"{path}: array {name!r} is {rows.dtype}, expected uint8 0..255, booleans or floats 0..1")
    return tuple(fits[0].index(letter) for letter in "NHWC" if letter in fits[0])


def _refuse_one_picture(path: Path, name: str, shape: tuple[int, ...]) -> None:
    """ForeignFile for three axes of which the last is as long as that of colours, and no factors say that it is not."""
    height, width, colours = shape
    raise ForeignFile(
        f"{path}: array {name!r} is {list(shape)}: one {'RGB' if colours == 3 else 'grey'} picture? expected images"
        f" [N,H,W,C], such as [1,{height},{width},{colours}]; --axes NHW or --axes HWN says that it holds grey images"
    )


def _maybe_channels(name: str, shape: tuple[int, ...]) -> str:
    """A remark on three axes of which the first is as long as that of colours."""
    if len(shape) != 3 or shape[0] != 3:
        return ""
    return f"{name} is {list(shape)}, taken for 3 grey images; one RGB picture would be {[1, *shape]}"


def _colours(letters: str, shape: tuple[int, ...]) -> bool:
    return "C" not in letters or shape[letters.index("C")] in (1, 3)


def _stack(path: Path, name: str, rows: arrays.Rows) -> list[str]:
    """The order of three axes, of which no factors say which one counts the images: two equal sides are an image's."""
    first, second, third = rows.shape
    if first != second == third or (not rows.matlab and not first == second != third):
        return ["NHW"]
    if rows.matlab and first == second != third:
        return ["HWN"]
    writer = "MATLAB's axes " if rows.matlab else ""
    raise ForeignFile(
        f"{path}: array {name!r} is {writer}{list(rows.shape)}, images along the first axis or along the last; say"
        " which:"
        " --axes NHW or --axes HWN"
    )


def _scale(path: Path, name: str, rows: arrays.Rows) -> tuple[int, str]:
    """What values are multiplied by to be 0..255, and a remark where that is a guess."""
    if rows.dtype.kind == "b":
        return 255, ""
    low, high = np.inf, -np.inf
    for block in rows.blocks():
        low, high = min(low, float(block.min())), max(high, float(block.max()))
        if block.dtype.kind == "f" and not np.isfinite(block).all():
            raise ForeignFile(f"{path}: array {name!r} holds NaN or infinity, expected finite numbers")
    if rows.dtype.kind == "f":
        if low < -_ROUNDING or high > 1 + _ROUNDING:
            raise ForeignFile(
                f"{path}: array {name!r} holds floats from {low:.9g} to {high:.9g}, expected 0..1; scale them, or save"
                " uint8 0..255"
            )
        return 255, ""
    if high > 1:
        return 1, ""
    return 255, f"{name} holds only 0 and 1, taken for black and white"


def _pixels(block: np.ndarray, scale: int) -> np.ndarray:
    if block.dtype.kind == "f":
        return np.round(block.astype(np.float64) * scale).clip(0, 255).astype(np.uint8)
    return block.astype(np.uint8) * np.uint8(scale)


def _factors_place(path: Path, known: dict, key: str | None) -> tuple[Path, str]:
    """The file that the factors are in, and the array's key as it was given; an empty key where there are none."""
    if key is None:
        return path, next((name for name in _FACTOR_KEYS if name in known), "")
    return (Path(key) if key.endswith(".npy") and key not in known else path), key


def _left_unread(known: dict, used: set[str]) -> str:
    """A remark that names the arrays of the file that were not used, with their shapes; empty where there are none."""
    others = [f"{name} {list(shape) or '(no numbers)'}" for name, (shape, _) in known.items() if name not in used]
    more = f", and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
    return f"left unread: {', '.join(others[:_SHOWN])}{more}; --factors-key names one array" if others else ""


def _label_counts(source: Path, name: str) -> Sequence[int]:
    """How many images the factors can be of; none where they are no factors, which :func:`_factors` refuses."""
    shape, _ = arrays.listing(source).get(name, ((), None))
    return shape[: 2 if len(shape) == 2 and shape[0] == 1 else 1]


def _factors(path: Path, source: Path, key: str, rows: int, bins: int) -> list[factor_columns.Factor]:
    """The factors ``key`` of the images in ``path``, of which there are ``rows``."""
    name = key if source == path else ""
    with arrays.opened(source) as file:
        found = arrays.upright(file(name), rows)
        if len(found.shape) > 2 or 0 in found.shape:
            raise ForeignFile(f"{source}: array {key!r} is {list(found.shape)}, expected factors [N] or [N,K]")
        if found.shape[0] != rows:
            raise DataMismatch(
                f"{source}: array {key!r} has {counted(found.shape[0], 'row')}, expected one for each of the"
                f" {counted(rows, 'image')} in {path}"
            )
        table = found.all().reshape(rows, -1)
    stem = Path(key).stem
    names = _names(path, table.shape[1]) if source == path else None
    if names is None and one_hot.is_one_hot(table):
        return [one_hot.as_class(stem, table)]
    names = names or ([stem] if table.shape[1] == 1 else [f"{stem}{i}" for i in range(table.shape[1])])
    return [factor_columns.from_numbers(n, column, bins) for n, column in zip(names, table.T, strict=True)]


def _names(path: Path, count: int) -> list[str] | None:
    """Names of the factors, where the file is HDF5 and says them in the attribute ``factor_names``."""
    from disentool.io import hdf5

    if not hdf5.is_hdf5(path):
        return None
    with hdf5.opened(path) as file:
        names = hdf5.attribute(file, "factor_names", None)
    fits = isinstance(names, list) and len(names) == count and all(isinstance(name, str) for name in names)
    return names if fits else None
