"""Changes of what is in an HDF5 file: arrays, groups, links and attributes of another type, shape or kind."""

import random
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from mutate_bytes import Mutation
from mutate_text import _text, odd_value

_NAMES = ("a/b", "x" * 3000, "a\x1b[31m", ".", "é", "factors", "images", "mean", "u", "format", " ", "a\nb")
_DTYPES = ["u1", "i1", "<i4", ">i4", "<i8", "<u8", "<f2", "<f4", ">f8", "c8", "?", "S3", "V5", "O"]
_SHAPES: tuple[tuple[int, ...], ...] = ((), (0,), (1,), (3, 0), (0, 3), (2, 2, 2, 2, 2), (1000,), (1,) * 32, (5, 1))
_HUGE: tuple[tuple[int, ...], ...] = ((2**40,), (2**31, 2**20), (2**62,), (10**6, 64, 64, 3), (2**32, 2), (1, 2**35))


def _changed(change: Callable[[random.Random, h5py.File], None]) -> Mutation:
    def mutation(random_: random.Random, path: Path) -> None:
        with warnings.catch_warnings(), np.errstate(all="ignore"), h5py.File(path, "r+") as file:
            warnings.simplefilter("ignore")
            change(random_, file)

    mutation.__name__ = change.__name__
    return mutation


def _items(file: h5py.File, kind: type) -> list[str]:
    found: list[str] = []
    file.visititems(lambda name, item: found.append(name) if isinstance(item, kind) else None)
    return found


def _array(random_: random.Random, file: h5py.File) -> str:
    return random_.choice(_items(file, h5py.Dataset))


@_changed
def another_type(random_: random.Random, file: h5py.File) -> None:
    name, dtype = _array(random_, file), random_.choice(_DTYPES)
    values = file[name][()]
    del file[name]
    if dtype == "O":
        file.create_dataset(name, data=[str(v) for v in values.reshape(-1)[:9]], dtype=h5py.string_dtype())
    elif dtype in ("S3", "V5"):
        file[name] = np.zeros(values.shape, dtype)
    else:
        file[name] = values.astype(dtype)


@_changed
def another_shape(random_: random.Random, file: h5py.File) -> None:
    name = _array(random_, file)
    values = file[name][()]
    choices = [np.zeros(shape, values.dtype) for shape in _SHAPES]
    choices += [
        values[:-1],
        values.T,
        values[None],
        values[..., None],
        np.concatenate([values] * 3),
        values.reshape(-1),
    ]
    del file[name]
    file[name] = random_.choice(choices)


@_changed
def more_than_is_stored(random_: random.Random, file: h5py.File) -> None:
    name, shape = _array(random_, file), random_.choice(_HUGE)
    dtype = file[name].dtype
    del file[name]
    kind = random_.randrange(3)
    if kind == 0:
        chunks = tuple(min(size, 16) for size in shape)
        file.create_dataset(name, shape, dtype, chunks=chunks, compression=random_.choice((None, "gzip", "lzf")))
    elif kind == 1:
        file.create_dataset(name, (100, 64, 64, 1000), dtype, chunks=(1, 64, 64, 1000), compression="gzip")
        file[name][0] = 1
    else:
        file.create_dataset(name, (1 << 30,), dtype, chunks=(1 << 20,), fillvalue=7 if dtype.kind in "iuf" else None)


@_changed
def other_values(random_: random.Random, file: h5py.File) -> None:
    name = _array(random_, file)
    values = file[name][()]
    if not values.size:
        return
    odd = (0, 1, 255, -1, 2**31 - 1, -(2**31), 2**63 - 1, np.nan, np.inf, -np.inf, 1e38, 1e-45)
    flat = values.reshape(-1)
    for _ in range(random_.choice((1, 3, values.size))):
        with np.errstate(all="ignore"):
            value = random_.choice(odd)
            at = random_.randrange(values.size)
            if values.dtype.kind == "f":
                flat[at] = value
            else:
                flat[at] = 0 if value != value or abs(value) == np.inf else int(value) % 256
    if random_.random() < 0.2:
        flat[:] = flat[0]
    file[name][...] = values


