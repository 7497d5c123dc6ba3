"""Directions as a call names them, checked against the generator they are to steer, and the images that it makes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from disentool.errors import DataMismatch, MissingFile, UnsafeFile, WrongUsage
from disentool.io import directions as files_of_directions
from disentool.io.directions import Direction, Directions
from disentool.models import generator as generators
from disentool.models.generator import Opened


@dataclass(frozen=True)
class Steer:
    """One direction, and the file that it is from."""

    file: Directions
    direction: Direction

    @property
    def transform(self) -> str:
        """The transform that the direction imitates; of a class's own direction too (``shift-x@14``)."""
        return str(self.direction.facts.get("transform", self.direction.name.partition("@")[0]))


def read(references: Sequence[str], *, every: bool) -> list[Steer]:
    """The directions that ``FILE:NAME`` words name, or a FILE alone: its only one; ``every``: all that it holds."""
    opened: dict[Path, Directions] = {}
    found: list[Steer] = []
    for text in references:
        path, name = files_of_directions.reference(text)
        if path not in opened:
            opened[path] = files_of_directions.read(path)
        file = opened[path]
        some = file.directions.values() if name is None and every else [file.find(name)]
        found += [Steer(file, direction) for direction in some]
    names = [steer.direction.name for steer in found]
    for name in names:
        if names.count(name) > 1:
            raise WrongUsage(f"--direction {name}: named twice")
    return found


def opened(spec: str | Path, steers: Sequence[Steer], device: str, *, trust: bool, force: bool) -> Opened:
    """The generator, opened as it was when the directions were found; DataMismatch unless they are its own."""
    ways = [generators.as_found(steer.file.provenance) for steer in steers]
    if any(way != ways[0] for way in ways):
        raise DataMismatch("--direction: the files are of different spaces of the generator; use one at a time")
    found = generators.open(spec, device, trust=trust, **ways[0])
    require_bound(steers, found, force=force)
    return found


def require_bound(steers: Sequence[Steer], opened: Opened, *, force: bool) -> None:
    """DataMismatch unless the directions are of this generator (or ``force``), and of codes as wide as its z."""
    for steer in steers:
        steer.file.require_bound(opened.path, opened.sha256, force=force)
        width, own = len(steer.direction.u), opened.generator.facts.latent_dim
        if width != own:
            raise DataMismatch(
                f"{steer.file.path}: {steer.direction.name} is of codes of {width} dimensions,"
                f" {opened.path} has {own}; `disentool find-direction {opened.path}` finds its own"
            )


def classes_of(opened: Opened, steers: Sequence[Steer], asked: Sequence[int], count: int) -> np.ndarray | None:
    """A class for each of ``count`` images, int64: those asked for, or that the directions were found in, by turns.

    None for a generator without classes. WrongUsage for a class that is not there.
    """
    number = opened.generator.facts.num_classes
    if number is None:
        if asked:
            raise WrongUsage(f"--class {asked[0]}: {opened.path} has no classes; leave it out")
        return None
    known = list(asked) or [c for steer in steers for c in steer.direction.facts.get("classes") or []]
    known = list(dict.fromkeys(known)) or list(range(number))
    for one in known:
        if not isinstance(one, int) or not 0 <= one < number:
            raise WrongUsage(f"--class {one}: {opened.path} has classes 0 to {number - 1}")
    return np.resize(np.asarray(known, np.int64), count)


def opened_for(steers: Sequence[Steer], generator: str | None, device: str, *, trust: bool, force: bool) -> Opened:
    """The generator that a caller names, else the one that the directions' file says they are of.

    MissingFile where that is not there; UnsafeFile where its code would run, whatever ``trust`` says.
    """
    file = steers[0].file
    if generator is not None:
        return opened(generator, steers, device, trust=trust, force=force)
    beside = file.path.parent / file.generator
    spec = str(beside) if not Path(file.generator).exists() and beside.exists() else file.generator
    try:
        # What a file of directions names is opened only if nothing in it executes, whatever else is trusted.
        return opened(spec, steers, device, trust=False, force=force)
    except UnsafeFile as error:
        if not trust:
            raise
        raise UnsafeFile(
            f"{file.path}: is of {file.generator}, whose code would run; --generator {file.generator} says that it may"
        ) from error
    except MissingFile:
        raise MissingFile(
            f"{file.path}: its directions are of {file.generator}, which is not there; --generator names it"
        ) from None
