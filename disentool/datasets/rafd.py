"""Radboud Faces Database (Langner et al. 2010), read from its pictures.

The names say everything: ``Rafd090_01_Caucasian_female_angry_frontal.jpg`` is camera (0, 45, 90, 135 or 180 degrees;
90 is frontal), number of the person, group, sex, expression (8) and gaze (3). The pictures are said to have 681x1024
pixels; none was at hand, so any size is taken.
"""

import re
from itertools import pairwise
from pathlib import Path

import numpy as np

from disentool.datasets import picture_sizes
from disentool.datasets.catalogue import PUBLISHED
from disentool.datasets.picture_files import images_in
from disentool.datasets.source import Source, ranked, table
from disentool.errors import ForeignFile, MissingFile
from disentool.io import archive

NAMES = ("expression", "identity", "gaze", "camera")
EXPRESSIONS = ("angry", "contemptuous", "disgusted", "fearful", "happy", "neutral", "sad", "surprised")
GAZES = ("frontal", "left", "right")
CAMERAS = (0, 45, 90, 135, 180)
SIZE = (64, 64)  # height and width, unless asked otherwise
WHAT = "the folder or archive of files such as Rafd090_01_Caucasian_female_angry_frontal.jpg"

_NAME = re.compile(
    rf"(?:^|/)Rafd({'|'.join(f'{angle:03}' for angle in CAMERAS)})_(\d+)_([A-Za-z]+)_(female|male)"
    rf"_({'|'.join(EXPRESSIONS)})_({'|'.join(GAZES)})\.jpe?g$",
    re.IGNORECASE,
)
_LISTED = 5


def open_source(path: Path | None, *, size: tuple[int, int] | None = None) -> Source:
    """The pictures by expression, identity, gaze and camera, uint8 [N,H,W,3]: the centre square of full width.

    LORD's face crop is not described; where the published pictures are centred on the face, this keeps head and neck.
    Pictures whose names do not parse are left out, and listed in the notes. Raises MissingFile or ForeignFile.
    """
    if path is None:
        raise MissingFile(f"rafd is not rendered here: give {WHAT} with --from")
    size = size or SIZE
    found = archive.members(path, (".jpg", ".jpeg"), WHAT)
    shots, strange = [], []
    for name in found.names:
        if parts := _NAME.search(name):
            expression, gaze = EXPRESSIONS.index(parts[5].lower()), GAZES.index(parts[6].lower())
            shots.append((expression, int(parts[2]), gaze, CAMERAS.index(int(parts[1])), name))
        else:
            strange.append(name)
    if not shots:
        raise ForeignFile(f"{found.path}: none of its {len(strange)} pictures is named as RaFD's are; give {WHAT}")
    shots.sort()
    names = [shot[4] for shot in shots]
    for one, other in pairwise(shots):
        if one[:4] == other[:4]:
            raise ForeignFile(f"{found.path}: {one[4]} and {other[4]} are the same shot; keep one")
    identity, persons = ranked(shot[1] for shot in shots)
    factors = np.array([shot[:4] for shot in shots], np.int32)
    factors[:, 1] = identity
    sizes = (len(EXPRESSIONS), len(persons), len(GAZES), len(CAMERAS))
    notes = [f"{found.path}: {name}: no name of RaFD's; left out" for name in strange[:_LISTED]]
    if len(strange) > _LISTED:
        notes.append(f"{found.path}: and {len(strange) - _LISTED} more such names; left out")

    return Source(
        name="rafd",
        shape=(len(names), *size, 3),
        images=images_in(found, names, 3, size),
        factors=table(factors),
        factor_names=NAMES,
        factor_sizes=sizes,
        factor_values={"identity": np.array(persons, np.float64), "camera": np.array(CAMERAS, np.float64)},
        class_names={"expression": EXPRESSIONS, "gaze": GAZES},
        grid=len(names) == int(np.prod(sizes)),
        notes=tuple(notes),
        class_factor="expression",
        source=f"{found.digest()}, centre square to {size[0]}x{size[1]} by Lanczos",
        made=f"the middle square {picture_sizes.square_made(None, size)}",
        citation="Langner, Dotsch, Bijlstra, Wigboldus, Hawk, van Knippenberg: Presentation and validation of the "
        "Radboud Faces Database, Cognition & Emotion 24, 2010, https://rafd.socsci.ru.nl",
        licence=PUBLISHED["rafd"].licence,
    )