@_changed
def another_object(random_: random.Random, file: h5py.File) -> None:
    """A group, a link, a link to elsewhere, bytes of other files, or nothing, in the place of an array."""
    name = random_.choice([*_items(file, h5py.Dataset), *_items(file, h5py.Group)] or ["x"])
    kind, other = random_.randrange(9), _array(random_, file)
    shape = getattr(file[name], "shape", None) or (3,)
    if name in file:
        del file[name]
    if kind == 0:
        file.create_group(name)
    elif kind == 1:
        file[name] = h5py.SoftLink(random_.choice((f"/{other}", "/nowhere", "/", ".", f"/{name}")))
    elif kind == 2:
        file[name] = h5py.ExternalLink(random_.choice(("d.h5", "/etc/passwd", "..", " ")), f"/{other}")
    elif kind == 3:
        file.create_dataset(name, shape, "u1", external=[(random_.choice(("/etc/passwd", "d.h5")), 0, 10**6)])
    elif kind == 4:
        layout = h5py.VirtualLayout(shape, "u1")
        layout[...] = h5py.VirtualSource(random_.choice(("d.h5", ".")), f"/{other}", shape)
        file.create_virtual_dataset(name, layout)
    elif kind == 5:
        file[name] = file  # a group that contains itself
    elif kind == 6:
        file[name] = np.dtype("f4")
    elif kind == 7 and other in file:
        file[name] = file[other]


@_changed
def another_entry(random_: random.Random, file: h5py.File) -> None:
    """An entry of an odd name, beside those that are known."""
    groups = [file, *(file[name] for name in _items(file, h5py.Group))]
    group, name = random_.choice(groups), random_.choice(_NAMES).strip("/") or "x"
    if name != "." and name not in group:
        random_.choice((lambda: group.create_group(name), lambda: group.create_dataset(name, data=[1.0, 2.0])))()


@_changed
def another_attribute(random_: random.Random, file: h5py.File) -> None:
    holders = [file, *(file[name] for name in [*_items(file, h5py.Group), *_items(file, h5py.Dataset)])]
    holder = random_.choice([h for h in holders if len(h.attrs)] or [file])
    names = [*holder.attrs, random_.choice(_NAMES)]
    for name in random_.sample(names, random_.choice((1, 1, 1, min(3, len(names))))):
        value = _attribute(random_, holder.attrs.get(name))
        if name in holder.attrs:
            del holder.attrs[name]
        if value is not None:
            holder.attrs[name] = value


def _attribute(random_: random.Random, old: Any) -> Any:
    text = h5py.string_dtype()
    json_text = _text(odd_value(random_)).encode("utf-8", "surrogatepass")
    choices = [
        None,
        1,
        -1,
        2.5,
        np.nan,
        True,
        np.uint64(2**64 - 1),
        np.int8(-3),
        np.float16(1),
        1 + 2j,
        np.arange(6).reshape(2, 3),
        np.zeros(0),
        np.zeros((2, 0)),
        np.zeros(5000, "i4"),
        np.array(["a", "b"], text),
        np.array(["a"] * 3, text),
        np.array([["a", "b"]], text),
        np.array([b"\xff\xfe", b"b"]),
        b"\xff\xfe",
        "",
        "a\x1b[31m",
        "a\nb",
        "x" * 30_000,
        np.bytes_(b"\xed\xa0\x80"),
        h5py.Empty("f4"),
        h5py.Empty(text),
        np.zeros(2, [("a", "i4"), ("b", "f4")]),
        np.void(b"abc"),
        np.array([1.5, 2.5]),
        np.bytes_(json_text[:60_000]),
        json_text[:60_000].decode("utf-8", "replace").replace("\0", ""),
    ]
    if isinstance(old, np.ndarray) and old.size:
        choices += [
            old[:-1],
            np.concatenate([old, old]),
            old[::-1],
            np.repeat(old[:1], old.size),
            old.reshape(1, -1),
        ] * 3
    if isinstance(old, str):
        choices += [
            f"{old}x",
            old.upper(),
            f"{old}\x1b]0;t\x07",
            np.array([old, old], text),
            np.bytes_(old.encode()),
        ] * 3
        choices += [old.replace("[", "{", 1), old.replace('"', "", 1), old[: len(old) // 2]] * 2
    return random_.choice(choices)


MUTATIONS: tuple[Mutation, ...] = (
    another_type,
    another_shape,
    more_than_is_stored,
    other_values,
    another_object,
    another_entry,
    another_attribute,
    another_attribute,
)
