"""Metrics that compare models: their codes are kept as the artefacts are read, and scored together at the end."""

from collections.abc import Iterator
from typing import Any

from disentool.errors import DataMismatch
from disentool.metrics.result import Result
from disentool.reporting import Reporter
from disentool.scoring.codes import Codes
from disentool.scoring.metric import Draw, Metric
from disentool.scoring.model_functions import ModelFunctions, shown
from disentool.scoring.record import mean_of_repeats


class Comparison:
    """The codes of several artefacts, for the metrics that want them all."""

    def __init__(self, metrics: list[Metric]) -> None:
        self.metrics = metrics
        self._kept: dict[str, list[tuple[dict[str, Any], list[Draw], Codes, ModelFunctions]]] = {}

    def require_several(self, count: int) -> None:
        """DataMismatch for fewer than two artefacts."""
        if count < 2:
            names = ", ".join(metric.name for metric in self.metrics)
            raise DataMismatch(
                f"metric {names} compares models, and was given {count}: name several checkpoints or latents files of"
                " the same data, of models trained with the same options and different seeds"
            )

    def add(
        self, metric: Metric, artefact: dict[str, Any], draws: list[Draw], codes: Codes, functions: ModelFunctions
    ) -> None:
        """One artefact's codes; DataMismatch if they are of other data than the first's, or twice the same."""
        kept = self._kept.setdefault(metric.name, [])
        if kept:
            first = kept[0][0]
            differs = any(
                first[name] and artefact[name] and first[name] != artefact[name] for name in ("data_sha256", "split")
            )
            if first["rows"] != artefact["rows"] or differs:
                raise DataMismatch(
                    f"{artefact['artefact']}: {artefact['rows']} rows of {artefact['data']}, but {first['artefact']}"
                    f" holds {first['rows']} rows of {first['data']}; metric"
                    f" {metric.name} compares codes of the same data"
                )
        for other, _, theirs, _ in kept:  # whatever the files are called: equal models would agree in everything
            if codes.of_one_model_with(theirs):
                raise DataMismatch(
                    f"{artefact['artefact']}: holds the same codes as {other['artefact']}; metric {metric.name}"
                    " compares different models: give each of them once"
                )
        kept.append((artefact, draws, codes, functions))

    def results(self, report: Reporter) -> Iterator[tuple[dict[str, Any], Metric, Result]]:
        """Each artefact's first fields and result, metric by metric; DataMismatch if there were too few."""
        for metric in self.metrics:
            kept = self._kept.get(metric.name, [])
            self.require_several(len(kept))
            _, draws, _, functions = kept[0]
            results = _scored(metric, draws, [codes for _, _, codes, _ in kept], functions, report)
            for (artefact, *_), result in zip(kept, results, strict=True):
                yield artefact, metric, result


def _scored(
    metric: Metric, draws: list[Draw], codes: list[Codes], functions: ModelFunctions, report: Reporter
) -> list[Result]:
    """A result for each model; with several draws their mean."""
    each = []
    for drawn in draws:
        with shown(functions, report, f"score {metric.name}") as shown_functions:
            each.append(metric.score_models(drawn, codes, shown_functions))
    if len(each) == 1:
        return each[0]
    return [mean_of_repeats(list(results), [drawn.seed for drawn in draws]) for results in zip(*each, strict=True)]
