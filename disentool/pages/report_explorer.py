"""The explorer of one checkpoint in a report."""

from collections.abc import Sequence

import numpy as np

from disentool.models.dimensions import Dimension
from disentool.models.generator import encodes
from disentool.models.model import Model
from disentool.models.starting_codes import Bases
from disentool.pages import explorer, explorer_content
from disentool.pages.report_runs import Run
from disentool.reporting import Silent
from disentool.steering import named_directions
from disentool.steering.along_direction import Move, Span

_MOST = 1_500_000  # bytes of each explorer


def explorer_of(
    run: Run,
    model: Model,
    bases: Bases,
    chosen: Sequence[Dimension],
    notes: tuple[str, ...],
    key: str,
    *,
    trust: bool,
    device: str,
) -> str:
    """Sliders of the dimensions, and of the directions where they are of the very codes that the model encodes into."""
    scene = explorer_content.of_model(model, bases, chosen, 3.0, None, notes=notes)
    steers = named_directions.read([str(file.path) for file in run.directions], every=True) if run.directions else []
    if steers:
        opened = named_directions.opened(run.path, steers, device, trust=trust, force=False)
        if encodes(opened):
            moves = [Move(steer, Span(*steer.direction.t_valid), False) for steer in steers]
            start = bases.codes.astype(np.float64)
            more = {"more": scene.axes, "notes": notes}
            scene = explorer_content.of_directions(
                opened, start, bases.images, None, moves, None, spanned=False, **more
            )
    return explorer.build(scene, key, Silent(), size=384, most=_MOST).markup
