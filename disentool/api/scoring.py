"""Codes and factors in memory, or a model and its data -> scores."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, overload

import numpy as np

from disentool.api.arguments import Seed, public
from disentool.arguments.bounds import BOOTSTRAP, REPEATS, Baseline, Bounds, CodesFrom, Part
from disentool.errors import DataMismatch, WrongUsage
from disentool.metrics.arrays import refuse_non_finite
from disentool.metrics.facts import Need
from disentool.metrics.result import Result
from disentool.reporting import Reporter, Silent
from disentool.scoring.artefact import ScoreOptions
from disentool.scoring.codes import Codes
from disentool.scoring.compare_models import Comparison
from disentool.scoring.data_rows import LARGEST_SIZE, DataRows
from disentool.scoring.metric import Metric, choose_metrics
from disentool.scoring.model_functions import of_codes
from disentool.scoring.record import remarks, with_notes
from disentool.scoring.score_metric import Spread, score_metric

if TYPE_CHECKING:  # scoring arrays loads torch for tensors alone
    from torch import Tensor

    from disentool.io.dataset import Dataset
    from disentool.models.model import TrainedModel

# What a metric may need that codes in memory do not have, and what does.
_FILES = "the command line measures it from files"
_MODEL = "disentool.load(CKPT).score(METRIC) measures a model"
_HOW: dict[Need, str] = {"reconstruction": _MODEL, "model": _MODEL, "others": _FILES, "directions": _FILES}
_ELSEWHERE: dict[Need, str] = {
    "reconstruction": "the decoder",
    "model": "the decoder",
    "others": "the codes of several models",
    "directions": "a directions file",
}


@overload
def score(
    codes: "np.ndarray | Tensor",
    factors: "np.ndarray | Tensor | None" = None,
    metric: str = "mig",
    *,
    protocol: str | None = None,
    seed: Seed = 0,
    logvar: "np.ndarray | Tensor | None" = None,
    factor_names: Sequence[str] | None = None,
    factor_sizes: Sequence[int] | None = None,
    repeats: int = 1,
    bootstrap: int = 0,
    constants: Mapping[str, Any] | None = None,
    report: Reporter | None = None,
) -> Result: ...


@overload
def score(
    codes: "np.ndarray | Tensor",
    factors: "np.ndarray | Tensor | None",
    metric: list[str] | tuple[str, ...],
    *,
    protocol: str | None = None,
    seed: Seed = 0,
    logvar: "np.ndarray | Tensor | None" = None,
    factor_names: Sequence[str] | None = None,
    factor_sizes: Sequence[int] | None = None,
    repeats: int = 1,
    bootstrap: int = 0,
    constants: Mapping[str, Any] | None = None,
    report: Reporter | None = None,
) -> dict[str, Result]: ...


@public
def score(
    codes: "np.ndarray | Tensor",
    factors: "np.ndarray | Tensor | None" = None,
    metric: str | list[str] | tuple[str, ...] = "mig",
    *,
    protocol: str | None = None,
    seed: Seed = 0,
    logvar: "np.ndarray | Tensor | None" = None,
    factor_names: Sequence[str] | None = None,
    factor_sizes: Sequence[Annotated[int, Bounds(1, LARGEST_SIZE)]] | None = None,
    repeats: Annotated[int, REPEATS] = 1,
    bootstrap: Annotated[int, BOOTSTRAP] = 0,
    constants: Mapping[str, Any] | None = None,
    report: Reporter | None = None,
) -> Result | dict[str, Result]:
    """Measure codes; the same number as ``disentool score`` gives for a file of them.

    ``codes``: numbers [N,D], such as the means of q(z|x). ``factors``: class indices [N,K], or [N] for one, which may
    be any numbers that repeat; measurements are cut into classes, as ``disentool prepare`` does, and ``details`` says
    so. None for metrics without labels. ``logvar``: [N,D], for the metrics of a posterior (kl,
    tc). ``factor_names``: a name for each factor. ``factor_sizes``: how many values each factor has, where not all of
    them occur. Arrays are NumPy's or torch's. (A model with its data: ``disentool.load(...).score(...)``.)

    ``metric``: a name (``disentool score --help`` lists them) or ``module:function`` of your own; or a list of these,
    which may hold ``all``, the metrics that apply and are quick. For a name, the function returns one result; for a
    list, a dict from name to result. A result has ``score``; ``interval``, the 95 % interval as (low, high) or None;
    ``per_factor``, a dict by the factors' names; ``protocol``; and ``details``, which holds all constants.

    ``protocol``: a named set of constants (default: one that counts every row, if the metric has one). ``constants``:
    a dict of constants to change, by the names that ``details`` has. ``repeats``: score with this many seeds, from
    ``seed`` on; the score is their mean, the interval is Student's. ``bootstrap``: take the interval from this many
    resamples of the rows.

    Raises UnknownName, WrongUsage, NoFactors, or DataMismatch: the arrays do not fit together, hold NaN or infinity, or
    are not what the metric needs.

    >>> import numpy as np, disentool
    >>> factors = np.stack(np.meshgrid(range(4), range(5), indexing="ij"), -1).reshape(-1, 2)
    >>> codes = factors.astype(np.float32)  # a dimension for each factor
    >>> result = disentool.score(codes, factors, "mig", factor_names=["shape", "size"])
    >>> round(result.score, 6), result.protocol
    (1.0, 'exact')
    >>> sorted(result.per_factor)
    ['shape', 'size']
    >>> both = disentool.score(codes, factors, ["mig", "modularity"])
    >>> {name: round(each.score, 6) for name, each in both.items()}
    {'mig': 1.0, 'modularity': 1.0}
    """
    chosen = _chosen(metric, protocol, constants)
    mean, table = _codes(codes, "codes"), None if factors is None else _array(factors, "factors")
    variance = None if logvar is None else _codes(logvar, "logvar")
    if table is not None:
        table = table[:, None] if table.ndim == 1 else table
        if table.ndim != 2:
            raise DataMismatch(f"factors: {table.dtype} {list(table.shape)}, expected class indices [N,K], or [N]")
        if len(table) != len(mean):
            raise DataMismatch(f"codes have {len(mean):,} rows, factors {len(table):,}")
        if any(each.needs("factors") for each in chosen):
            _require_order(mean, table)
    results = _measured(
        chosen, mean, variance, table, factor_names, factor_sizes, seed, Spread(repeats, bootstrap), report or Silent()
    )
    if isinstance(metric, str):
        return results[chosen[0].name]
    return results


def of_model(
    model: "TrainedModel",
    metric: str | list[str] | tuple[str, ...],
    *,
    data: "str | Dataset | None",
    rows: Part,
    codes_from: CodesFrom,
    protocol: str | None,
    seed: int,
    spread: Spread,
    constants: Mapping[str, Any] | None,
    baseline: Baseline | None,
    report: Reporter,
) -> Result | dict[str, Result]:
    """What :meth:`disentool.Model.score` returns, which says what the arguments are."""
    # Imported here: they need torch.
    from disentool.engine.devices import configure, unchanged
    from disentool.scoring.score_checkpoint import score_model

    chosen = _chosen(metric, protocol, constants)
    for each in chosen:
        for what in ("others", "directions"):
            if each.needs(what):
                raise DataMismatch(f"metric {each.name} needs {_ELSEWHERE[what]}; {_FILES}")
    options = ScoreOptions(
        metrics=chosen,
        seed=seed,
        data=data,
        rows=rows,
        device=str(model.device),
        codes=codes_from,
        factors=None,
        trust=False,
        spread=spread,
        comparison=Comparison([]),
        generator=None,
        force=False,
        perceptual=None,
        report=report,
        baseline=baseline,
    )
    with unchanged():
        configure(model.device)
        trained: dict[str, Result] = {}
        untrained: dict[str, Result] = {}
        for artefact, name, result in score_model(model, options):
            (untrained if "baseline" in artefact else trained)[name] = result
    results = {name: replace(result, baseline=untrained.get(name)) for name, result in trained.items()}
    return results[chosen[0].name] if isinstance(metric, str) else results


def _chosen(
    metric: str | list[str] | tuple[str, ...], protocol: str | None, constants: Mapping[str, Any] | None
) -> list[Metric]:
    """The metrics named, with their constants; WrongUsage for one name that stands for several."""
    if isinstance(metric, str) and (metric == "all" or "," in metric):
        raise WrongUsage(f"metric {metric}: is several; {metric.split(',')} gives a dict of them")
    names = [metric] if isinstance(metric, str) else list(metric)
    return choose_metrics(names, protocol, constants)


def _measured(
    metrics: list[Metric],
    mean: np.ndarray,
    logvar: np.ndarray | None,
    factors: np.ndarray | None,
    names: Sequence[str] | None,
    sizes: Sequence[int] | None,
    seed: int,
    spread: Spread,
    report: Reporter,
) -> dict[str, Result]:
    """The metrics' results by name; those that came with ``all`` and do not apply are left out."""
    data = DataRows(len(mean)) if factors is None else DataRows.from_factors(factors, names, sizes)
    codes = Codes(np.arange(len(mean)), mean, logvar)
    refuse_non_finite(codes.mean, "codes")  # wherever they are, also where a metric draws other rows
    lacking = {*_ELSEWHERE, *(["factors"] if factors is None else []), *(["logvar"] if logvar is None else [])}
    results = {}
    for metric in metrics:
        if metric.optional and lacking & metric.facts.needs:
            continue
        for what, where in _ELSEWHERE.items():
            if metric.needs(what):
                raise DataMismatch(f"metric {metric.name} needs {where}; {_HOW[what]}")
        try:
            draws = metric.draws(data, seed, spread.repeats, codes_ready=True)
            result = score_metric(metric, draws, codes, of_codes("auto"), spread, report)
        except DataMismatch:
            if not metric.optional:
                raise
            continue
        results[metric.name] = with_notes(result, [*data.notes, *remarks(mean)])
    return results


