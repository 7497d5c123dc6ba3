"""A table of results as text: LaTeX and Markdown for people, with names as papers print them; TSV for programs."""

from collections.abc import Sequence
from typing import Any

from disentool.results.labels import Names, arrow, shown, words
from disentool.results.pivot import FIELDS, Cell, Key, Pivot, decimals

_GROUPS = {"data": "data set", "split": "split"}
FORMATS = ("markdown", "latex", "tsv")
_TEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "α": r"$\alpha$",
    "β": r"$\beta$",
    "γ": r"$\gamma$",
    "λ": r"$\lambda$",
    "σ": r"$\sigma$",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "²": r"$^2$",
    "±": r"$\pm$",
    "–": "--",
    "…": r"\dots{}",
}
_MARKDOWN = {"\\": "\\\\", "|": "\\|", "*": "\\*", "<": "&lt;", "`": "\\`"}


def written(table: Pivot, form: str) -> str:
    """The table in one of :data:`FORMATS`, lines that end in a newline."""
    return {"latex": _latex, "markdown": _markdown, "tsv": _tsv}[form](table)


def _latex(table: Pivot) -> str:
    heads, rows = _texts(table)
    first = len(table.row_keys)
    lines = [
        *(f"% {_translated(line, _TEX)}" for line in _explained(table)),
        "% needs \\usepackage{booktabs}",
        f"\\begin{{tabular}}{{{'l' * first}{'r' * (len(heads) - first)}}}",
        "\\toprule",
        f"{' & '.join(_translated(head, _TEX) for head in heads)} \\\\",
        "\\midrule",
    ]
    for row in rows:
        usual = _seeds(row)
        cells = [_translated(p, _TEX) if isinstance(p, str) else _latex_cell(table, p, usual) for p in row]
        lines.append(f"{' & '.join([*cells, str(usual)])} \\\\")
    return "\n".join([*lines, "\\bottomrule", "\\end{tabular}", ""])


def _latex_cell(table: Pivot, cell: Cell | None, usual: int) -> str:
    text = _number(table, cell)
    if cell is None or not cell.scores.values:
        return _translated(text, _TEX)
    text = text.replace("±", "\\pm")
    of = f" ($n = {len(cell.scores.values)}$)" if _unusual(cell, usual) else ""
    return (f"$\\mathbf{{{text}}}$" if cell.best else f"${text}$") + of


def _markdown(table: Pivot) -> str:
    heads, rows = _texts(table)
    first = len(table.row_keys)
    lines = [[_translated(head, _MARKDOWN) for head in heads]]
    lines.append(["---"] * first + ["---:"] * (len(heads) - first))
    for row in rows:
        usual = _seeds(row)
        cells = [_translated(p, _MARKDOWN) if isinstance(p, str) else _markdown_cell(table, p, usual) for p in row]
        lines.append([*cells, str(usual)])
    written = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    return f"{written}\n{_translated(' '.join(_explained(table)), _MARKDOWN)}\n"


def _markdown_cell(table: Pivot, cell: Cell | None, usual: int) -> str:
    text = _number(table, cell)
    of = f" (n = {len(cell.scores.values)})" if cell is not None and _unusual(cell, usual) else ""
    return (f"**{text}**" if cell is not None and cell.best else text) + of


def _explained(table: Pivot) -> list[str]:
    """What the cells are, in sentences."""
    told = ["Mean ± standard deviation over n seeds."]
    if any(cell.best for cell in table.cells.values()):
        within = " and ".join(_GROUPS[key] for key in table.apart)
        told.append(f"Bold: the best{f' of each {within}' if within else ''}.")
    if table.without_best:
        names = [_metric(table, metric, Names(), alone=True) for metric in table.without_best]
        told.append(f"No best of {' and '.join(names)}, where neither higher nor lower is known to be better.")
    return told


def _tsv(table: Pivot) -> str:
    """Raw names and full precision; for each column the mean, the standard deviation and the number of seeds.

    An option is called ``config.NAME`` where a column has its name already.
    """
    raw = [_raw(table, column) for column in table.columns]
    scores_of = [f"{name}{part}" for name in raw for part in ("", "_sd", "_n")]
    keys = [f"config.{key}" if key not in FIELDS and key in scores_of else key for key in table.row_keys]
    lines = [[*keys, *scores_of]]
    for row in table.rows:
        line = ["" if value is None else words(value, 200) for value in _plain(table, table.row_keys, row)]
        for column in table.columns:
            cell = table.cells.get((row, column))
            scores = cell.scores if cell is not None else None
            mean = f"{scores.mean:.10g}" if scores and scores.values else ""
            deviation = f"{scores.deviation:.10g}" if scores and scores.deviation is not None else ""
            line += [mean, deviation, str(len(scores.values)) if scores else "0"]
        lines.append(line)
    return "".join("\t".join(line) + "\n" for line in lines)


