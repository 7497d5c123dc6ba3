"""A report's tables: the runs and their settings, scores beside published numbers, correlations, directions."""

import json
import math
from collections.abc import Sequence
from typing import Any

from disentool.io import score_records
from disentool.io.directions import Directions
from disentool.metrics import METRICS
from disentool.pages import published_results
from disentool.pages.document import escape
from disentool.pages.report_runs import Run
from disentool.results import seeds
from disentool.results.labels import Names, words
from disentool.results.settings import Setting, settings, unusual

_WIDE, _HIGH = 150, 16  # pixels of the small drawing of a score


def table(head: Sequence[str], rows: Sequence[Sequence[str]], caption: str = "") -> str:
    """Cells that are HTML already; the first of a row heads it. A head that ends in > is of numbers."""
    numbers = [name.endswith(">") for name in head]
    kinds = [
        ' class="number"' if number else "" if name else ' class="more"'
        for number, name in zip(numbers, head, strict=True)
    ]
    top = "".join(f'<th scope="col"{k}>{escape(n.rstrip(">"))}</th>' for n, k in zip(head, kinds, strict=True))
    lines = []
    for first, *rest in rows:
        cells = "".join(f"<td{kind}>{cell}</td>" for cell, kind in zip(rest, kinds[1:], strict=True))
        lines.append(f'<tr><th scope="row">{first}</th>{cells}</tr>')
    told = f"<caption>{escape(caption)}</caption>" if caption else ""
    return (
        f'<div class="scroll"><table>{told}<thead><tr>{top}</tr></thead><tbody>{"".join(lines)}</tbody></table></div>'
    )


def of_runs(runs: Sequence[Run]) -> str:
    """A row for each run; its setting is what differs among the runs of its method."""
    rows = []
    for number, (run, setting) in enumerate(zip(runs, settings_of(runs), strict=True), 1):
        data = run.facts.get("data") or {}
        shape = data.get("shape")
        images = f"{shape[0]:,}" if isinstance(shape, list) and shape and isinstance(shape[0], int) else ""
        rows.append(
            [
                f'<a href="#run-{number}">{escape(words(run.name, 60))}</a>',
                escape(words(run.facts.get("method") or "")),
                escape(setting.options_called(Names())),
                _shown(run.facts.get("seed")),
                _shown(run.facts.get("step")),
                escape(words(data.get("name") or "")),
                images,
                _duration(run.facts.get("seconds")),
                f"{len(run.history.records):,}" if run.history else "",
                str(len(run.scores) or ""),
            ]
        )
    head = ("run", "method", "setting", "seed>", "step>", "data", "images>", "training>", "log lines>", "scores>")
    filled = [not place or any(row[place] for row in rows) for place in range(len(head))]
    kept = [place for place, some in enumerate(filled) if some]
    return table([head[k] for k in kept], [[row[k] for k in kept] for row in rows])


def settings_of(runs: Sequence[Run]) -> list[Setting]:
    """The setting of each run, as the plots call it."""
    return settings([run.facts if run.facts.get("method") else {"artefact": run.name} for run in runs])


def not_defaults(facts: dict[str, Any]) -> list[tuple[str, str]]:
    """The options of a run that are not its method's defaults, each with its value and the default, as text."""
    return [
        (name, _plain(value) if default is ... else f"{_plain(value)} (default {_plain(default)})")
        for name, value, default in unusual(facts.get("method"), facts.get("config"))
    ]


def of_scores(runs: Sequence[Run]) -> str:
    """For each metric and protocol a table: a row for each run's record, then what is published of their methods."""
    groups: dict[str, list[tuple[int, Run, dict[str, Any]]]] = {}
    for number, run in enumerate(runs, 1):
        for record in run.scores:
            groups.setdefault(score_records.column(record), []).append((number, run, record))
    labels = dict(zip((id(run) for run in runs), settings_of(runs), strict=True))
    parts = []
    for column, rows in groups.items():
        metric, _, protocol = column.rpartition("@")
        models = {(str(run.facts.get("method")), str(record.get("data"))) for _, run, record in rows}
        known = published_results.of(metric, protocol, models)
        span = _span([record for *_, record in rows], [one.value for one in known])
        lines = [_scored(number, run, record, labels[id(run)], span) for number, run, record in rows]
        lines += [_stated(one, span) for one in known]
        summary = METRICS[metric].told if metric in METRICS else ""
        head = ("run", "setting", "seed>", "step>", "rows>", "score>", "95 % interval>", "", "")
        parts.append(f"<h3>{escape(metric)}</h3>")
        parts.append(table(head, lines, f"protocol {protocol}{'; ' if summary else ''}{summary}"))
    return "".join(parts)


