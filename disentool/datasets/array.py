"""Anyone's arrays of images and labels: .npy, .npz, HDF5 or .pt."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from disentool.datasets import factor_arrays, factor_columns, one_hot, picture_sizes
from disentool.datasets.source import Source
from disentool.errors import DataMismatch, ForeignFile, WrongUsage
from disentool.io import arrays, foreign_files, word_arrays

_ROUNDING = 0.5 / 255  # beyond 0 and 1, as interpolation leaves floats: the nearest bytes are 0 and 255 all the same
_SHOWN = 8  # of the arrays that a message names
_PIXELS = 64  # the shortest row that may be an image
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

    ``factors_key``: where the factors are, see :mod:`disentool.datasets.factor_arrays`; ``bins``: see
    :mod:`disentool.datasets.factor_columns`.

    Everything is read once to check it, and streamed. Raises WrongUsage, MissingFile, ForeignFile or DataMismatch.
    """
    if path is None:
        raise WrongUsage("prepare array: name the .npy, .npz, .h5 or .pt file with --from")
    path = Path(path)
    known = arrays.listing(path)
    name = _images_name(path, known) if images_key is None else images_key
    place = factor_arrays.place(path, known, factors_key)
    labelled = factor_arrays.label_counts(place)
    with arrays.opened(path) as file:
        found = file(name)
        order = _order(path, name or path.name, found, axes, labelled)
        ordered = found.ordered(order)
        count, height, width, *colours = ordered.shape
        shape = (count, height, width, colours[0] if colours else 1)
        scale, remark = _scale(path, name or path.name, ordered)
        made = _made(order, found.dtype)
    try:
        factors = factor_arrays.read(path, place, count, bins)
        facts = factor_columns.facts(factors)
    except DataMismatch as error:  # one of a column does not know the file
        raise (error if str(place.file) in str(error) else DataMismatch(f"{place.file}: {error}")) from None

    blank: list[int] = []  # rows

    def images(rows: np.ndarray | None) -> Iterator[np.ndarray]:
        blank.clear()
        done = 0
        with arrays.opened(path) as file:
            stop = 0
            for block in file(name).ordered(order).blocks():
                start, stop = stop, stop + len(block)
                if rows is not None:
                    block = block[rows[(rows >= start) & (rows < stop)] - start]
                if len(block):
                    pixels = np.ascontiguousarray(_pixels(block, scale)).reshape(-1, *shape[1:])
                    blank.extend((done + np.flatnonzero(picture_sizes.blank(pixels))).tolist())
                    done += len(pixels)
                    yield pixels

    return Source(
        name=path.stem,
        shape=shape,
        images=images,
        grid=factor_columns.is_grid(facts),
        class_factor=factors[0].name if len(factors) == 1 else "",
        made=made,
        source=f"array {name or path.name} of {path.name}" + (f", factors {place.key}" if place.key else ""),
        notes=tuple(
            note
            for note in (
                remark,
                "" if labelled or axes else _maybe_channels(name or path.name, found.shape),
                *place.notes,
                "" if factors or factors_key == "" else "no factors: name them with --factors-key",
                factor_arrays.left_unread(known, {name, *(place.arrays if place.file == path else ())}),
                *factor_columns.cuts(factors),
                *factor_columns.remarks(factors),
                *one_hot.remarks(factors),
            )
            if note
        ),
        later_notes=lambda: picture_sizes.all_alike([f"row {row}" for row in blank], "image"),
        **facts,
    )


