"""The directions that a call names, and the generator in which they were found."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from disentool.errors import DataMismatch, MissingFile, UnsafeFile, WrongUsage
from disentool.io import directions_file, provenance
from disentool.io.call_checks import require_indices, require_once
from disentool.io.directions_file import Direction, Directions
from disentool.models.generator import Opened, open_generator, opening_options
from disentool.models.model import Checkpoint


@dataclass(frozen=True)
class NamedDirection:
    """One direction, and the file that it is from."""

    file: Directions
    direction: Direction

    @property
    def transform(self) -> str:
        """The transform that the direction imitates; of a class's own direction too (``shift-x@14``)."""
        return str(self.direction.facts.get("transform", self.direction.name.partition("@")[0]))


def read(references: Sequence[str], *, every: bool) -> list[NamedDirection]:
    """The directions that ``FILE:NAME`` words name, or a FILE alone: its only one; ``every``: all that it holds."""
    opened: dict[Path, Directions] = {}
    found: list[NamedDirection] = []
    for text in references:
        path, name = directions_file.reference(text)
        if path not in opened:
            opened[path] = directions_file.read(path)
        file = opened[path]
        some = file.directions.values() if name is None and every else [file.find(name)]
        found += [NamedDirection(file, direction) for direction in some]
    require_once([named.direction.name for named in found], "--direction")
    return found


def opened(spec: Checkpoint, directions: Sequence[NamedDirection], device: str, *, trust: bool, force: bool) -> Opened:
    """The generator, opened as it was when the directions were found; DataMismatch unless they are its own."""
    openings = [opening_options(named.file.provenance) for named in directions]
    if any(opening != openings[0] for opening in openings):
        raise DataMismatch("--direction: the files are of different spaces of the generator; use one at a time")
    found = open_generator(spec, device, trust=trust, truncation=openings[0]["truncation"], space=openings[0]["space"])
    require_bound(directions, found, force=force)
    return found


def require_bound(directions: Sequence[NamedDirection], opened: Opened, *, force: bool) -> None:
    """DataMismatch unless the directions are of this generator (or ``force``), and of codes as wide as its z."""
    for named in directions:
        named.file.require_bound(opened.path, opened.sha256, force=force)
        width, own = len(named.direction.u), opened.generator.facts.latent_dim
        if width != own:
            raise DataMismatch(
                f"{named.file.path}: {named.direction.name} is of codes of {width} dimensions,"
                f" {opened.path} has {own}; `disentool find-direction {opened.path}` finds its own"
            )


def classes_of(
    opened: Opened, directions: Sequence[NamedDirection], asked: Sequence[int], count: int
) -> np.ndarray | None:
    """A class for each of ``count`` images, int64: those asked for, or that the directions were found in, by turns.

    None for a generator without classes. WrongUsage for a class that is not there.
    """
    number = opened.generator.facts.num_classes
    if number is None:
        if asked:
            raise WrongUsage(f"--class {asked[0]}: {opened.path} has no classes; leave it out")
        return None
    known = list(asked) or [c for named in directions for c in named.direction.facts.get("classes") or []]
    known = list(dict.fromkeys(known)) or list(range(number))
    for one in known:
        if not isinstance(one, int):  # a file of directions may name anything
            raise WrongUsage(f"--class {one}: {opened.path} has classes 0 to {number - 1:,}")
    require_indices(known, number, "--class", opened.path, "classes")
    return np.resize(np.asarray(known, np.int64), count)


def opened_for(
    directions: Sequence[NamedDirection], generator: str | None, device: str, *, trust: bool, force: bool
) -> Opened:
    """The generator that a caller names, else the one that the directions' file says they are of.

    MissingFile where that is not there; UnsafeFile where its code would run, whatever ``trust`` says.
    """
    file = directions[0].file
    if generator is not None:
        return opened(generator, directions, device, trust=trust, force=force)
    beside = file.path.parent / file.generator
    spec = str(beside) if not Path(file.generator).exists() and beside.exists() else file.generator
    try:
        # What a file of directions names is opened only if nothing in it executes, whatever else is trusted.
        return opened(spec, directions, device, trust=False, force=force)
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


def comment(opened: Opened, names: Sequence[str]) -> str:
    """What a picture is of, as JSON: free of paths and times, so that the same inputs make the same bytes."""
    return json.dumps(
        {
            "created_by": provenance.created_by(),
            "generator_sha256": opened.sha256,
            "directions": list(names),
            "generator": opened.name,
        }
    )
