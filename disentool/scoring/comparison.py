"""Metrics that compare models: their codes are kept as the artefacts are read, and scored together at the end."""

from collections.abc import Callable, Iterator
from typing import Any

from disentool.errors import DataMismatch
from disentool.metrics.result import Result
from disentool.scoring.codes import Codes
from disentool.scoring.lent_functions import LentFunctions
from disentool.scoring.scorer import Metric

# (metric, plans, the codes of every model, functions lent) -> a result for each model
MeasureSet = Callable[[Metric, list[Any], list[Codes], LentFunctions], list[Result]]


class Comparison:
    """The codes of several artefacts, for the metrics that want them all."""

    def __init__(self, metrics: list[Metric]) -> None:
        self.metrics = metrics
        self._kept: dict[str, list[tuple[dict[str, Any], list[Any], Codes, LentFunctions]]] = {}

    def require_several(self, count: int) -> None:
        """DataMismatch for fewer than two artefacts."""
        if count < 2:
            names = ", ".join(metric.name for metric in self.metrics)
            raise DataMismatch(
                f"metric {names} compares models, and was given {count}: name several checkpoints or latents files of"
                " the same data, of models trained with the same options and different seeds"
            )

    def add(self, metric: Metric, head: dict[str, Any], plans: list[Any], codes: Codes, lent: LentFunctions) -> None:
        """One artefact's codes; DataMismatch if they are of other data than the first's."""
        kept = self._kept.setdefault(metric.name, [])
        if kept:
            first = kept[0][0]
            differs = any(first[name] and head[name] and first[name] != head[name] for name in ("data_sha256", "split"))
            if first["rows"] != head["rows"] or differs:
                raise DataMismatch(
                    f"{head['artefact']}: {head['rows']} rows of {head['data']}, but {first['artefact']} holds"
                    f" {first['rows']} rows of {first['data']}; metric {metric.name} compares codes of the same data"
                )
        kept.append((head, plans, codes, lent))

    def results(self, measure_set: MeasureSet) -> Iterator[tuple[dict[str, Any], Metric, Result]]:
        """Each artefact's facts and result, metric by metric; DataMismatch if there were too few."""
        for metric in self.metrics:
            kept = self._kept.get(metric.name, [])
            self.require_several(len(kept))
            plans, lent = kept[0][1], kept[0][3]
            results = measure_set(metric, plans, [codes for _, _, codes, _ in kept], lent)
            for (head, *_), result in zip(kept, results, strict=True):
                yield head, metric, result
