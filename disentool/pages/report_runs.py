"""The runs of a report: checkpoints with the histories, scores and directions that belong to them."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from disentool.errors import DisentoolError, ForeignFile, Interrupted, MissingFile, WrongUsage, counted
from disentool.io import directions_file, files, hdf5, records, score_records
from disentool.io.directions_file import Directions
from disentool.io.schema import CORRELATION, DATASET, DIRECTIONS, HISTORY, INVERSION, LATENTS, SCORE
from disentool.reporting import Reporter, Silent
from disentool.results.reading import Table, facts_of, histories
from disentool.results.settings import Setting, in_order, settings

if TYPE_CHECKING:
    from disentool.models.collapse import Informative

_SUFFIXES = (".pt", ".jsonl", ".h5", ".hdf5")  # that a folder is searched for


@dataclass
class Run:
    """One model: what a checkpoint says of itself, or else its records.

    ``key``: first 16 hex digits of the checkpoint's digest, which records carry as ``id``; "" where unknown. ``facts``:
    method, config, seed, step, data and more of a checkpoint's entries, as far as they are known. ``informative``: how
    many dimensions of a checkpoint's code carry information, where it tells.
    """

    name: str
    key: str = ""
    path: Path | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    history: Table | None = None
    scores: list[dict[str, Any]] = field(default_factory=list)
    directions: list[Directions] = field(default_factory=list)
    snapshots: "list[Run]" = field(default_factory=list)  # of the same run at earlier steps
    informative: "Informative | None" = None

    @property
    def all_scores(self) -> list[dict[str, Any]]:
        """Its records, and those of its snapshots."""
        return [record for run in (self, *self.snapshots) for record in run.scores]

    @property
    def is_direction(self) -> bool:
        """Whether it is no run, but a direction of a generator whose checkpoint is not among the inputs."""
        return self.path is None and any(_generator(record) is not None for record in self.scores)


@dataclass
class ReportInputs:
    """All that a report is of; ``failed``: a line for each input that could not be read."""

    runs: list[Run] = field(default_factory=list)
    correlations: list[dict[str, Any]] = field(default_factory=list)
    others: list[Directions] = field(default_factory=list)  # directions of generators that are not among the runs
    failed: list[str] = field(default_factory=list)
    count: int = 0


@dataclass
class _Unattached:
    """What was read beside checkpoints, before it is known which run it belongs to."""

    scores: list[dict[str, Any]] = field(default_factory=list)
    histories: list[tuple[Path, Table]] = field(default_factory=list)
    directions: list[Directions] = field(default_factory=list)


def gather(sources: Iterable[str | Path], report: Reporter) -> ReportInputs:
    """Read all inputs and put together what belongs together.

    Files that are named one by one must all be there and readable. Of those that come from a folder or one by one
    through an iterator, the ones that cannot be read are told and left out.
    """
    found, rest = ReportInputs(), _Unattached()
    strict = isinstance(sources, Sequence)
    for source in sources:
        for path, inside in _files(Path(source), report):
            found.count += 1
            try:
                _read(path, found, rest)
            except DisentoolError as error:
                if (strict and not inside) or isinstance(error, (WrongUsage, Interrupted)):
                    raise
                found.failed.append(str(error))
                report.error(str(error))
    _attach(found, rest)
    if not found.runs and not found.others and not found.correlations:
        raise ForeignFile("nothing to report: no checkpoint, history, score record or direction was read")
    found.runs = _folded(found.runs)
    _name([one for run in found.runs for one in (run, *run.snapshots)])
    found.runs = _in_order(found.runs)
    return found


def settings_of(runs: Sequence[Run]) -> list[Setting]:
    """The setting of each run, as the plots call it."""
    return settings([run.facts if run.facts.get("method") else {"artefact": run.name} for run in runs])


def _in_order(runs: list[Run]) -> list[Run]:
    """By method as they come, then by the values of their options; directions last."""
    of_runs = settings_of(runs)
    places = {setting: place for place, setting in enumerate(in_order(of_runs))}
    order = sorted(range(len(runs)), key=lambda n: (runs[n].is_direction, places[of_runs[n]]))
    return [runs[n] for n in order]


def _files(path: Path, report: Reporter) -> Iterator[tuple[Path, bool]]:
    """The files that a path means, and whether they are of a folder, whose data sets and codes are passed over."""
    if not path.is_dir():
        yield path, False
        return
    there = [
        one
        for one in sorted(path.rglob("*"))
        if one.suffix.lower() in _SUFFIXES and one.is_file() and not any(p.startswith(".") for p in one.parts[-2:])
    ]
    wanted = [one for one in there if not _passed_over(one)]
    if not wanted:
        raise MissingFile(f"{path}: the folder holds no checkpoint, history, score record or direction")
    if len(wanted) < len(there):
        report.note(
            f"{path}: passed over {counted(len(there) - len(wanted), 'file')} (data sets, codes, other records)"
        )
    for one in wanted:
        yield one, True


def _passed_over(path: Path) -> bool:
    """Whether it is one of the toolkit's files that no report is of; a damaged one is not."""
    try:
        if hdf5.is_hdf5(path):
            return _form(path) in (DATASET.name, LATENTS.name)
        return path.suffix.lower() == ".jsonl" and records.read_lines(path)[0] == INVERSION.name
    except DisentoolError:
        return False


def _form(path: Path) -> Any:
    with hdf5.opened(path) as file:
        return hdf5.attribute(file, "format", None)


