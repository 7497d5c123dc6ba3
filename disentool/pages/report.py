"""A report's page: what its runs are, their scores, what their models make, put together."""

from collections.abc import Callable, Sequence
from pathlib import Path

from disentool.errors import DisentoolError, Interrupted, WrongUsage, counted
from disentool.pages import document, report_pictures, report_scores, report_tables
from disentool.pages.document import escape
from disentool.pages.report_pictures import empty
from disentool.pages.report_runs import ReportInputs, Run
from disentool.reporting import Reporter
from disentool.results.labels import Names, words

MAX_PICTURED = 24  # checkpoints whose pictures are on the page
MAX_EXPLORERS = 6  # and that have an explorer
_MOST = 40_000_000  # bytes, after which no more of them are pictured
# A run, its checkpoint and the key of its explorer (None: no explorer) -> its pictures and its explorer, as HTML.
Pictured = Callable[[Run, Path, str | None], tuple[str, str]]


def title_of(found: Sequence[Run]) -> str:
    """What a page of these runs is called."""
    if not found:
        return "Directions and correlations"
    if len(found) == 1:
        return words(found[0].name, 60)
    runs = [run for run in found if not run.is_direction]
    if len(runs) < len(found):
        directions = counted(len(found) - len(runs), "direction")
        return f"{title_of(runs)}, and {directions}" if runs else directions
    methods = list(dict.fromkeys(Names().method(str(run.facts["method"])) for run in found if run.facts.get("method")))
    named = (
        f" of {', '.join(methods[:-1])} and {methods[-1]}" if len(methods) > 1 else "".join(f" of {m}" for m in methods)
    )
    return f"{len(found)} runs{named}"


def body_of(found: ReportInputs, pictured: Pictured, report: Reporter) -> str:
    """The page's parts. Checkpoints are drawn first, as what fails with them is told at the top."""
    parts = _models(found, pictured, report)
    trained = any(not run.is_direction for run in found.runs)
    sections = [
        ("runs", "Runs", report_tables.of_runs(found.runs) + _differing(found.runs) if trained else ""),
        ("scores", "Scores", _scores(found)),
        (
            "history",
            "Training",
            "".join(report_pictures.of_histories(found.runs)) or empty("No training history was given."),
        ),
    ]
    if found.correlations:
        correlations = report_tables.of_correlations(found.correlations, _data(found))
        sections.insert(2, ("correlations", "Correlations of metrics", correlations))
    if found.others:
        told = "<p>Of generators whose checkpoints are not among the runs.</p>"
        sections.append(("directions", "Directions", told + report_tables.of_directions(found.others)))
    sections = [section for section in sections if section[2]]
    links = [(key, title) for key, title, _ in sections]
    links += [(f"run-{n}", words(run.name, 40)) for n, run in enumerate(found.runs, 1)] if len(found.runs) <= 40 else []
    nav = "".join(f'<li><a href="#{key}">{escape(title)}</a></li>' for key, title in links)
    failed = "".join(f'<p class="problem">{escape(line)}</p>' for line in found.failed)
    head = f'<header><p class="kicker">disentool report</p><h1>{escape(title_of(found.runs))}</h1>'
    head += f'<p class="facts">{escape(_summary(found))}</p>{failed}'
    head += f'<nav aria-label="Contents"><ul>{nav}</ul></nav></header>'
    middle = "".join(f'<section id="{key}"><h2>{title}</h2>{content}</section>' for key, title, content in sections)
    return f"<main>{head}{middle}{parts}{document.footer()}</main>"


def _data(found: ReportInputs) -> set[str]:
    """The names of the data sets that scores are of."""
    return {str(record["data"]) for run in found.runs for record in run.all_scores if record.get("data")}


def _summary(found: ReportInputs) -> str:
    counts = (
        (sum(one.path is not None for run in found.runs for one in (run, *run.snapshots)), "checkpoint"),
        (sum(len(run.all_scores) for run in found.runs), "score record"),
        (sum(run.history is not None for run in found.runs), "history"),
        (
            sum(len(d.directions) for d in (*found.others, *(d for run in found.runs for d in run.directions))),
            "direction",
        ),
        (len(found.correlations), "correlation"),
    )
    several = {"history": "histories"}
    return " · ".join(f"{n:,} {w if n == 1 else several.get(w, w + 's')}" for n, w in counts if n)


def _differing(found: Sequence[Run]) -> str:
    """What all runs of a method have in common that is not its default."""
    lines = []
    found = [run for run in found if not run.is_direction]
    for method in dict.fromkeys(run.facts.get("method") for run in found):
        own = [report_tables.not_defaults(run.facts) for run in found if method and run.facts.get("method") == method]
        same = [pair for pair in own[0] if all(pair in other for other in own)] if own else []
        if same:
            text = ", ".join(f"{name} {value}" for name, value in same)
            called = Names().method(str(method))
            which = f"all {len(own)} runs of {called}" if len(own) > 1 else called
            lines.append(f"<p>{escape(f'Not the defaults, in {which}: {text}.')}</p>")
    return f'<div class="note">{"".join(lines)}</div>' if lines else ""