def _images_name(path: Path, known: dict) -> str:
    candidates = [name for name, (shape, _) in known.items() if len(shape) in (3, 4)]
    if not candidates and foreign_files.is_torch(path) and (model := foreign_files.trained(path)):
        raise ForeignFile(f"{path}: expected arrays or tensors, found {model}")
    if not known and foreign_files.is_torch(path):
        from disentool.io import torch_arrays  # it loads torch, which takes seconds

        raise ForeignFile(
            f"{path}: is {torch_arrays.described(path)}; expected one tensor of images (torch.stack makes it of a"
            " list), a pair images and labels, or a dict of tensors"
        )
    if not known:
        raise ForeignFile(f"{path}: holds no arrays: is {foreign_files.described(path)}")
    if not candidates:
        with arrays.opened(path) as file:
            for name, (_, dtype) in known.items():
                if dtype.hasobject and word_arrays.read(path, name) is None:
                    file(name)  # says what it holds instead of numbers
    if len(candidates) != 1:
        found = ", ".join(factor_arrays.described(name, *what) for name, what in list(known.items())[:_SHOWN])
        flat = [name for name, (shape, _) in known.items() if len(shape) == 2 and shape[1] >= _PIXELS]
        reshape = f"if its rows are pixels, reshape {flat[0] or 'it'}" if flat and not candidates else ""
        more = ", ..." if len(known) > _SHOWN else ""
        raise WrongUsage(
            f"{path}: expected one array of images [N,H,W], [N,H,W,C] or [N,C,H,W], found {found}"
            f"{more}; {reshape or '--images-key names the one to read'}"
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
        if len(letters) != len(shape) or not _colours(letters, shape):
            needs = f"[{','.join(letters)}]" + (" with C 1 or 3" if "C" in letters else "")
            raise ForeignFile(f"{path}: array {name!r} is {list(shape)}, but --axes {axes} needs {needs}")
        fits = [letters]
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
            f"{path}: array {name!r} is {list(shape)}, expected images [N,H,W], [N,H,W,C] or [N,C,H,W], C 1 or 3; "
            + ("leave out its fourth channel, or " if len(shape) == 4 and 4 in (shape[1], shape[3]) else "")
            + "--axes says which axis is which"
        )
    if 0 in shape:
        raise ForeignFile(f"{path}: array {name!r} is {list(shape)}, so it holds no images; give one with rows")
    if rows.dtype.kind not in "bf" and rows.dtype != np.uint8:
        wide = rows.dtype.kind == "u" and rows.dtype.itemsize == 2
        how = "of its whole range save (images // 257)" if wide else "0..255 save images"
        raise ForeignFile(
            f"{path}: array {name!r} is {rows.dtype}, expected uint8 0..255, booleans or floats 0..1; for numbers {how}"
            ".astype('uint8')"
        )
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
                f"{path}: array {name!r} holds floats from {low:.9g} to {high:.9g}, expected 0..1; save"
                f" {_to_unit(low, high)}"
            )
        return 255, picture_sizes.dark(name, round(255 * high))
    if high > 1:
        return 1, picture_sizes.dark(name, int(high))
    return 255, f"{name} holds only 0 and 1, taken for black and white"


def _to_unit(low: float, high: float) -> str:
    """What makes floats from ``low`` to ``high`` floats 0..1, in Python: as usual ranges say, or else by these ends."""
    if low >= -1 and low < 0 and high <= 1:
        return "(images + 1) / 2"
    if low >= 0 and high <= 255:
        return "images / 255"
    return f"(images - {low:.6g}) / {high - low:.6g}".replace("- -", "+ ")


def _made(order: tuple[int, ...], dtype: np.dtype) -> str:
    """What makes images of an array with its axes N, H, W, C at these places, and this type."""
    letters = "".join(letter for _, letter in sorted(zip(order, "NHWC", strict=False)))
    made = ["floats 0..1 made bytes 0..255"] if dtype.kind == "f" else []
    return ", ".join(
        [*([] if "NHWC".startswith(letters) else [f"axes {letters} put in the order {'NHWC'[: len(letters)]}"]), *made]
    )


def _pixels(block: np.ndarray, scale: int) -> np.ndarray:
    if block.dtype.kind == "f":
        return np.round(block.astype(np.float64) * scale).clip(0, 255).astype(np.uint8)
    return block.astype(np.uint8) * np.uint8(scale)
