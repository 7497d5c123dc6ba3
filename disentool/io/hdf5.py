"""Reading and writing the toolkit's HDF5 files, and reading anyone's arrays, without trusting them."""

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from disentool.errors import DisentoolError, ForeignFile, UnsafeFile
from disentool.io import files, hdf5_input, json_text, provenance
from disentool.io.hdf5_output import HDF5Output, signals_held
from disentool.io.schema import Array, Format
from disentool.system.names_as_text import as_utf8


class Writer:
    """An HDF5 file in the making; see :func:`create`."""

    def __init__(self, file: h5py.File, check: Callable[[], None], form: Format):
        self._file, self._check, self._form = file, check, form
        self._digests: dict[str, str] = {}

    def array(self, path: str, values: np.ndarray) -> None:
        """Write a whole array."""
        with self.stream(path, values.shape, values.dtype) as append:
            append(values)

    @contextmanager
    def stream(self, path: str, shape: tuple[int, ...], dtype: Any, *, compress: bool = False) -> Iterator:
        """A function that appends blocks along the first axis; together they must fill ``shape``.

        However the rows are cut into blocks, the file has the same bytes.
        """
        dtype = np.dtype(dtype)
        layout: dict[str, Any] = {}
        chunk = min(shape[0], 64) if compress and 0 not in shape else 1
        if compress and 0 not in shape:
            layout = {"chunks": (chunk, *shape[1:]), "compression": "gzip", "compression_opts": 4}
        dataset = self._file.create_dataset(path, shape, dtype, track_times=False, **layout)
        digest = hashlib.sha256()
        filled, rest = 0, np.empty((0, *shape[1:]), dtype)

        def append(block: np.ndarray) -> None:
            nonlocal filled, rest
            block = np.ascontiguousarray(block, dtype)
            digest.update(block.data)
            rows = np.concatenate([rest, block]) if len(rest) else block
            end = filled + len(rows)
            whole = len(rows) if end >= shape[0] else len(rows) // chunk * chunk  # else a chunk is compressed twice
            dataset[filled : filled + whole] = rows[:whole]
            self._check()
            filled, rest = filled + whole, rows[whole:]

        yield append
        if filled != shape[0]:
            raise ValueError(f"{path}: {filled} of {shape[0]} rows were written")
        self._digests[path] = digest.hexdigest()

    def attributes(self, group: str = "/", /, **values: Any) -> None:
        """Set attributes of the root, or of a group that holds arrays: strings, numbers, booleans, lists of them."""
        for name, value in values.items():
            if isinstance(value, (list, tuple)) and all(isinstance(v, str) for v in value):
                value = np.array([as_utf8(v) for v in value], dtype=h5py.string_dtype())
            value = as_utf8(value) if isinstance(value, str) else value
            self._file[group].attrs[name] = value

    def finish(self) -> None:
        """Digest, then version and format, last."""
        self.attributes(created_by=provenance.created_by(), command=provenance.command())
        lines = [_line(path, self._file[path], digest) for path, digest in self._digests.items()]
        self.attributes(content_sha256=_combine(lines))
        self._file.flush()
        self.attributes(version=self._form.version, format=self._form.name)


@contextmanager
def create(path: Path, form: Format, *, overwrite: bool = False) -> Iterator[Writer]:
    """Write a file of this format: digested while written, ``format`` last, moved into place whole or not at all."""
    with (
        files.whole(path, overwrite=overwrite) as temporary,
        closing(HDF5Output(temporary)) as output_file,
        signals_held() as release,
    ):

        def check() -> None:
            output_file.check()
            release()

        # HDF5 1.10's own layout, unlike the earlier ones, has checksums in it.
        with h5py.File(output_file, "w", libver="v110") as file:
            writer = Writer(file, check, form)
            yield writer
            writer.finish()
        output_file.check()


def digest_of(arrays: Mapping[str, np.ndarray]) -> str:
    """The content digest that a file of these arrays has, by their paths in it."""
    found = [(path, np.ascontiguousarray(values)) for path, values in arrays.items()]
    return _combine([_line(path, values, hashlib.sha256(values.data).hexdigest()) for path, values in found])


def _line(path: str, dataset: h5py.Dataset | np.ndarray, digest: str) -> str:
    return f"{path} {dataset.dtype.str} {'x'.join(map(str, dataset.shape))} {digest}"


