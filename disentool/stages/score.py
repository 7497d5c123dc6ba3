"""Checkpoints, latents files, anyone's codes -> score records."""

import dataclasses
import importlib
import typing
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from disentool.configs.reference import is_own, load
from disentool.errors import DataMismatch, DisentoolError, ForeignFile, Interrupted, NoFactors, UnknownName, WrongUsage
from disentool.io import files, hdf5, latents
from disentool.io.schema import SCORE
from disentool.metrics import METRICS, own
from disentool.metrics.result import Codes, Result
from disentool.metrics.sampling import Points
from disentool.stages.reporting import Reporter, Silent


@dataclass(frozen=True)
class Metric:
    """One metric with the constants of one protocol."""

    name: str
    module: Any
    protocol: str
    options: Any


def choose(names: Sequence[str], protocol: str | None, constants: Mapping[str, str] | None = None) -> list[Metric]:
    """The metrics by name; ``module:function`` is one of the user's own, and is imported.

    ``protocol`` must be known to at least one of them; the others keep their default. ``constants``: values, as text,
    for fields of their protocols; each must be known to at least one of them.
    """
    names = [part for name in names for part in name.split(",")]
    modules = {name: _module(name) for name in dict.fromkeys(names)}
    known = {p for module in modules.values() for p in module.PROTOCOLS}
    if protocol is not None and protocol not in known:
        raise UnknownName(f"protocol for {', '.join(modules)}", protocol, known)
    chosen, unused = [], dict(constants or {})
    for name, module in modules.items():
        its = protocol if protocol in module.PROTOCOLS else next(iter(module.PROTOCOLS))
        options = module.PROTOCOLS[its]
        hints = {key: hint for key, hint in typing.get_type_hints(type(options)).items() if key != "protocol"}
        values = {key: _constant(key, text, hints[key]) for key, text in (constants or {}).items() if key in hints}
        chosen.append(Metric(name, module, its, dataclasses.replace(options, **values)))
        unused = {key: text for key, text in unused.items() if key not in hints}
    for key in unused:
        fields = {f.name for metric in chosen for f in dataclasses.fields(metric.options)} - {"protocol"}
        raise UnknownName(f"constant of {', '.join(modules)}", key, fields)
    return chosen


def _module(name: str) -> Any:
    """What computes a metric: a module of the toolkit, or the user's function in the same form."""
    if is_own(name):
        return own.metric(name, load(name))
    if name not in METRICS:
        raise UnknownName("metric", name, METRICS)
    return importlib.import_module(METRICS[name][0])


def _constant(name: str, text: str, hint: Any) -> Any:
    """One ``--set`` value as its field's type; WrongUsage says what was expected."""
    kinds = [kind for kind in (typing.get_args(hint) or (hint,)) if kind is not type(None)]
    if typing.get_origin(hint) is typing.Literal or str in kinds:
        return text
    if type(None) in typing.get_args(hint) and text == "none":
        return None
    if kinds == [bool] and text in ("true", "false"):
        return text == "true"
    try:
        number = float(text)
        return number if float in kinds else int(text)
    except ValueError:
        expected = "true or false" if kinds == [bool] else "a number" if float in kinds else "a whole number"
        raise WrongUsage(f"--set {name}={text}: expected {expected}") from None


def score(
    artefacts: Iterable[str | Path],
    metrics: list[Metric],
    *,
    seed: int = 0,
    data: str | None = None,
    rows: str = "all",
    device: str = "auto",
    codes: str | None = None,
    factors: str | None = None,
    trust: bool = False,
    report: Reporter | None = None,
) -> Iterator[dict[str, Any]]:
    """The record of every metric on every artefact, as each is ready.

    An artefact is a checkpoint (whose data, or ``data``, is encoded: once, and only the rows these metrics need), a
    latents file, or any HDF5 or .npz file with arrays of codes and factors, named by ``codes`` and ``factors``.
    ``trust``: see :func:`disentool.stages.model.load`.
    """
    report = report or Silent()
    if isinstance(artefacts, Sequence):  # else they arrive one by one
        for artefact in artefacts:
            _kind(Path(artefact))
    if factors and not codes:
        raise WrongUsage("--factors names an array beside --codes; give both")
    failed = count = 0
    for artefact in artefacts:
        count += 1
        try:
            for record in _score(Path(artefact), metrics, seed, data, rows, device, codes, factors, trust, report):
                for note in record["details"].get("notes", []):
                    report.note(f"{artefact}: {record['metric']}: {note}")
                yield record
        except DisentoolError as error:
            if isinstance(artefacts, Sequence) or isinstance(error, (WrongUsage, Interrupted)):
                raise
            failed += 1  # one bad file in a stream does not hold up those that are still to come
            report.error(str(error))
    if failed:
        raise DisentoolError(f"{failed} of {count} could not be scored")


