"""Which latent dimension stands for which factor: the matrix behind a score, a panel for each model."""

from typing import Any, NamedTuple

import numpy as np

from disentool.errors import DataMismatch, WrongUsage
from disentool.io import score_records
from disentool.io.schema import SCORE
from disentool.plots import matrix, style, tables
from disentool.plots.panels import panels
from disentool.plots.style import Drawing, Options
from disentool.plots.tables import Table

READS = (SCORE.name,)
USES = frozenset({"metrics"})
_COLUMNS, _MOST = 2, 12  # panels side by side, and in all


class Kind(NamedTuple):
    """Where a metric's details hold a matrix [dimensions][factors], and what a cell of it becomes."""

    key: str
    told: str


MATRICES = {
    "factor": Kind("vote_table", "share of a factor's votes, in per cent; framed: the factor a dimension votes for"),
    "mig": Kind("mutual_information", "mutual information, in per cent of the factor's entropy"),
    "sap": Kind("predictability", "predictability of a factor from one dimension, in per cent"),
    "dci": Kind("importance", "importance of a dimension for a factor, in per cent of all dimensions'"),
    "dci-hist": Kind("importance", "importance of a dimension for a factor, in per cent of all dimensions'"),
    "dci-lasso": Kind("importance", "importance of a dimension for a factor, in per cent of all dimensions'"),
}


def draw(found: list[Table], options: Options) -> Drawing:
    """Factors down, latent dimensions across. ``options.metrics``: whose matrix; none: the first that has one."""
    rows = tables.scores(found)
    there = [record["metric"] for record in rows if record["metric"] in MATRICES]
    names = score_records.split(options.metrics) or there[:1]
    if len(names) != 1 or names[0].partition("@")[0] not in MATRICES:
        known = ", ".join(MATRICES)
        raise DataMismatch(f"expected records of one metric with a matrix of dimensions and factors: {known}")
    chosen = score_records.find(names[0], map(score_records.column, rows))
    some = [record for record in rows if score_records.column(record) == chosen]
    if len(some) > _MOST:
        raise WrongUsage(f"{len(some)} records of {chosen}, and a figure holds {_MOST} matrices; plot fewer")
    kind = MATRICES[chosen.partition("@")[0]]
    read = [_read(record, kind.key) for record in some]
    tall = max(len(factors) for _, factors in read)
    figure, axes = panels(options, len(some), _COLUMNS, 14, 16 + 5 * tall)
    for axis, record, (values, factors), setting in zip(axes, some, read, tables.settings(some), strict=True):
        dims = [f"z{i}" for i in range(values.shape[1])]
        matrix.cells(axis, values, [style.words(f, 20) for f in factors], dims, options, form="{:.0%}", least=0.005)
        for text in axis.texts:
            text.set_text(text.get_text().removesuffix("%"))
        if kind.key == "vote_table":
            _frame(axis, record["details"], factors, options)
            _quieten(axis, record["details"], options)
        seed = f", seed {record['seed']}" if record.get("seed") is not None else ""
        score = "no score" if record["score"] is None else f"{record['metric']} {score_records.value(record):.3f}"
        axis.set_title(f"{setting.label}{seed}: {score}")
    votes = {r["details"].get("votes") for r in some if isinstance(r["details"].get("votes"), int)}
    drawn = f" {tables.counted(votes, 'vote')}." if votes and kind.key == "vote_table" else ""
    return Drawing(figure, f"{kind.told[0].upper()}{kind.told[1:]}.{drawn}")


def _read(record: dict[str, Any], key: str) -> tuple[np.ndarray, list[str]]:
    """A record's matrix as shares, float64 [factors,dimensions], and the factors' names."""
    details = record["details"]
    try:
        table = np.array(details[key], np.float64)
        factors = [str(name) for name in details["factors"]]
        if table.ndim != 2 or table.shape[1] != len(factors) or not table.size:
            raise ValueError
        if key == "mutual_information":
            table = table / np.array(details["factor_entropy"], np.float64)
        elif key in ("vote_table", "importance"):
            table = table / np.maximum(table.sum(axis=0), 1e-300)
    except (KeyError, TypeError, ValueError):
        name = style.words(record.get("artefact"))
        raise DataMismatch(f"{name}: its record of {record['metric']} holds no matrix {key} with factors") from None
    return table.T, factors


def _frame(axis: Any, details: dict[str, Any], factors: list[str], options: Options) -> None:
    """A frame around the factor that each dimension votes for."""
    from matplotlib.patches import Rectangle

    majority = details.get("majority")
    for dimension, factor in enumerate(majority if isinstance(majority, list) else []):
        if factor in factors:
            corner = (dimension - 0.5, factors.index(factor) - 0.5)
            axis.add_patch(Rectangle(corner, 1, 1, fill=False, edgecolor=style.ink(options), linewidth=1.0, zorder=4))


def _quieten(axis: Any, details: dict[str, Any], options: Options) -> None:
    """The names of collapsed dimensions stand back."""
    active = details.get("active_dimensions")
    for dimension, label in enumerate(axis.get_xticklabels()):
        if isinstance(active, list) and dimension not in active:
            label.set_color(style.soft(options))
            label.set_fontstyle("italic")