def _combine(lines: list[str]) -> str:
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def content_digest(path: Path) -> str:
    """The content digest recomputed: sha256 over the sorted lines ``path dtype shape sha256(bytes)``.

    Of all arrays of numbers, that is; what else somebody put into the file (text, single values) has no part in it.
    """
    with opened(path) as file:
        lines = []
        for name in dataset_names(file):
            if file[name].dtype.kind not in "buif" or not file[name].shape:
                continue
            dataset = array(file, path, name)
            digest = hashlib.sha256()
            block = max(1, (64 << 20) // max(1, dataset.dtype.itemsize * math.prod(dataset.shape[1:])))
            for start in range(0, len(dataset), block):
                digest.update(np.ascontiguousarray(dataset[start : start + block]).data)
            lines.append(_line(name, dataset, digest.hexdigest()))
        return _combine(lines)


def dataset_names(file: h5py.File) -> list[str]:
    """The paths of the arrays of a file, sorted; links to elsewhere are not followed, nor is a group entered twice."""
    names, seen, waiting = [], set(), [("", file)]
    while waiting:
        prefix, group = waiting.pop()
        if h5py.h5o.get_info(group.id).addr in seen:  # a group may contain itself
            continue
        seen.add(h5py.h5o.get_info(group.id).addr)
        for name in group:
            if isinstance(name, str) and _is_hard(group, name):  # bytes: a damaged name
                item = group[name]
                if isinstance(item, h5py.Group):
                    waiting.append((f"{prefix}{name}/", item))
                elif isinstance(item, h5py.Dataset):
                    names.append(prefix + name)
    return sorted(names)


def is_hdf5(path: Path | str) -> bool:
    """Whether a file begins as HDF5 does, perhaps after a block of someone else's (as in MATLAB's files)."""
    return h5py.is_hdf5(path)


@contextmanager
def opened(path: Path, hint: str = "", *, cache: int = 1 << 20) -> Iterator[h5py.File]:
    """An HDF5 file for reading; damage met while it is open becomes ForeignFile.

    ``cache``: bytes of unpacked chunks that are kept per array, for files whose chunks span many rows.
    """
    path = files.require(path, "HDF5 file", hint)
    if not is_hdf5(path) and not hdf5_input.busy(path):
        raise ForeignFile(f"{path}: not an HDF5 file, or one cut short; make it anew")
    try:
        with hdf5_input.reading(path, cache=cache) as file:
            yield file
    except (DisentoolError, MemoryError):
        raise
    except Exception as error:  # on a damaged file HDF5 and h5py may raise nearly anything
        raise ForeignFile(f"{path}: {files.damage_of(error)}; make it anew") from error


def _is_hard(group: h5py.Group, name: str) -> bool:
    """Whether an entry is in the file itself. Asked of the link: h5py's own ``in`` and ``get`` would follow it."""
    return group.id.links.get_info(name.encode()).type == h5py.h5l.TYPE_HARD


def has(file: h5py.File, name: str) -> bool:
    """Whether the root group has an entry of this name; a link to elsewhere counts, and is refused when it is read."""
    return file.id.links.exists(name.encode())


def located(file: h5py.File, path: Path, name: str) -> h5py.Dataset:
    """A dataset of anything whose bytes are in this very file; nothing is read yet."""
    here: Any = file
    for part in filter(None, name.split("/")):
        if not isinstance(here, h5py.Group) or not here.id.links.exists(part.encode()):
            raise ForeignFile(f"{path}: no array {name!r}; its arrays are {', '.join(dataset_names(file)) or 'none'}")
        if not _is_hard(here, part):
            raise UnsafeFile(f"{path}: array {name!r} is a link to elsewhere; only arrays within the file are read")
        here = here[part]
    if not isinstance(here, h5py.Dataset):
        raise ForeignFile(f"{path}: {name!r} is a group; name an array, one of {', '.join(dataset_names(file))}")
    if here.is_virtual or here.external:
        raise UnsafeFile(f"{path}: array {name!r} keeps its bytes in other files; only arrays within the file are read")
    return here


def array(file: h5py.File, path: Path, name: str) -> h5py.Dataset:
    """A dataset of numbers whose bytes are in this very file and no more than it can hold; nothing is read yet."""
    here = located(file, path, name)
    if here.dtype.hasobject or here.dtype.kind not in "buif":
        raise ForeignFile(f"{path}: array {name!r} holds {hdf5_input.instead_of_numbers(here.dtype)}")
    stored = min(here.id.get_storage_size(), path.stat().st_size)
    size = here.dtype.itemsize * math.prod(here.shape)
    # gzip cannot shrink by more than about a thousand times; an array that claims more was never written.
    if stored * (1032 if here.compression or here.chunks else 1) < size:
        raise UnsafeFile(f"{path}: array {name!r} claims {size:,} bytes but only {stored:,} are stored")
    return here


def check(file: h5py.File, path: Path, form: Format, hint: str = "") -> None:
    """Raise ForeignFile unless the file is of this format and a known version, with the right arrays.

    ``hint``: what to do with an HDF5 file of another origin.
    """
    name = attribute(file, "format", None)
    if name != form.name:
        foreign = f"; {hint}" if hint and not isinstance(name, str) else ""
        found = f"a {name} file" if isinstance(name, str) else "an HDF5 file of another origin, or an unfinished one"
        raise ForeignFile(f"{path}: expected a {form.name} file, found {found}{foreign}")
    version = attribute(file, "version", None)
    if type(version) is not int or version < 1:
        raise ForeignFile(f"{path}: its version is {version!r}, expected a whole number; make it anew")
    if version > form.version:
        raise ForeignFile(
            f"{path}: {form.name} version {version}, this disentool reads up to {form.version}; upgrade disentool"
        )
    check_arrays(file, path, [spec for spec in form.arrays if "<" not in spec.path])


def check_arrays(file: h5py.File, path: Path, arrays: Iterable[Array]) -> None:
    """Raise ForeignFile unless the arrays that must be there are, and all have their type and agree in their sizes."""
    sizes: dict[str, int] = {}
    for spec in arrays:
        if not spec.required and not has(file, spec.path):
            continue
        dataset = array(file, path, spec.path)
        if dataset.ndim != len(spec.shape) or dataset.dtype != np.dtype(spec.dtype):
            raise ForeignFile(
                f"{path}: array {spec.path!r} is {dataset.dtype} {list(dataset.shape)},"
                f" expected {spec.dtype} [{','.join(spec.shape)}]"
            )
        for letter, size in zip(spec.shape, dataset.shape, strict=True):
            if sizes.setdefault(letter, size) != size:
                raise ForeignFile(
                    f"{path}: array {spec.path!r} is {list(dataset.shape)}, but other arrays have {letter} ="
                    f" {sizes[letter]}"
                )


_PLAIN = (h5py.h5t.STRING, h5py.h5t.INTEGER, h5py.h5t.FLOAT, h5py.h5t.ENUM)


def attributes(file: h5py.File) -> dict[str, Any]:
    """The root attributes, sorted, as :func:`attribute` gives them."""
    return {name: attribute(file, name, None) for name in sorted(n for n in file.attrs if isinstance(n, str))}


def attribute(file: h5py.Group | h5py.Dataset, name: str, default: Any) -> Any:
    """An attribute of a file, group or array as plain Python: str, int, float, bool, a list of them, or the default."""
    if name not in file.attrs:
        return default
    kind = file.attrs.get_id(name).get_type().get_class()
    if kind not in _PLAIN:  # a damaged one can crash HDF5
        return f"(of HDF5's type class {kind})"
    value = file.attrs[name]
    if isinstance(value, h5py.Empty):
        return []
    value = value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value

    def plain(item: Any) -> Any:
        if isinstance(item, list):
            return [plain(i) for i in item]
        return item.decode("utf-8", "replace") if isinstance(item, bytes) else item

    return plain(value)


def mapped(dataset: h5py.Dataset, path: Path) -> np.ndarray:
    """The dataset's values: a copy-on-write memory map where they lie contiguous, else read into memory."""
    offset = dataset.id.get_offset()
    if offset is None or dataset.chunks is not None or not dataset.dtype.isnative:
        return dataset[()]
    return np.memmap(path, dtype=dataset.dtype, mode="c", offset=offset, shape=dataset.shape)


def json_attribute(file: h5py.File | h5py.Group, path: Path, name: str) -> dict[str, Any]:
    """An attribute that holds a JSON object; empty if absent."""
    text = attribute(file, name, "{}")
    try:
        value = json_text.parse(text)
    except (TypeError, ValueError, RecursionError):
        raise ForeignFile(f"{path}: attribute {name} is not JSON") from None
    return value if isinstance(value, dict) else {}