def _score(path, metrics, seed, data, rows, device, codes, factors, trust, report) -> Iterator[dict[str, Any]]:
    kind = _kind(path)
    if kind == "arrays" and codes is None:
        codes, factors = latents.usual_keys(path)
    if kind == "checkpoint":
        if codes:
            raise WrongUsage(f"{path}: --codes is for files of codes; a checkpoint encodes its data itself")
        return _score_checkpoint(path, metrics, seed, data, rows, device, trust, report)
    if rows != "all":
        raise WrongUsage(
            f"{path}: holds the codes of the rows it was made of; --rows is for checkpoints, and for encode"
        )
    return _score_codes(path, metrics, seed, codes, factors)


def _kind(path: Path) -> str:
    files.require(path, "checkpoint or file of codes", "`disentool train factorvae` writes ./ckpt.pt")
    if hdf5.is_hdf5(path):
        return "codes"
    with open(path, "rb") as file:
        if file.read(2) == b"PK":
            return "arrays" if _is_npz(path) else "checkpoint"
    raise ForeignFile(f"{path}: neither a checkpoint (.pt) nor HDF5 or .npz codes; see `disentool info {path}`")


def _is_npz(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith(".npy") for name in archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False  # a checkpoint cut short, which its reader names


def _score_codes(
    path: Path, metrics: list[Metric], seed: int, codes_key: str | None, factors_key: str | None
) -> Iterator[dict[str, Any]]:
    try:
        table = latents.read_foreign(path, codes_key, factors_key) if codes_key else latents.read(path)
    except ForeignFile as error:
        hint = "" if codes_key else "; --codes NAME --factors NAME reads any file's arrays, a checkpoint takes --data"
        raise type(error)(f"{error}{hint}") from None
    if len(table.mean) == 0:
        raise ForeignFile(f"{path}: holds no codes")
    for metric in metrics:
        if "reconstruction" in metric.module.NEEDS:
            raise DataMismatch(f"{path}: {metric.name} needs the decoder; score the checkpoint instead of its codes")
    with _named(path, "; --factors NAME reads them beside --codes" if codes_key and not factors_key else ""):
        points = _points(len(table.mean), table.factors, table.factor_names, table.factor_sizes)
        codes = Codes(np.arange(len(table.mean)), table.mean, table.logvar)
        plans = [metric.module.plan(points, metric.options, seed, codes_ready=True) for metric in metrics]
    head = {
        "artefact": str(path),
        "id": files.sha256(path)[:16],
        "method": table.method or None,
        "config": table.provenance.get("config", {}),
        "seed": table.provenance.get("seed"),
        "step": table.provenance.get("step"),
        "data": table.name,
        "data_sha256": table.dataset_sha256 or None,
        "split": table.provenance.get("rows"),
        "rows": len(table.mean),
    }
    for metric, plan in zip(metrics, plans, strict=True):
        with _named(path):
            result = metric.module.score(plan, codes)
        yield _record(head, metric, result)


def _score_checkpoint(
    path: Path,
    metrics: list[Metric],
    seed: int,
    data: str | None,
    rows: str,
    device: str,
    trust: bool,
    report: Reporter,
) -> Iterator[dict[str, Any]]:
    # Imported here: scoring ready codes needs no torch, whose import takes seconds.
    from disentool.stages import model as models
    from disentool.stages.encode import data_of

    model = models.load(path, device, trust=trust)
    for metric in metrics:
        if "reconstruction" in metric.module.NEEDS and not hasattr(model.method, "reconstruction"):
            raise DataMismatch(f"{path}: {metric.name} needs a method with a reconstruction error, which this is not")
    dataset = data_of(model, data, report)
    chosen = dataset.rows(rows)
    factors = None if dataset.factors is None else dataset.factors[chosen]
    with _named(dataset.path):
        points = _points(len(chosen), factors, dataset.factor_names, dataset.factor_sizes)
        plans = [metric.module.plan(points, metric.options, seed) for metric in metrics]
    with_images = [p for p, m in zip(plans, metrics, strict=True) if "reconstruction" in m.module.NEEDS]
    others = [p for p, m in zip(plans, metrics, strict=True) if "reconstruction" not in m.module.NEEDS]
    encoded = _encode(
        model, dataset, chosen, _union(others, len(chosen)), _union(with_images, len(chosen)), seed, report
    )
    head = {
        "artefact": str(path),
        "id": model.sha256[:16],
        "method": model.content["method"],
        "config": model.content["config"],
        "seed": model.content["rng"].get("seed"),
        "step": model.content["step"],
        "data": dataset.name,
        "data_sha256": dataset.content_sha256,
        "split": rows,
        "rows": len(chosen),
    }
    for metric, plan in zip(metrics, plans, strict=True):
        with _named(path):
            result = metric.module.score(plan, encoded["reconstruction" in metric.module.NEEDS])
        yield _record(head, metric, result)


@contextmanager
def _named(path: Path, hint: str = "") -> Iterator[None]:
    """Metrics know arrays, not files: put the file's name before what they complain of."""
    try:
        yield
    except (DataMismatch, NoFactors) as error:
        raise type(error)(f"{path}: {error}{hint}") from None


def _points(rows: int, factors: np.ndarray | None, names: tuple, sizes: tuple) -> Points:
    return Points(rows) if factors is None else Points.from_factors(factors, names or None, sizes or None)


def _union(plans: list[Any], total: int) -> np.ndarray:
    if any(plan.rows is None for plan in plans):
        return np.arange(total)
    return np.unique(np.concatenate([np.zeros(0, np.int64), *(plan.rows for plan in plans)]))


def _encode(
    model, dataset, chosen: np.ndarray, rows: np.ndarray, decoded: np.ndarray, seed: int, report: Reporter
) -> dict[bool, Codes]:
    """Encode ``rows`` and ``decoded`` once; keyed by whether the reconstruction, known for ``decoded``, is in it.

    Both count among the ``chosen`` rows of the data set.
    """
    from disentool.engine import inference
    from disentool.engine.feed import Feed

    few = 4 * (len(rows) + len(decoded)) < len(chosen)  # then the data set is not worth sending to the device
    feed = Feed(dataset.images, None, model.device, rows=chosen, resident=not few)
    plain = np.setdiff1d(rows, decoded, assume_unique=True)
    parts: dict[bool, list[dict[str, np.ndarray]]] = {False: [], True: []}
    with report.task(f"encode {model.path.name}", len(plain) + len(decoded), "images") as task:
        done = 0
        for both, wanted in ((True, decoded), (False, plain)):
            for part in inference.encode(model.method, model.networks, feed, wanted, seed if both else None):
                parts[both].append(part)
                done += len(part["mean"])
                task.update(done)

    def table(chosen: list[dict[str, np.ndarray]], their_rows: np.ndarray) -> Codes | None:
        if not chosen:
            return None
        order = np.argsort(their_rows)
        names = set.intersection(*(set(part) for part in chosen))
        return Codes(their_rows[order], **{n: np.concatenate([part[n] for part in chosen])[order] for n in names})

    return {
        True: table(parts[True], decoded),
        False: table(parts[True] + parts[False], np.concatenate([decoded, plain])),
    }


def _record(head: dict[str, Any], metric: Metric, result: Result) -> dict[str, Any]:
    return {
        "format": SCORE.name,
        "version": SCORE.version,
        **head,
        "metric": metric.name,
        "protocol": result.protocol,
        "score": result.score,
        "interval": list(result.interval) if result.interval else None,
        "per_factor": result.per_factor,
        "details": result.details,
    }
