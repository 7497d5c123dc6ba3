"""Directions files: ``disentool.directions``, in memory, written and read back."""

import json
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from disentool.errors import DataMismatch, ForeignFile, UnknownName, WrongUsage
from disentool.io import hdf5
from disentool.io.schema import DIRECTIONS

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]*")
_FARTHEST = 1000.0  # that a knot may be from 0, in standard deviations of <z,u>
_ARRAYS = tuple(spec.path.partition("/")[2] for spec in DIRECTIONS.arrays)


@dataclass(frozen=True)
class Direction:
    """A unit direction u of codes z ~ N(0, I), and how a property t of the image depends on s = <z,u>: t = g(s).

    ``u``: float32 [d]. ``knots values``: float64 [m], g at ascending s, non-decreasing, g(0) = 0. ``t_valid``: lowest
    and highest t that are reached, from s = 0. ``unit``: of t. ``u_bootstrap``: float32 [R,d] and ``values_bootstrap``:
    float64 [R,m], the same of R resamples of the starts. ``targets``: float64 [T], the t aimed at; ``errors``: float64
    [S,T], each start's loss there as a share of the unchanged image's; ``kept``: bool [S], which starts were used.
    ``facts``: plain Python, its own constants and measurements.
    """

    name: str
    u: np.ndarray
    knots: np.ndarray
    values: np.ndarray
    t_valid: tuple[float, float]
    unit: str = ""
    u_bootstrap: np.ndarray | None = None
    values_bootstrap: np.ndarray | None = None
    targets: np.ndarray | None = None
    errors: np.ndarray | None = None
    kept: np.ndarray | None = None
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Directions:
    """The directions of one generator, by name."""

    path: Path
    directions: dict[str, Direction]
    generator: str
    generator_sha256: str
    method: str
    seed: int
    provenance: dict[str, Any] = field(default_factory=dict)

    def find(self, name: str | None) -> Direction:
        """The direction of this name, or the only one; UnknownName or WrongUsage if there is no such."""
        if name is None:
            if len(self.directions) > 1:
                first, *others = self.directions
                raise WrongUsage(f"{self.path}: holds {first}, {', '.join(others)}; name one, as {self.path}:{first}")
            return next(iter(self.directions.values()))
        if name not in self.directions:
            raise UnknownName(f"direction of {self.path}", name, self.directions)
        return self.directions[name]

    def require_bound(self, generator: Path, sha256: str, *, force: bool = False) -> None:
        """DataMismatch unless they were found in the generator with this digest, or ``force`` says never mind."""
        if sha256 != self.generator_sha256 and not force:
            raise DataMismatch(
                f"{self.path}: its directions are of another generator than {generator};"
                f" `disentool find-direction {generator}` finds its own, --force uses these all the same"
            )


def reference(text: str) -> tuple[Path, str | None]:
    """``dirs.h5:shift-x`` -> the file and the direction's name; the name is None where only a file is named."""
    file, colon, name = text.rpartition(":")
    if not colon or "/" in name or "\\" in name or Path(text).exists():  # C:\\dirs.h5 is a path
        return Path(text), None
    if not file or not _NAME.fullmatch(name):
        raise WrongUsage(f"--direction {text}: expected FILE:NAME, such as dirs.h5:shift-x")
    return Path(file), name


def write(found: Directions, *, overwrite: bool) -> Path:
    """Write ``found.path``, whole or not at all; ForeignFile for what :func:`read` would refuse."""
    for direction in found.directions.values():
        _check(found.path, direction)
    with hdf5.create(found.path, DIRECTIONS, overwrite=overwrite) as out:
        for name, direction in found.directions.items():
            for array in _ARRAYS:
                values = getattr(direction, array)
                if values is not None:
                    out.array(f"{name}/{array}", _typed(array, values))
            out.attributes(name, unit=direction.unit, facts=json.dumps(direction.facts, ensure_ascii=False))
        out.attributes(
            generator=found.generator,
            generator_sha256=found.generator_sha256,
            method=found.method,
            seed=found.seed,
            provenance=json.dumps(found.provenance, ensure_ascii=False),
        )
    return found.path


