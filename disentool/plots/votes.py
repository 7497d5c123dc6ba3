"""Which latent dimension stands for which factor: the matrix behind a score, a panel for each model."""

from typing import Any, NamedTuple

import numpy as np

from disentool.errors import DataMismatch, WrongUsage
from disentool.io import score_records
from disentool.io.schema import SCORE
from disentool.plots import matrix, style, tables, text
from disentool.plots.panels import panels
from disentool.plots.style import Drawing, Options
from disentool.results import seeds
from disentool.results.labels import count_range, short, words
from disentool.results.reading import Table
from disentool.results.settings import Setting, sorted_models

READS = (SCORE.name,)
USES = frozenset({"metrics"})
_MOST = 12  # panels
_ROW = 4.6  # mm, of a factor
_LEAST = 0.5  # per cent, below which nothing is written


class Kind(NamedTuple):
    """Where a metric's details hold a matrix [dimensions][factors], what a cell of it becomes, and what that is."""

    key: str
    told: str
    short: str


_IMPORTANCE = Kind(
    "importance", "importance of a dimension for a factor, in per cent of all dimensions'", "importance (%)"
)
MATRICES = {
    "factor": Kind("vote_table", "share of a factor's votes, in per cent", "share of votes (%)"),
    "mig": Kind(
        "mutual_information", "mutual information, in per cent of the factor's entropy", "mutual information (%)"
    ),
    "sap": Kind("predictability", "predictability of a factor from one dimension, in per cent", "predictability (%)"),
    "dci": _IMPORTANCE,
    "dci-hist": _IMPORTANCE,
    "dci-lasso": _IMPORTANCE,
}


def draw(found: list[Table], options: Options) -> Drawing:
    """A panel for each model: factors down, latent dimensions across.

    ``options.metrics``: whose matrix; none: the first that has one.
    """
    rows = tables.scores(found)
    there = [record["metric"] for record in rows if record["metric"] in MATRICES]
    names = score_records.split(options.metrics) or there[:1]
    if len(names) != 1 or names[0].partition("@")[0] not in MATRICES:
        known = ", ".join(MATRICES)
        raise DataMismatch(f"expected records of one metric with a matrix of dimensions and factors: {known}")
    chosen = score_records.find(names[0], map(score_records.column, rows))
    some = tables.with_data([record for record in rows if score_records.column(record) == chosen])
    if len(some) > _MOST:
        raise WrongUsage(f"{len(some)} records of {chosen}, and a figure holds {_MOST} matrices; plot fewer")
    in_order = sorted_models(some)
    some = [record for record, _ in in_order]
    kind = MATRICES[chosen.partition("@")[0]]
    read = [_read(record, kind.key) for record in some]
    tall = _ROW * max(len(factors) for _, factors in read) * options.points / style.TEXT
    named = [[words(f, 24) for f in factors] for _, factors in read]
    beside = max(text.width(f, options, options.small) for factors in named for f in factors) / text.MM
    wide = max(values.shape[1] for values, _ in read) * 3.2
    figure, panes = panels(options, len(some), tall, least=min(beside + wide + 4, 80), most=2)
    image = None
    for axis, (record, setting), (values, own), factors in zip(panes, in_order, read, named, strict=True):
        dims = [f"z{i}" for i in range(values.shape[1])]
        image = matrix.cells(axis, values, _texts(values), factors, dims, options)
        axis.set_xlabel("latent dimension")
        if kind.key == "vote_table":
            _frame(axis, record["details"], own, options)
            _quieten(axis, record["details"], options)
        axis.set_title(_title(setting, record, some, options))
    if image is not None:
        fits = text.width(kind.short, options, options.small) / text.MM <= tall
        matrix.key(figure, panes, image, kind.short if fits else "%", options)
        _per_cent(figure)
    return Drawing(figure, _caption(kind, some, [values for values, _ in read]), (), (), tall)