def _raw(table: Pivot, column: Key) -> str:
    """A column's name for programs: the values of its keys, a metric without its protocol where that is clear."""
    values = "/".join(str(value) for value in _plain(table, table.column_keys, column))
    return words(values or _bare(table, table.metrics[0]), 200)


def _plain(table: Pivot, keys: tuple[str, ...], values: Key) -> list[Any]:
    return [_bare(table, value) if key == "metric" else value for key, value in zip(keys, values, strict=True)]


def _bare(table: Pivot, column: str) -> str:
    """``metric``, or ``metric@protocol`` where the table holds several protocols of it."""
    metric = column.rpartition("@")[0]
    return column if sum(other.rpartition("@")[0] == metric for other in table.metrics) > 1 else metric


def _texts(table: Pivot) -> tuple[list[str], list[list[str | Cell | None]]]:
    """The heads, and of each row its names and cells, after which the number of seeds stands."""
    names = Names()
    heads = [_head(key, names) for key in table.row_keys]
    for column in table.columns:
        there = [(k, v) for k, v in zip(table.column_keys, column, strict=True) if v is not None]
        told = ", ".join(_named(table, key, value, names, True) for key, value in there)
        heads.append(told or (_metric(table, table.metrics[0], names) if not column else "–"))
    rows: list[list[str | Cell | None]] = []
    for row in table.rows:
        named = [_named(table, key, value, names, False) for key, value in zip(table.row_keys, row, strict=True)]
        rows.append([*named, *(table.cells.get((row, column)) for column in table.columns)])
    return [*heads, "n"], rows


def _seeds(row: Sequence[str | Cell | None]) -> int:
    """Of how many seeds most cells of a row are; the larger number of two as frequent."""
    counts = [len(cell.scores.values) for cell in row if isinstance(cell, Cell)]
    return max(counts, key=lambda count: (counts.count(count), count))


def _unusual(cell: Cell, usual: int) -> bool:
    """Whether a cell has to say of how many seeds it is."""
    return bool(cell.scores.values) and len(cell.scores.values) != usual


def _head(key: str, names: Names) -> str:
    return key if key in FIELDS else names.option(key)


def _named(table: Pivot, key: str, value: Any, names: Names, in_head: bool) -> str:
    """A key's value in words; in the head of a column with the key, where the value alone says nothing."""
    if key == "metric":
        return _metric(table, value, names)
    if key == "method":
        return words(value) if value in table.others else names.method(value)
    if value is None:
        return "–"
    if key in ("data", "split"):
        return words(value)
    if key in ("seed", "step"):
        return f"{key} {shown(value)}" if in_head else shown(value)
    return names.chosen(key, value) if in_head else shown(value)


def _metric(table: Pivot, column: str, names: Names, *, alone: bool = False) -> str:
    """A metric's name; with its unit and its arrow unless ``alone``."""
    metric, _, protocol = column.rpartition("@")
    measures = {cell.measure for cell in table.cells.values() if cell.metric == column}
    (measure,) = measures if len(measures) == 1 else (None,)
    told = names.metric(metric) if alone else names.measured(metric, measure)
    if _bare(table, column) == column:
        told += f", {words(protocol)}"
    return told if alone else f"{told} {arrow(metric, measure)}".strip()


def _number(table: Pivot, cell: Cell | None) -> str:
    """``0.812 ± 0.034``; a dash where there is no record, or none with a finite score."""
    if cell is None:
        return "–"
    if not cell.scores.values:
        return "undefined"
    digits = decimals([other.scores for other in table.cells.values() if other.metric == cell.metric])
    mean = f"{cell.scores.mean:.{digits}f}"
    return mean if cell.scores.deviation is None else f"{mean} ± {cell.scores.deviation:.{digits}f}"


def _translated(text: str, table: dict[str, str]) -> str:
    return "".join(table.get(character, character) for character in text)
