"""The explorer of one checkpoint in a report."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from disentool.models.dimensions import Dimension
from disentool.models.generator import encodes
from disentool.models.model import TrainedModel
from disentool.models.starting_codes import StartingCodes
from disentool.pages import explorer, explorer_content
from disentool.reporting import Silent
from disentool.steering import named_directions
from disentool.steering.along_direction import Move, Span

_MOST = 1_500_000  # bytes of each explorer


def explorer_of(
    path: Path,
    files_of_directions: Sequence[Path],
    model: TrainedModel,
    starts: StartingCodes,
    shown: Sequence[Dimension],
    notes: tuple[str, ...],
    key: str,
    *,
    trust: bool,
    device: str,
) -> str:
    """Sliders of the dimensions, and of the directions where they are of the very codes that the model encodes into.

    ``path``: the model's checkpoint. ``notes``: remarks on what is ``shown`` of it. The page's identifiers begin with
    ``key``.
    """
    content = explorer_content.of_model(model, starts, shown, (-3.0, 3.0), None, notes=notes)
    decoded = explorer_content.decoded(model, content)
    named = named_directions.read([str(file) for file in files_of_directions], every=True)
    if named:
        opened = named_directions.opened(path, named, device, trust=trust, force=False)
        if encodes(opened):
            moves = [Move(each.direction, Span(*each.direction.t_valid), False) for each in named]
            content = explorer_content.of_directions(
                starts.codes.astype(np.float64),
                starts.images,
                moves,
                None,
                spanned=False,
                more=content.sliders,
                notes=notes,
            )
            decoded = explorer_content.generated(opened, None, content)
    return explorer.build(content, decoded, key, Silent(), size=384, most=_MOST).markup