def _typed(array: str, values: Any) -> np.ndarray:
    dtype = next(spec.dtype for spec in DIRECTIONS.arrays if spec.path.endswith(f"/{array}"))
    return np.asarray(values, dtype)


def read(path: Path) -> Directions:
    """Open a directions file and read it into memory; ForeignFile says what is wrong with one that does not fit."""
    path = Path(path)
    with hdf5.opened(path, "`disentool find-direction` makes one") as file:
        hdf5.check(file, path, DIRECTIONS)
        names = [name[:-2] for name in hdf5.dataset_names(file) if name.count("/") == 1 and name.endswith("/u")]
        if not names:
            raise ForeignFile(f"{path}: holds no direction; `disentool find-direction` makes one")
        found = {name: _read(file, path, name) for name in names}
        widths = {len(direction.u) for direction in found.values()}
        if len(widths) > 1:
            raise ForeignFile(f"{path}: its directions are of codes of different widths, {sorted(widths)}")
        return Directions(
            path=path,
            directions=found,
            generator=str(hdf5.attribute(file, "generator", "")),
            generator_sha256=str(hdf5.attribute(file, "generator_sha256", "")),
            method=str(hdf5.attribute(file, "method", "")),
            seed=_whole(path, hdf5.attribute(file, "seed", 0)),
            provenance=hdf5.json_attribute(file, path, "provenance"),
        )


def _read(file: h5py.File, path: Path, name: str) -> Direction:
    if not _NAME.fullmatch(name):
        raise ForeignFile(f"{path}: {name[:80]!r} is no name of a direction; expected letters, digits and . _ @ -")
    specs = [replace(spec, path=spec.path.replace("<direction>", name)) for spec in DIRECTIONS.arrays]
    hdf5.check_arrays(file, path, specs)
    arrays = {
        array: hdf5.array(file, path, f"{name}/{array}")[()] for array in _ARRAYS if hdf5.has(file, f"{name}/{array}")
    }
    lowest, highest = arrays.pop("t_valid").tolist()
    if "kept" in arrays:
        arrays["kept"] = arrays["kept"].astype(bool)
    direction = Direction(
        name=name,
        t_valid=(lowest, highest),
        unit=str(hdf5.attribute(file[name], "unit", "")),
        facts=hdf5.json_attribute(file[name], path, "facts"),
        **arrays,
    )
    _check(path, direction)
    return direction


def _whole(path: Path, seed: Any) -> int:
    if isinstance(seed, (bool, np.bool_)) or not isinstance(seed, (int, np.integer)):
        raise ForeignFile(f"{path}: the attribute seed is not a whole number")
    return int(seed)


def _check(path: Path, direction: Direction) -> None:
    """ForeignFile unless the numbers are those of a direction and of a g."""
    name, knots, values = direction.name, direction.knots, direction.values
    if not np.isfinite(direction.u).all() or abs(np.linalg.norm(direction.u.astype(np.float64)) - 1) > 1e-3:
        raise ForeignFile(f"{path}: {name}/u is not of length 1")
    finite = np.isfinite(knots).all() and np.isfinite(values).all()
    if len(knots) < 2 or not finite or (np.diff(knots) <= 0).any() or (np.diff(values) < 0).any():
        raise ForeignFile(f"{path}: {name}/knots must ascend and {name}/values must not descend, two at least, finite")
    if np.abs(knots).max() > _FARTHEST:
        raise ForeignFile(f"{path}: {name}/knots go to {np.abs(knots).max():g}, but codes are standard normal")
    if abs(np.interp(0.0, knots, values)) > 1e-6 * max(1e-9, values[-1] - values[0]):
        raise ForeignFile(f"{path}: {name}/values have to be 0 at s = 0")
    if not isinstance(direction.facts.get("transform", name), str):
        raise ForeignFile(f"{path}: {name}: its transform is no name")
    if not values[0] - 1e-9 <= direction.t_valid[0] <= direction.t_valid[1] <= values[-1] + 1e-9:
        raise ForeignFile(f"{path}: {name}/t_valid is {direction.t_valid}, but g goes from {values[0]} to {values[-1]}")
