"""A report's scores: of each metric on each data set a table, means over seeds above their runs, what is published."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from disentool.io import score_records
from disentool.metrics import METRICS
from disentool.pages import published_results
from disentool.pages.document import escape
from disentool.pages.report_runs import Run, settings_of
from disentool.pages.report_tables import number, numbers, shown, table
from disentool.results import seeds
from disentool.results.labels import Names, words
from disentool.results.seeds import LEAST, Summary
from disentool.results.settings import Setting, in_order

_WIDE, _HIGH = 150, 16  # pixels of the small drawing of a score

Span = tuple[float, float]  # the ends of the small drawings' scale
OF_MEANS = (
    "Beside a mean, ± is the standard deviation over its seeds. Its 95 % interval is Student's, of"
    f" {LEAST} seeds or more."
)


def _head(span: Span) -> tuple[str, ...]:
    """The heads of a metric's table; that of the drawings says what their ends are."""
    ends = f"{span[0]:.3g} … {span[1]:.3g}"
    return ("run", "setting", "seed>?", "step>?", "rows>?", "score>", "95 % interval>?", f"{ends}?", "?")


@dataclass(frozen=True)
class Row:
    """A score record with its run, whose number is that of its section, and its setting."""

    number: int
    run: Run
    record: dict[str, Any]
    setting: Setting


def data_sets(runs: Sequence[Run]) -> dict[str, str]:
    """The data sets of the score records: key -> name; the digest is told where two have one name."""
    found = {data_key(record): str(record.get("data") or "unknown data") for run in runs for record in run.all_scores}
    names = list(found.values())
    return {key: f"{name} ({key[:8]}…)" if names.count(name) > 1 else name for key, name in found.items()}


def data_key(record: dict[str, Any]) -> str:
    """What tells data sets apart."""
    return str(record.get("data_sha256") or record.get("data") or "")


def of_scores(runs: Sequence[Run], data: str, heading: str) -> str:
    """The tables of all metrics on the data set of key ``data``; ``heading``: what stands after a metric's name."""
    groups: dict[str, list[Row]] = {}
    for number_, (run, setting) in enumerate(zip(runs, settings_of(runs), strict=True), 1):
        for record in run.all_scores:
            if data_key(record) == data:
                groups.setdefault(score_records.column(record), []).append(Row(number_, run, record, setting))
    return "".join(_of_metric(column, rows, heading) for column, rows in groups.items())


def _of_metric(column: str, rows: list[Row], heading: str) -> str:
    """A metric's rows: each setting's mean, then its runs, then what is published of its method on this data."""
    metric, _, protocol = column.rpartition("@")
    models = {(str(row.run.facts.get("method")), str(row.record.get("data"))) for row in rows}
    known = published_results.of(metric, protocol, models)
    span = _span([row.record for row in rows], [one.value for one in known])
    lines: list[Sequence[str] | str] = []
    order = in_order(row.setting for row in rows)
    footnotes = _footnotes(rows)
    for place, setting in enumerate(order):
        own = [row for row in rows if row.setting == setting]
        scores = seeds.scores([row.record for row in own])
        if len(scores.values) > 1:
            lines.append(_mean(scores, setting, span))
        for run in {id(row.run): row.run for row in own}.values():
            lines += _of_run([row for row in own if row.run is run], span, footnotes)
        if place + 1 == len(order) or order[place + 1].method != setting.method:
            lines += [_stated(one, span) for one in known if one.method == setting.method]
    summary = METRICS[metric].description if metric in METRICS else ""
    told = f"protocol {protocol}{'; ' if summary else ''}{summary}"
    return f"<h3>{escape(metric)}{escape(heading)}</h3>{table(_head(span), lines, told)}{_below(footnotes)}"


def has_means(runs: Sequence[Run]) -> bool:
    """Whether a table has the mean of several seeds."""
    found = [
        (setting, record) for run, setting in zip(runs, settings_of(runs), strict=True) for record in run.all_scores
    ]
    groups: dict[Any, list[dict[str, Any]]] = {}
    for setting, record in found:
        groups.setdefault((data_key(record), score_records.column(record), setting), []).append(record)
    return any(len(seeds.scores(records).values) > 1 for records in groups.values())


def _notes(record: dict[str, Any]) -> list[str]:
    notes = record["details"].get("notes")
    return list(dict.fromkeys(map(str, notes))) if isinstance(notes, list) else []


def _footnotes(rows: Sequence[Row]) -> dict[str, str]:
    """The notes that several rows share -> their mark in each of them; no mark for one that all rows share."""
    every = [note for row in rows for note in _notes(row.record)]
    shared = [note for note in dict.fromkeys(every) if every.count(note) > 1]
    some = [note for note in shared if every.count(note) < len(rows)]
    return {note: f"({some.index(note) + 1})" if note in some else "" for note in shared}


