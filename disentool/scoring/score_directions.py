"""How precisely a direction controls what it was found for: images along it, measured."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from disentool.directions import monotone
from disentool.engine import inference
from disentool.errors import DataMismatch
from disentool.io.directions_file import Direction, Directions
from disentool.metrics.control import Moved
from disentool.metrics.result import Result
from disentool.models.generator import Opened, generated_images
from disentool.reporting import Reporter
from disentool.scoring import image_measurement
from disentool.scoring.data_rows import DataRows
from disentool.scoring.image_measurement import ImageMeasurement
from disentool.scoring.metric import Metric
from disentool.scoring.model_functions import ModelFunctions
from disentool.scoring.record import values_of
from disentool.scoring.score_metric import Spread, score_metric

_EXAMPLES = 64  # images that show whether there is a bright object


@dataclass(frozen=True)
class DirectionToScore:
    """A direction of ``file``, the transform that it imitates, and the generator whose images it moves.

    ``classes``: of a number of images, the class of each, int64 [n], or None for a generator without classes.
    """

    file: Directions
    direction: Direction
    transform: str
    opened: Opened
    classes: Callable[[int], np.ndarray | None]

    def results(
        self, metrics: list[Metric], digest: str, seed: int, spread: Spread, trust: bool, report: Reporter
    ) -> Iterator[tuple[dict[str, Any], Metric, Result]]:
        """A record's first fields and the result of each metric; ``digest``: sha256 of the file of directions."""
        artefact = self._artefact(digest)
        for metric in metrics:
            draws = metric.draws(DataRows(1), seed, spread.repeats, True)
            functions = self._functions(values_of(metric.constants)["measure"], trust)
            try:
                result = score_metric(metric, draws, self.direction, functions, spread, report)
            except DataMismatch as error:
                raise DataMismatch(f"{artefact['artefact']}: {error}") from None
            yield artefact, metric, self._with_generator(result)

    def _artefact(self, digest: str) -> dict[str, Any]:
        file, name = self.file, self.direction.name
        return {
            "artefact": f"{file.path}:{name}",
            "id": hashlib.sha256(f"{digest}:{name}".encode()).hexdigest()[:16],
            "method": file.method,
            "config": file.provenance,
            "seed": file.seed,
            "step": None,
            "data": self.opened.name,
            "data_sha256": None,
            "split": None,
            "rows": None,
        }

    def _with_generator(self, result: Result) -> Result:
        opened = self.opened
        content = opened.model.content if opened.model else {}
        generator = {
            "path": str(opened.path),
            "sha256": opened.sha256,
            "name": opened.name,
            "config": content.get("config", {}),
            "seed": content["rng"].get("seed") if content else None,
            "step": content.get("step"),
        }
        result.details.update(direction=self.direction.name, transform=self.transform, generator=generator)
        return result

    def _functions(self, measure: str, trust: bool) -> ModelFunctions:
        """What the metric moves codes and measures images with."""
        width = self.opened.generator.facts.latent_dim
        z = np.random.default_rng(0).standard_normal((_EXAMPLES, width), dtype=np.float32)
        examples = np.concatenate(list(generated_images(self.opened, z, self.classes(_EXAMPLES))))
        measurement = image_measurement.choose(measure, self.transform, examples, trust=trust)

        def moved(u: np.ndarray, starts: np.ndarray, s: np.ndarray) -> Moved:
            return measurement.moved(self.along(measurement, u, starts, s))

        def coordinate(t: np.ndarray) -> np.ndarray:
            return monotone.invert(self.direction.knots, self.direction.values, t)

        return ModelFunctions(moved=moved, coordinate=coordinate)

    def along(
        self, measurement: ImageMeasurement, u: np.ndarray, starts: np.ndarray, s: np.ndarray
    ) -> dict[str, np.ndarray]:
        """Each of ``starts`` float32 [S,d] at the coordinates ``s`` float64 [S,K], K > 1, along u, measured: [S,K].

        Motions are from the middle place; of two places, from the first to the second.
        """
        u = u.astype(np.float64)
        classes = self.classes(len(starts))
        between = measurement.between(s)
        origin = 0 if s.shape[1] == 2 else (s.shape[1] // 2) * between
        fine = np.arange((s.shape[1] - 1) * between + 1) / between
        low = np.minimum(fine.astype(np.int64), s.shape[1] - 2)
        s = s[:, low] + (fine - low) * (s[:, low + 1] - s[:, low])
        block = max(1, inference.BATCH // s.shape[1])
        parts = []
        for first in range(0, len(starts), block):
            some = slice(first, first + block)
            here = starts[some].astype(np.float64)
            z = here[:, None] + (s[some] - (here @ u)[:, None])[:, :, None] * u
            their = None if classes is None else np.repeat(classes[some], z.shape[1])
            made = np.concatenate(list(generated_images(self.opened, z.reshape(-1, len(u)), their)))
            parts.append(measurement.along(made.reshape(*z.shape[:2], *made.shape[1:]), origin))
        return {name: np.concatenate([part[name] for part in parts])[:, ::between] for name in parts[0]}