def _texts(values: np.ndarray) -> list[list[str]]:
    """Per cents; nothing for those that would be 0; a dash for what is undefined."""
    return [[_text(100 * value) for value in row] for row in values]


def _text(value: float) -> str:
    if not np.isfinite(value):
        return "–"
    return f"{value:.0f}" if value >= _LEAST else ""


def _per_cent(figure: Any) -> None:
    from matplotlib.ticker import FuncFormatter

    figure.axes[-1].yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.0f}"))


def _title(setting: Setting, record: dict[str, Any], some: list[dict[str, Any]], options: Options) -> str:
    """The model, and its score."""
    parts = [setting.called(options.names)]
    if record.get("seed") is not None:
        parts.append(f"seed {words(record['seed'], 12)}")
    if len({seeds.step(other) for other in some}) > 1 and record.get("step") is not None:
        parts.append(f"step {short(seeds.step(record))}")
    value = "undefined" if record["score"] is None else f"{score_records.value(record):.3f}"
    return f"{', '.join(parts)}: {options.names.metric(record['metric'])} {value}"


def _caption(kind: Kind, some: list[dict[str, Any]], values: list[np.ndarray]) -> str:
    parts = [f"{kind.told[0].upper()}{kind.told[1:]}."]
    if kind.key == "vote_table":
        votes = {n for record in some if isinstance(n := record["details"].get("votes"), int)}
        if votes:
            parts.append(f"{count_range(sorted(votes), 'vote')}.")
        parts.append("Framed: the factor a dimension votes for.")
        if any(_collapsed(record["details"], len(table.T)) for record, table in zip(some, values, strict=True)):
            parts.append("Italic: dimensions that do not vary, which have no votes.")
    if any(not np.isfinite(table).all() for table in values):
        parts.append("Hatched, –: undefined, as the factor has one value only.")
    return " ".join(parts)


def _read(record: dict[str, Any], key: str) -> tuple[np.ndarray, list[str]]:
    """A record's matrix as shares, float64 [factors,dimensions], NaN where undefined, and the factors' names."""
    details = record["details"]
    try:
        table = np.array(details[key], np.float64)
        factors = [str(name) for name in details["factors"]]
        if table.ndim != 2 or table.shape[1] != len(factors) or not table.size:
            raise ValueError
        whole = np.ones(len(factors))
        if key == "mutual_information":
            whole = np.array(details["factor_entropy"], np.float64)
        elif key in ("vote_table", "importance"):
            whole = table.sum(axis=0)
        table = np.divide(table, whole, out=np.full_like(table, np.nan), where=whole > 0)
    except (KeyError, TypeError, ValueError):
        name = words(record.get("artefact"))
        raise DataMismatch(f"{name}: its record of {record['metric']} holds no matrix {key} with factors") from None
    return table.T, factors


def _frame(axis: Any, details: dict[str, Any], factors: list[str], options: Options) -> None:
    """A frame around the factor that each dimension votes for."""
    from matplotlib.patches import Rectangle

    majority = details.get("majority")
    for dimension, factor in enumerate(majority if isinstance(majority, list) else []):
        if factor in factors:
            corner = (dimension - 0.5, factors.index(factor) - 0.5)
            frame = Rectangle(corner, 1, 1, fill=False, edgecolor=style.ink(options), linewidth=1.0, zorder=4)
            frame.set_clip_on(False)
            axis.add_patch(frame)


def _collapsed(details: dict[str, Any], dimensions: int) -> list[int]:
    active = details.get("active_dimensions")
    return [d for d in range(dimensions) if d not in active] if isinstance(active, list) else []


def _quieten(axis: Any, details: dict[str, Any], options: Options) -> None:
    """The names of collapsed dimensions stand back."""
    labels = axis.get_xticklabels()
    for dimension in _collapsed(details, len(labels)):
        labels[dimension].set_color(style.soft(options))
        labels[dimension].set_fontstyle("italic")