def _below(footnotes: dict[str, str]) -> str:
    """What stands below a table."""
    lines = "".join(
        f"<p>{escape(f'{mark} {note[:1].upper()}{note[1:]}'.strip())}.</p>" for note, mark in footnotes.items()
    )
    return f'<div class="note">{lines}</div>' if lines else ""


def _of_run(rows: list[Row], span: Span, footnotes: dict[str, str]) -> list[Sequence[str] | str]:
    """The scores of a run at its last step, and those of its snapshots in a fold below."""
    last = max((step for row in rows if math.isfinite(step := seeds.step(row.record))), default=math.nan)
    now = [row for row in rows if not seeds.step(row.record) < last]
    before = [row for row in rows if seeds.step(row.record) < last]
    lines: list[Sequence[str] | str] = [_scored(row, span, footnotes) for row in now]
    if before:
        of_steps = sorted(before, key=lambda row: seeds.step(row.record))
        inside = table(_head(span), [_scored(row, span, footnotes) for row in of_steps])
        told = f"{len(before)} snapshot{'s' if len(before) > 1 else ''}"
        fold = f"<details><summary>{told} of {escape(words(rows[0].run.name, 60))}</summary>{inside}</details>"
        lines.append(f'<tr class="fold"><td colspan="{len(_head(span))}">{fold}</td></tr>')
    return lines


def _mean(scores: Summary, setting: Setting, span: Span) -> list[str]:
    half = scores.half_width
    ends = (scores.mean - half, scores.mean + half) if len(scores.values) >= LEAST else None
    undefined = f"{scores.undefined} without a finite score" if scores.undefined else ""
    return [
        f"mean of {len(scores.values)} seeds",
        escape(setting.label),
        *("", "", ""),
        " ± ".join(numbers(scores.mean, scores.deviation)),
        " … ".join(numbers(*ends)) if ends else "",
        _drawn(scores.mean, ends, span, "dot"),
        escape(undefined),
    ]


def _scored(row: Row, span: Span, footnotes: dict[str, str]) -> list[str]:
    record, run = row.record, row.run
    interval = seeds.interval(record)
    notes = filter(None, (footnotes.get(note, note) for note in _notes(record)))
    artefact = str(record.get("artefact") or run.name)
    snapshot = any(record in other.scores for other in run.snapshots)
    name = run.name if run.path and ":" not in artefact and not snapshot else artefact.rpartition("/")[2]
    return [
        f'<a href="#run-{row.number}">{escape(words(name, 60))}</a>',
        escape(row.setting.label),
        shown(record.get("seed")),
        shown(record.get("step")),
        shown(record.get("rows")),
        number(score_records.value(record)),
        " … ".join(numbers(*interval)) if interval else "",
        _drawn(score_records.value(record), interval, span, "dot"),
        escape("; ".join(notes)),
    ]


def _stated(one: published_results.Published, span: Span) -> list[str]:
    return [
        "published",
        escape(f"{Names().method(one.method)}, {one.setting}"),
        *("", "", ""),
        f"{one.value:g}",
        "",
        _drawn(one.value, None, span, "ring"),
        escape(one.source),
    ]


def _span(some: Sequence[dict[str, Any]], more: Sequence[float]) -> Span:
    """The ends of the scale: 0 to 1 where all is inside it, else what is there."""
    ends = [end for record in some for end in (*(seeds.interval(record) or ()), score_records.value(record))]
    values = [value for value in (*ends, *more) if math.isfinite(value)] or [0.0]
    low, high = min(values), max(values)
    if low >= 0 and high <= 1:
        return 0.0, 1.0
    room = max(0.5, abs(low) / 2)
    return (low, high) if high > low else (low - room, low + room)


def _drawn(value: float, interval: tuple[float, float] | None, span: Span, kind: str) -> str:
    """A score with its interval on a line from end to end of ``span``."""
    if not math.isfinite(value):
        return ""

    def x(v: float) -> float:
        at = min(max(v, span[0]), span[1])  # the interval of a mean may leave what its seeds span
        return round(4 + (_WIDE - 8) * (at - span[0]) / (span[1] - span[0]), 1)

    middle = _HIGH // 2
    bar = ""
    if interval:
        bar = f'<line class="line" x1="{x(interval[0])}" x2="{x(interval[1])}" y1="{middle}" y2="{middle}"/>'
    return (
        f'<svg viewBox="0 0 {_WIDE} {_HIGH}" aria-hidden="true"><line class="rule" x1="0" x2="{_WIDE}" y1="{middle}"'
        f' y2="{middle}"/>{bar}<circle class="{kind}" cx="{x(value)}" cy="{middle}" r="3.5"/></svg>'
    )
