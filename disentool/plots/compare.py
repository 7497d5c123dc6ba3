"""Methods by metrics: for each metric a panel, in it for each setting the seeds, their mean and its interval."""

from typing import TYPE_CHECKING, Any

from disentool.errors import DataMismatch
from disentool.io.schema import SCORE
from disentool.plots import axes, marks, style, tables, text
from disentool.plots.panels import panels, refuse_more, row_labels
from disentool.plots.style import Drawing, Options
from disentool.results import seeds
from disentool.results.labels import arrow, count_range, measure_of, unit_of
from disentool.results.reading import Table
from disentool.results.seeds import Summary
from disentool.results.settings import Setting, in_order, settings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

READS = (SCORE.name,)
USES = frozenset({"metrics", "xlim"})
_COLUMNS, _MOST = 4, 60  # panels side by side, settings
_ROW, _LINE = 4.4, 2.6  # mm, of a setting's row, and of each further line of its name
_INSIDE = 0.02  # of an axis, from its end to a word
_BELOW = 0.36  # of a row, from its line to a word below it
_MARK = 4.0  # points, from a word to the middle of a mark


def draw(found: list[Table], options: Options) -> Drawing:
    """Settings down, a panel for each metric. A run with several snapshots counts with its last."""
    rows = tables.scores(found)
    shown = {name: tables.of_metric(rows, name) for name in tables.chosen(rows, options.metrics)}
    if not any(tables.finite(record) for own in shown.values() for record in own):
        raise DataMismatch("the records hold no finite score; score other models")
    everything = [record for own in shown.values() for record in own]
    of = dict(zip(map(id, everything), settings(everything), strict=True))
    order = in_order(of.values())
    refuse_more(len(order), _MOST, "settings", "plot fewer records")
    width = options.width or (style.COLUMN if len(shown) == 1 else style.PAGE)
    labels, beside = row_labels([setting.called(options.names) for setting in order], options, width)
    heights = [1 + _LINE / _ROW * label.count("\n") for label in labels]  # of rows, times one of a single line
    tall = _ROW * sum(heights) * options.points / style.TEXT
    middles = [sum(heights[:n]) + (high - 1) / 2 for n, high in enumerate(heights)]
    figure, panes = panels(options, len(shown), tall, least=26, most=_COLUMNS, beside=beside, sharey=True)
    methods = list(dict.fromkeys(setting.method for setting in order))
    drawn: list[tuple[Summary, tuple[float, float]]] = []
    undefined: list[tuple[Axes, float, Summary]] = []
    for axis, (name, own) in zip(panes, shown.items(), strict=True):
        metric = name.rpartition("@")[0]
        measure = measure_of(own)
        bounds = axes.range_of(metric, measure)
        for place, setting in zip(middles, order, strict=True):
            mine = [record for record in own if of[id(record)] == setting]
            if mine:
                look = style.look(methods.index(setting.method), options)
                drawn.append((_row(axis, place, mine, look, options, bounds), bounds))
                if drawn[-1][0].undefined:
                    undefined.append((axis, place, drawn[-1][0]))
        called = tables.called(name, rows, options.names.metric(metric))
        axis.set_title(f"{called} {arrow(metric, measure)}".strip())
        axis.set_xlabel(unit_of(metric, measure) or "score")
        axis.grid(False, axis="y")
        axes.few(axis, "x", 4)
        axes.limit(axis, "x", bounds, options.xlim)
    panes[0].set_yticks(middles, labels)
    panes[0].set_ylim(sum(heights) - 0.5, -0.5)
    told = _caption(
        drawn, any(arrow(name.rpartition("@")[0], measure_of(own)) for name, own in shown.items()), _unequal(shown, of)
    )

    def after() -> None:
        for row in undefined:
            _tell_undefined(*row, options)

    return Drawing(figure, told, (), (), tall, after)


def _row(
    axis: "Axes",
    place: float,
    mine: list[dict[str, Any]],
    look: dict[str, Any],
    options: Options,
    bounds: tuple[float, float],
) -> Summary:
    """One setting's scores on one line."""
    scores = seeds.scores(mine)
    last = seeds.at_the_end(mine)
    own = seeds.interval(last[0][0]) if len(last) == len(last[0]) == 1 else None
    marks.across(axis, place, scores, look, options, own=own, bounds=bounds)
    return scores


def _tell_undefined(axis: "Axes", place: float, scores: Summary, options: Options) -> None:
    """How many seeds of a row have no score: on its line, at the end with more room; below what fills the line."""
    told = f"{scores.undefined} undefined" if scores.values else "undefined"
    size = options.small * 0.9
    low, high = axis.get_xlim()
    ends = [min(max(end, low), high) for end in (*scores.values, *(marks.interval(scores) or ()))]
    before, after = (min(ends) - low, high - max(ends)) if ends else (high - low, 0.0)
    length = axis.get_window_extent().width * 72 / axis.figure.dpi
    needed = (text.width(told, options, size) + _MARK) / length + _INSIDE
    beside = max(before, after) > needed * (high - low)
    axis.text(
        *(_INSIDE if before >= after else 1 - _INSIDE, place if beside else place + _BELOW),
        told,
        transform=axis.get_yaxis_transform(),
        ha="left" if before >= after else "right",
        va="center",
        fontsize=size,
        fontstyle="italic",
        color=style.soft(options),
    )


def _unequal(shown: dict[str, list[dict[str, Any]]], of: dict[int, Setting]) -> bool:
    """Whether a metric's interval of a single seed is shown."""
    for own in shown.values():
        for setting in {of[id(record)] for record in own}:
            last = seeds.at_the_end([record for record in own if of[id(record)] == setting])
            if len(last) == 1 and len(last[0]) == 1 and seeds.interval(last[0][0]):
                return True
    return False


def _caption(drawn: list[tuple[Summary, tuple[float, float]]], arrows: bool, single: bool) -> str:
    counts = [len(scores.values) + scores.undefined for scores, _ in drawn]
    parts = [f"{count_range(counts, 'seed')} a setting."]
    if any(scores.grouped for scores, _ in drawn):
        cut = ", cut at the ends of a metric's range" if any(marks.cut(*each) for each in drawn) else ""
        parts.append(f"Filled marks: means, with 95 % intervals (Student's t{cut}); ticks: each seed.")
    if any(not scores.grouped for scores, _ in drawn):
        own = ", with the metric's own interval, which is not over training runs" if single else ""
        parts.append(f"Hollow marks: single seeds{own}.")
    if any(scores.undefined for scores, _ in drawn):
        parts.append("Undefined: the metric gave no finite score.")
    if arrows:
        parts.append("↑: higher is better; ↓: lower is.")
    return " ".join(parts)
