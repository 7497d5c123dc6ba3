"""How metrics go together over models: a scatter of two, or a matrix of all pairs (Kim & Mnih 2018, section 6)."""

import math
from typing import Any

import numpy as np

from disentool.errors import DataMismatch, ForeignFile
from disentool.io import score_records
from disentool.io.schema import CORRELATION, SCORE
from disentool.plots import axes, matrix, style, tables
from disentool.plots.panels import mark_handle, panels, row_labels
from disentool.plots.style import Drawing, Options
from disentool.results import seeds
from disentool.results.correlations import correlations
from disentool.results.labels import count_range, measure_of, words
from disentool.results.reading import Table
from disentool.results.settings import in_order, settings

READS = (SCORE.name, CORRELATION.name)
USES = frozenset({"metrics", "xlim", "ylim"})
_TESTS = (("pearson", "Pearson"), ("kendall", "Kendall"), ("spearman", "Spearman"))
_SHOWN = "spearman"  # of a matrix: a metric's scale is arbitrary, its order is not
_SIGNIFICANT = 0.05  # p, below which a coefficient is marked
_CELL_WIDTH, _CELL_HEIGHT = 11.0, 7.0  # mm


def draw(found: list[Table], options: Options) -> Drawing:
    """Of score records of two metrics every model as a point; of more, and of correlation records, a matrix."""
    kinds = {table.kind for table in found}
    if len(kinds) > 1:
        raise DataMismatch("score records and correlation records together; plot one of them")
    rows = tables.scores(found)
    if kinds == {SCORE.name}:
        pairs = correlations(rows, options.metrics)
        if len(pairs) == 1:
            return _scatter(rows, pairs[0], options)
    else:
        pairs = _checked(found)
    return _matrix(pairs, score_records.split(options.metrics), options)


def _scatter(rows: list[dict[str, Any]], pair: dict[str, Any], options: Options) -> Drawing:
    """Every model at its two scores, in its setting's ink."""
    figure, (axis,) = panels(options, 1, 54)
    one, two = score_records.names_of(pair)
    scores: dict[str, tuple[list[float], list[float]]] = {}
    model: dict[str, dict[str, Any]] = {}
    for record in rows:
        if score_records.column(record) in (one, two):
            place = (one, two).index(score_records.column(record))
            scores.setdefault(record["id"], ([], []))[place].append(score_records.value(record))
            model.setdefault(record["id"], record)
    points = {key: tuple(map(np.mean, both)) for key, both in scores.items() if all(both)}
    points = {key: both for key, both in points.items() if all(map(math.isfinite, both))}
    of = dict(zip(points, settings([model[key] for key in points]), strict=True))
    handles = []
    for index, setting in enumerate(in_order(of.values())):
        look = style.look(index, options)
        own = np.array([points[key] for key in points if of[key] == setting])
        axis.plot(*own.T, look["marker"], color=look["color"], markeredgewidth=0, alpha=0.85)
        handles.append(mark_handle(f"{setting.called(options.names)} (n = {len(own)})", look))
    for name, which, write, asked in (
        (one, "x", axis.set_xlabel, options.xlim),
        (two, "y", axis.set_ylabel, options.ylim),
    ):
        metric = name.rpartition("@")[0]
        measure = measure_of(record for record in rows if score_records.column(record) == name)
        axes.limit(axis, which, axes.range_of(metric, measure), asked)
        write(tables.called(name, rows, options.names.measured(metric, measure)))
    told = ", ".join(f"{title} {_coefficient(pair[test])}" for test, title in _TESTS)
    notes = list(pair["notes"])
    runs = {(of[key], seeds.seed(model[key])) for key in points}
    if len(runs) < len(points):
        notes.append(f"{len(points)} models are snapshots of {count_range([len(runs)], 'run')}, and so not independent")
    return Drawing(figure, f"{pair['models']} models. {told}.", tuple(notes), tuple(handles), 54)


def _coefficient(test: dict[str, Any]) -> str:
    if test["coefficient"] is None:
        return "not defined"
    p = "p < 0.001" if test["p"] < 0.001 else f"p = {test['p']:.3f}"
    return f"{test['coefficient']:.2f} ({p})".replace("-", "−")


def _matrix(pairs: list[dict[str, Any]], wanted: list[str], options: Options) -> Drawing:
    """Spearman's coefficient of every pair, below the diagonal."""
    names = list(dict.fromkeys(name for pair in pairs for name in score_records.names_of(pair)))
    if wanted:
        names = [score_records.find(name, names) for name in wanted]
    values = np.full((len(names), len(names)), np.nan)
    texts = [["" for _ in names] for _ in names]
    counts, strong, undefined = [], 0, 0
    for pair in pairs:
        if not set(score_records.names_of(pair)) <= set(names):
            continue
        column, row = sorted(names.index(name) for name in score_records.names_of(pair))
        test = pair[_SHOWN]
        counts.append(pair["models"])
        if test["coefficient"] is None:
            undefined += 1
            texts[row][column] = "–"
            continue
        values[row, column] = test["coefficient"]
        sure = test["p"] is not None and test["p"] < _SIGNIFICANT
        strong += sure
        texts[row][column] = f"{test['coefficient']:.2f}{'*' if sure else ''}".replace("-", "−")
    if not counts:
        raise DataMismatch("no pair of metrics is left to correlate; name two of those in the records")
    several = len({name.rpartition("@")[0] for name in names}) < len(names)
    labels = [_label(name, several, options) for name in names]
    tall = _CELL_HEIGHT * (len(names) - 1)
    wide = min(style.PAGE, max(style.COLUMN, _CELL_WIDTH * (len(names) - 1) + 50))
    figure, (axis,) = panels(options, 1, tall, usual=wide)
    broken, _ = row_labels(labels[1:], options, options.width or wide)
    image = matrix.cells(
        axis, values[1:, :-1], [row[:-1] for row in texts[1:]], broken, labels[:-1], options, signed=True
    )
    axis.tick_params(axis="x", labelrotation=40)
    for label in axis.get_xticklabels():
        label.set_horizontalalignment("right")
        label.set_rotation_mode("anchor")
    matrix.key(figure, [axis], image, "Spearman's ρ", options)
    told = f"Spearman's rank correlation over {count_range(counts, 'model')}. *: p < {_SIGNIFICANT:g}"
    told += f" ({strong} of {len(counts)} pairs; not corrected for their number)."
    if undefined:
        told += " Hatched, –: undefined, as a metric is the same for every model."
    return Drawing(figure, told, (), (), tall)


def _label(name: str, several: bool, options: Options) -> str:
    metric, _, protocol = name.rpartition("@")
    called = options.names.metric(metric)
    return f"{called} ({words(protocol, 16)})" if several else called


def _checked(found: list[Table]) -> list[dict[str, Any]]:
    """The correlation records; ForeignFile for one that is not whole."""
    pairs = []
    for table in found:
        for number, record in enumerate(table.records, 1):
            try:
                test = record[_SHOWN]
                sound = all(value is None or math.isfinite(value) for value in (test["coefficient"], test["p"]))
                if not sound or len(score_records.names_of(record)) != 2 or type(record["models"]) is not int:
                    raise ValueError
            except (KeyError, TypeError, ValueError):
                lacking = f"{table.name}: record {number} lacks metrics, protocols, models or {_SHOWN}"
                raise ForeignFile(lacking) from None
            pairs.append(record)
    return pairs
