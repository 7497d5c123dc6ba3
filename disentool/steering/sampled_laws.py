"""Codes whose t along directions follows given laws."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from disentool.directions import laws
from disentool.directions.laws import Law
from disentool.engine import inference
from disentool.engine.randomness import latent_noise
from disentool.errors import WrongUsage
from disentool.io.directions_file import Direction
from disentool.models.generator import Opened, decoder_codes
from disentool.reporting import Reporter


@dataclass(frozen=True)
class DirectionLaws:
    """A law for the t of each direction."""

    directions: list[Direction]
    laws: list[Law]

    def described(self) -> dict[str, Any]:
        """By direction: its law, the unit of t, and what a normal law was truncated to."""
        return {
            direction.name: {"law": str(law), "unit": direction.unit}
            | ({"low": law.low, "high": law.high} if law.kind == "normal" else {})
            for law, direction in zip(self.laws, self.directions, strict=True)
        }

    def note_truncated(self, report: Reporter) -> None:
        """Note each normal law that the range of its direction cuts something off."""
        for law, direction in zip(self.laws, self.directions, strict=True):
            if law.cut:
                report.note(
                    f"--t {law}: truncated to {law.low:g}..{law.high:g}, the valid range of {direction.name},"
                    f" which cuts off {law.cut:.2%}"
                )

    def draw(self, count: int, width: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """``count`` codes z float32 [n,width] from the unclipped prior, moved to obey the laws, and t float64 [n,k].

        The n-th depends on ``seed`` and n only. See :func:`disentool.directions.laws.follow`. Without laws they are the
        prior's.
        """
        z = latent_noise(seed, np.arange(count), width)
        return laws.follow(z, self.directions, self.laws) if self.laws else (z, np.zeros((count, 0)))


def read(directions: Sequence[Direction], texts: Sequence[str]) -> DirectionLaws:
    """The laws that ``texts`` (``--t``) name, one for each direction, within the range that it was fitted to.

    WrongUsage for another number of them, a law that a direction cannot follow, or directions that are nearly parallel.
    """
    if len(texts) != len(directions):
        raise WrongUsage(f"--t: expected {len(directions)}, one for each --direction; got {len(texts)}")
    found = [
        laws.parse(text).within(*direction.t_valid, direction.name)
        for text, direction in zip(texts, directions, strict=True)
    ]
    if directions:
        laws.matrix(directions)
    return DirectionLaws(list(directions), found)


def codes_for_decoder(opened: Opened, z: np.ndarray, classes: np.ndarray | None) -> np.ndarray:
    """What the decoder of a checkpoint takes, float32 [n,D]; ``z`` itself where that is the same."""
    parts = []
    for start in range(0, len(z), inference.BATCH):
        part = slice(start, start + inference.BATCH)
        with inference.repeatable():
            there = torch.from_numpy(z[part]).to(opened.generator.device)
            given = None if classes is None else torch.from_numpy(classes[part]).to(opened.generator.device)
            parts.append(decoder_codes(opened, there, given).float().cpu().numpy())
    codes = np.concatenate(parts)
    return z if np.array_equal(codes, z) else codes