def _scores(found: ReportInputs) -> str:
    if not any(run.all_scores for run in found.runs):
        return empty("No score record was given; `disentool score CKPT --format jsonl > scores.jsonl` makes some.")
    shown = []
    there = report_scores.data_sets(found.runs)
    if report_scores.has_means(found.runs):
        shown.append(f'<div class="note"><p>{report_scores.OF_MEANS}</p></div>')
    for key, name in there.items():  # one axis for one data set
        heading = f", {words(name)}" if len(there) > 1 else ""
        shown.append(report_scores.of_scores(found.runs, key, heading))
        shown.append(report_pictures.of_scores(found.runs, key, heading))
    return "".join(shown)


def _models(found: ReportInputs, pictured: Pictured, report: Reporter) -> str:
    """A section for each run: what it is, and what its model makes."""
    with_model = [run for run in found.runs if run.path]
    parts, done = [], 0
    with report.task("report", min(len(with_model), MAX_PICTURED), "checkpoints") as task:
        for number, run in enumerate(found.runs, 1):
            parts.append(f'<section id="run-{number}"><h2>{escape(words(run.name, 60))}</h2>{_facts(run)}')
            if run.directions:
                parts.append(f"<h3>Directions</h3>{report_tables.of_directions(run.directions)}")
            if run.path is None:
                what = "generator's checkpoint" if run.is_direction else "checkpoint"
                parts.append(empty(f"The {what} is not among the inputs, so there are no pictures of it."))
            elif done >= MAX_PICTURED or sum(map(len, parts)) > _MOST:
                parts.append(empty(f"Pictures are of the first {done} checkpoints, as a page is to stay small."))
            else:
                key = f"e{number}" if done < MAX_EXPLORERS else None
                parts.append(_pictured(run, run.path, key, pictured, found, report))
                done += 1
                task.update(done)
            parts.append("</section>")
    return "".join(parts)


def _pictured(run: Run, path: Path, key: str | None, pictured: Pictured, found: ReportInputs, report: Reporter) -> str:
    try:
        shown, explorer = pictured(run, path, key)
    except (Interrupted, WrongUsage):
        raise
    except DisentoolError as error:
        found.failed.append(str(error))
        report.error(str(error))
        return empty(f"No pictures: {error}")
    if key is None:
        return shown + empty(
            f"Explorers are of the first {MAX_EXPLORERS} checkpoints; `disentool traverse --html` makes one of this."
        )
    return f"{shown}<h3>Explore</h3>{explorer}"


def _counted(run: Run) -> str:
    step = run.facts.get("step")
    return f"{step:,}" if isinstance(step, int) else words(step)


def _facts(run: Run) -> str:
    """A list of what is known of a run."""
    facts = run.facts
    data = facts.get("data") or {}
    shape = data.get("shape")
    sized = f", {shape[0]:,} images of {'×'.join(map(str, shape[1:]))}" if isinstance(shape, list) and shape else ""
    digest = f", sha256 {str(data['content_sha256'])[:16]}…" if data.get("content_sha256") else ""
    found = facts.get("versions")
    versions = found if isinstance(found, dict) else {}
    step = facts.get("step")
    lines = [
        ("method", facts.get("method")),
        (
            "options" if run.is_direction else "not the defaults",
            ", ".join(f"{name} {value}" for name, value in report_tables.not_defaults(facts)),
        ),
        ("seed", facts.get("seed")),
        ("steps", f"{step:,}" if isinstance(step, int) else step),
        ("snapshots", ", ".join(f"{words(one.name)} (step {_counted(one)})" for one in run.snapshots)),
        ("data", f"{data.get('name')}{sized}{digest}" if data.get("name") else None),
        ("information", run.informative and run.informative.verdict),
        ("reconstruction loss", facts.get("reconstruction_loss")),
        ("made with", ", ".join([str(facts.get("created_by") or ""), *(f"{k} {v}" for k, v in versions.items())])),
    ]
    if not run.is_direction:
        lines.append(("checkpoint", f"sha256 {run.key}…" if run.path else run.key and f"not given; sha256 {run.key}…"))
    rows = [f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in lines if value not in (None, "")]
    if facts.get("command"):
        rows.append(f"<dt>command</dt><dd><code>{escape(facts['command'])}</code></dd>")
    return f"<dl>{''.join(rows)}</dl>" if rows else empty("Nothing is known of it but its records.")