def _read(path: Path, found: ReportInputs, rest: _Unattached) -> None:
    files.require(path, "checkpoint, history, file of score records or of directions")
    if hdf5.is_hdf5(path):
        if (form := _form(path)) != DIRECTIONS.name:
            raise ForeignFile(
                f"{path}: holds {form or 'HDF5 of no format'}; a report is of runs, records and directions"
            )
        rest.directions.append(directions_file.read(path))
        return
    if path.suffix.lower() == ".safetensors":
        raise ForeignFile(f"{path}: exported weights; `disentool export {path}` makes a checkpoint of them again")
    with open(path, "rb") as file:
        packed = file.read(2) == b"PK"
    if packed:
        key = files.sha256(path)[:16]
        same = next((run for run in found.runs if run.key == key), None)
        if same is None:
            found.runs.append(_of_checkpoint(path, key))
        elif same.path and len(path.name) < len(same.path.name):  # not called by its last snapshot, which is equal
            same.path, same.name = path, path.name
        return
    name, form, lines = records.read(path, "checkpoint, history or file of records")
    if form == SCORE.name:
        score_records.check_scores(name, lines)
        rest.scores += lines
    elif form == HISTORY.name:
        rest.histories += [(path, table) for table in histories(path, lines, Silent())]
    elif form == CORRELATION.name:
        found.correlations += lines
    else:
        raise ForeignFile(f"{path}: holds a {form}; a report is of checkpoints, histories, scores and directions")


def _of_checkpoint(path: Path, key: str) -> Run:
    from disentool.io import checkpoint  # both need torch, which records do not
    from disentool.models.collapse import informative

    content = checkpoint.read(path)
    kept = ("method", "config", "step", "data", "command", "created_by", "versions", "seconds", "reconstruction_loss")
    facts = {name: content[name] for name in kept if content.get(name) is not None}
    facts["seed"] = content["rng"].get("seed")
    history = Table(path.stem, HISTORY.name, content["history"], facts_of(content)) if content["history"] else None
    told = informative(content["statistics"], content["step"])
    return Run(path.name, key, path, facts, history, informative=told)


def _attach(found: ReportInputs, rest: _Unattached) -> None:
    """Scores go to the run with their id, directions to that with their generator's digest, histories by their name."""
    by_key = {run.key: run for run in found.runs}
    for record in rest.scores:
        run = by_key.get(record["id"])
        if run is None and (generator := _generator(record)) is not None:
            run = by_key.get(generator)
        if run is None:
            facts = {name: record.get(name) for name in ("method", "config", "seed", "step")}
            facts["data"] = {"name": record.get("data"), "content_sha256": record.get("data_sha256")}
            run = by_key[record["id"]] = Run(Path(str(record.get("artefact"))).name, record["id"], facts=facts)
            found.runs.append(run)
        if record not in run.scores:
            run.scores.append(record)
    beside = {run.path.resolve(): run for run in found.runs if run.path}
    for path, table in rest.histories:
        checkpoint = path.name.removesuffix(".history.jsonl") + ".pt"
        own = beside.get(path.resolve().with_name(checkpoint))
        named = [run for run in found.runs if not run.path and run.name == checkpoint]
        if own is None and len(named) == 1:  # a checkpoint that only its records tell of
            own = named[0]
        if own is None:
            found.runs.append(Run(table.name, history=table))
        elif own.history is None:
            known = own.facts if isinstance(own.facts.get("config"), dict) else None
            own.history = Table(own.name, table.kind, table.records, known)
    digests = {run.key: run for run in found.runs if run.path}
    for file in rest.directions:
        run = digests.get(file.generator_sha256[:16])
        (found.others if run is None else run.directions).append(file)


def _generator(record: dict[str, Any]) -> str | None:
    """The key of the checkpoint that a direction's record was measured in; None of any other record."""
    generator = record["details"].get("generator")
    return str(generator.get("sha256"))[:16] if isinstance(generator, dict) else None


def _folded(runs: list[Run]) -> list[Run]:
    """The runs, each once: its checkpoints of earlier steps are its snapshots. One with directions stands alone."""
    groups: dict[str, list[Run]] = {}
    for run in runs:
        groups.setdefault(_same_run(run), []).append(run)
    folded: dict[int, Run] = {}  # id of a snapshot -> its run
    for group in groups.values():
        steps = [run.facts.get("step") for run in group]
        if len(group) > 1 and all(isinstance(step, int) for step in steps) and len(set(steps)) == len(steps):
            *before, last = sorted(group, key=lambda run: run.facts["step"])
            last.snapshots = before
            last.history = last.history or next((run.history for run in reversed(before) if run.history), None)
            folded |= {id(run): last for run in before}
    return [run for run in runs if id(run) not in folded]


def _same_run(run: Run) -> str:
    """What snapshots of one run have in common."""
    facts = run.facts
    if not isinstance(facts.get("method"), str) or not isinstance(facts.get("config"), dict) or run.directions:
        return f"alone {id(run)}"
    data = facts.get("data") or {}
    of = [facts["method"], facts["config"], facts.get("seed"), data.get("content_sha256") or data.get("name")]
    return json.dumps(of, sort_keys=True, default=str)


def _name(runs: list[Run]) -> None:
    """Runs of one name are told apart by the folders of their checkpoints, else by their digests."""
    names = [run.name for run in runs]
    for run, name in zip(runs, names, strict=True):
        if names.count(name) > 1:
            run.name = str(run.path) if run.path else f"{name} {run.key[:8]}"