def _scored(number: int, run: Run, record: dict[str, Any], setting: Setting, span: tuple[float, float]) -> list:
    interval = seeds.interval(record)
    notes = record["details"].get("notes")
    rows = record.get("rows")
    artefact = str(record.get("artefact") or run.name)
    name = run.name if run.path and ":" not in artefact else artefact.rpartition("/")[2]
    return [
        f'<a href="#run-{number}">{escape(words(name, 60))}</a>',
        escape(setting.label),
        _shown(record.get("seed")),
        _shown(record.get("step")),
        _shown(rows),
        _number(score_records.value(record)),
        f"{_number(interval[0])} … {_number(interval[1])}" if interval else "",
        _drawn(score_records.value(record), interval, span, "dot"),
        escape("; ".join(map(str, notes))) if isinstance(notes, list) else "",
    ]


def _stated(one: published_results.Published, span: tuple[float, float]) -> list[str]:
    return [
        "published",
        escape(f"{one.method}, {one.setting}"),
        *("", "", ""),
        f"{one.value:g}",
        "",
        _drawn(one.value, None, span, "ring"),
        escape(one.source),
    ]


def _span(some: Sequence[dict[str, Any]], more: Sequence[float]) -> tuple[float, float]:
    """The ends of the small drawings' scale: 0 to 1 where all is inside it, else what is there."""
    ends = [end for record in some for end in (*(seeds.interval(record) or ()), score_records.value(record))]
    values = [value for value in (*ends, *more) if math.isfinite(value)] or [0.0]
    low, high = min(values), max(values)
    if low >= 0 and high <= 1:
        return 0.0, 1.0
    room = max(0.5, abs(low) / 2)
    return (low, high) if high > low else (low - room, low + room)


def _drawn(value: float, interval: tuple[float, float] | None, span: tuple[float, float], kind: str) -> str:
    """A score with its interval on a line from end to end of ``span``."""
    if not math.isfinite(value):
        return ""

    def x(v: float) -> float:
        return round(4 + (_WIDE - 8) * (v - span[0]) / (span[1] - span[0]), 1)

    middle = _HIGH // 2
    bar = ""
    if interval:
        bar = f'<line class="line" x1="{x(interval[0])}" x2="{x(interval[1])}" y1="{middle}" y2="{middle}"/>'
    return (
        f'<svg viewBox="0 0 {_WIDE} {_HIGH}" aria-hidden="true"><line class="rule" x1="0" x2="{_WIDE}" y1="{middle}"'
        f' y2="{middle}"/>{bar}<circle class="{kind}" cx="{x(value)}" cy="{middle}" r="3.5"/></svg>'
    )


def of_correlations(found: Sequence[dict[str, Any]]) -> str:
    """The correlations of metrics over models, and what is published of them."""
    rows = []
    pairs = []
    for record in found:
        pair = record.get("metrics")
        pair = [str(name) for name in pair] if isinstance(pair, list) else ["?"]
        pairs.append(set(pair))
        values = [record.get(test) for test in ("pearson", "kendall", "spearman")]
        cells = [_number(v.get("coefficient")) if isinstance(v, dict) else "" for v in values]
        rows.append([escape(" and ".join(pair)), _shown(record.get("models")), *cells, ""])
    published, coefficients, source = published_results.CORRELATION
    if published in pairs:
        stated = (f"{coefficients[test]:.3f}" for test in ("pearson", "kendall", "spearman"))
        rows.append(["published", "", *stated, escape(source)])
    return table(("metrics", "models>", "Pearson>", "Kendall>", "Spearman>", ""), rows)


def of_directions(found: Sequence[Directions]) -> str:
    """A row for each direction: how far it reaches, and how well its g fits."""
    rows = []
    for file in found:
        for name, direction in file.directions.items():
            fit = direction.facts.get("r2")
            fit = fit if isinstance(fit, dict) else {}
            interval = fit.get("interval")
            interval = interval if isinstance(interval, list) and len(interval) == 2 else None
            low, high = direction.t_valid
            rows.append(
                [
                    escape(name),
                    escape(words(file.path.name, 60)),
                    escape(words(file.method)),
                    f"{_number(low)} … {_number(high)}",
                    escape(words(direction.unit)),
                    _number(fit.get("value")),
                    f"{_number(interval[0])} … {_number(interval[1])}" if interval else "",
                ]
            )
    head = ("direction", "file", "method", "valid t>", "unit", "R² of the fit>", "95 % interval>")
    return table(head, rows)


def _number(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return "–"
    return f"{value:.3f}" if abs(value) < 10 else f"{value:,.1f}" if abs(value) < 1000 else f"{value:,.0f}"


def _shown(value: Any) -> str:
    """A count, or whatever a foreign record has in its place."""
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else escape(words(value, 24))


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:g}" if isinstance(value, float) else f"{value:,}"
    return json.dumps(value, default=str)


def _duration(seconds: Any) -> str:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not math.isfinite(seconds):
        return ""
    minutes = round(seconds / 60)
    return f"{seconds:.0f} s" if seconds < 90 else f"{minutes} min" if minutes < 90 else f"{seconds / 3600:.1f} h"