def _require_order(codes: np.ndarray, factors: np.ndarray) -> None:
    """DataMismatch where the codes [N,D] look like class numbers, and factors [N,K] like codes: they are swapped."""
    n = len(factors)
    if factors.dtype.kind != "f" or not np.isfinite(factors).all():
        return
    distinct = [len(np.unique(column)) for column in factors.T]
    fractions = [
        2 * count > n and (column != np.round(column)).any() for count, column in zip(distinct, factors.T, strict=True)
    ]
    if not any(fractions):
        return
    if (codes == np.round(codes)).all() and all(2 * len(np.unique(column)) <= n for column in codes.T):
        at = fractions.index(True)
        raise DataMismatch(
            f"factors: column {at} has {distinct[at]:,} different fractions in {n:,} rows, expected class numbers,"
            " which codes has; give the codes first: score(codes, factors)"
        )


def _codes(given: "np.ndarray | Tensor", what: str) -> np.ndarray:
    """Codes as float32 [N,D]; DataMismatch says what they are instead."""
    array = _array(given, what)
    if array.ndim != 2 or 0 in array.shape or array.dtype.kind not in "biuf":
        raise DataMismatch(f"{what}: {array.dtype} {list(array.shape)}, expected numbers [N,D]")
    with np.errstate(over="ignore"):  # becomes infinite, which is refused by name
        return array.astype(np.float32)


def _array(given: "np.ndarray | Tensor", what: str) -> np.ndarray:
    if isinstance(given, np.ndarray) and not isinstance(given, np.ma.MaskedArray):
        return given
    # Imported here: it needs torch, which takes seconds.
    from disentool.api.arrays import require_array

    require_array(given, what, "of numbers")
    assert not isinstance(given, np.ndarray)  # a masked one was refused
    there = given.detach().cpu()
    return (there.float() if there.is_floating_point() else there).numpy()  # NumPy has no bfloat16
