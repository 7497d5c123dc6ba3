"""A report's tables: the runs and their settings, scores beside published numbers, correlations, directions."""

import json
import math
from collections.abc import Sequence
from typing import Any

from disentool.io.directions_file import Directions
from disentool.pages import published_results
from disentool.pages.document import escape
from disentool.pages.report_runs import Run, settings_of
from disentool.results.labels import Names, words
from disentool.results.settings import unusual


def table(head: Sequence[str], rows: Sequence[Sequence[str] | str], caption: str = "") -> str:
    """Cells that are HTML already; the first of a row heads it. A row that is a text is one already.

    A head that ends in > is of numbers, one that ends in ? is left out on a phone.
    """
    kinds = []
    for name in head:
        bare = name.rstrip(">?")
        words_ = [*(["number"] if ">" in name else []), *([] if bare else ["more"]), *(["less"] if "?" in name else [])]
        kinds.append(f' class="{" ".join(words_)}"' if words_ else "")
    top = "".join(f'<th scope="col"{k}>{escape(n.rstrip(">?"))}</th>' for n, k in zip(head, kinds, strict=True))
    lines = []
    for row in rows:
        if isinstance(row, str):
            lines.append(row)
            continue
        first, *rest = row
        cells = "".join(f"<td{kind}>{cell}</td>" for cell, kind in zip(rest, kinds[1:], strict=True))
        lines.append(f'<tr><th scope="row">{first}</th>{cells}</tr>')
    told = f"<caption>{escape(caption)}</caption>" if caption else ""
    return (
        f'<div class="scroll"><table>{told}<thead><tr>{top}</tr></thead><tbody>{"".join(lines)}</tbody></table></div>'
    )


def of_runs(runs: Sequence[Run]) -> str:
    """A row for each run but directions; its setting is what differs among the runs of its method."""
    rows = []
    for number, (run, setting) in enumerate(zip(runs, settings_of(runs), strict=True), 1):
        if run.is_direction:
            continue
        data = run.facts.get("data") or {}
        shape = data.get("shape")
        images = f"{shape[0]:,}" if isinstance(shape, list) and shape and isinstance(shape[0], int) else ""
        rows.append(
            [
                f'<a href="#run-{number}">{escape(words(run.name, 60))}</a>',
                escape(_method(run)),
                escape(setting.options_called(Names())),
                shown(run.facts.get("seed")),
                shown(run.facts.get("step")),
                escape(words(data.get("name") or "")),
                images,
                _duration(run.facts.get("seconds")),
                escape(run.informative.brief) if run.informative else "",
                f"{len(run.history.records):,}" if run.history else "",
                str(len(run.all_scores) or ""),
                str(len(run.snapshots) or ""),
            ]
        )
    of_model = ("run", "method", "setting", "seed>?", "step>?", "data?", "images>?")
    head = (*of_model, "training>?", "informative dims", "log lines>?", "scores>?", "snapshots>?")
    filled = [not place or any(row[place] for row in rows) for place in range(len(head))]
    kept = [place for place, some in enumerate(filled) if some]
    return table([head[k] for k in kept], [[row[k] for k in kept] for row in rows])


def _method(run: Run) -> str:
    method = run.facts.get("method")
    return Names().method(method) if isinstance(method, str) else words(method or "")


def not_defaults(facts: dict[str, Any]) -> list[tuple[str, str]]:
    """The options of a run that are not its method's defaults, each with its value and the default, as text."""
    return [
        (name, _plain(value) if default is ... else f"{_plain(value)} (default {_plain(default)})")
        for name, value, default in unusual(facts.get("method"), facts.get("config"))
    ]


def of_correlations(found: Sequence[dict[str, Any]], data: set[str]) -> str:
    """The correlations of metrics over models, and beside the pair that a paper states what it states.

    ``data``: the names of the data sets of the scores at hand; a number of another data set is not shown.
    """
    rows = []
    published, coefficients, published_data, source = published_results.CORRELATION
    for record in found:
        pair = record.get("metrics")
        pair = [str(name) for name in pair] if isinstance(pair, list) else ["?"]
        values = [record.get(test) for test in ("pearson", "kendall", "spearman")]
        cells = [number(v.get("coefficient")) if isinstance(v, dict) else "" for v in values]
        rows.append([escape(" and ".join(pair)), shown(record.get("models")), *cells, ""])
        if set(pair) == published and data <= {published_data}:
            stated = (f"{coefficients[test]:.3f}" for test in ("pearson", "kendall", "spearman"))
            rows.append(["published", "", *stated, escape(f"{source}, on {published_data}")])
    return table(("metrics", "models>?", "Pearson>?", "Kendall>?", "Spearman>", "?"), rows)


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
                    " … ".join(numbers(low, high)),
                    escape(words(direction.unit)),
                    number(fit.get("value")),
                    " … ".join(numbers(*interval)) if interval else "",
                ]
            )
    head = ("direction", "file?", "method?", "valid t>", "unit?", "R² of the fit>", "95 % interval>?")
    return table(head, rows)


def number(value: Any) -> str:
    """A score in three or four digits; a dash for what is no finite number."""
    return numbers(value)[0]


def numbers(*values: Any) -> list[str]:
    """Scores that stand side by side, all with as many decimals: three or four digits of the largest."""
    finite = [
        None if isinstance(v, bool) or not isinstance(v, int | float) or not math.isfinite(v) else v for v in values
    ]
    most = max((abs(value) for value in finite if value is not None), default=0.0)
    decimals = 3 if most < 10 else 1 if most < 1000 else 0
    return ["–" if value is None else f"{value:,.{decimals}f}" for value in finite]


def shown(value: Any) -> str:
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
