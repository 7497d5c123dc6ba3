"""Leakage: what probes read of the class in the content code, and of the content in the class code.

The classification experiment of Gabbay & Hoshen, "Demystifying Inter-Class Disentanglement" (LORD, ICLR 2020):
logistic regression and a 256-256 perceptron on standardised codes, trained on 80 % of the rows of each class and tested
on the rest. ``score`` is the accuracy of class from content, of clean codes, by the better probe: lower is better, down
to ``chance``. The ``principal`` probes see the content code's ``components`` principal components alone, so that codes
of different widths can be compared. The score is the mean over ``seeds`` of split, noise and probe; the interval is
Student's of that mean.

A dead content code leaks nothing and is worth nothing: content from content, the code's variance and the
reconstruction, with the image's own content code and with another's, stand beside the score.

Rows trained on, other rows of the same classes, and classes never trained on are measured apart (``details.parts``).
Probes of the rows trained on are tested on the held-out rows; held-out classes get probes of their own.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from disentool.metrics.arrays import Array, Floats, refuse_non_finite
from disentool.metrics.constants.class_and_content import Leakage
from disentool.metrics.exchanged_images import Images, reconstructed
from disentool.metrics.intervals import above_chance, mean_of_seeds
from disentool.metrics.parts import HELD_OUT_ROWS, IN_WORDS, PARTS
from disentool.metrics.probe_accuracies import PROBES, accuracies, fits
from disentool.metrics.result import Progress, Result, silent

DEAD_BELOW = 0.05  # of the way from guessing to certainty
PROTOCOL = Leakage()


def leakage(
    codes: Array,
    class_columns: Array,
    content_columns: Array,
    classes: Array,
    contents: Array,
    parts: Mapping[str, Array],
    *,
    noise: float | Floats = 1.0,
    class_factor: str = "class",
    content_names: Sequence[str] | None = None,
    constants: Leakage = PROTOCOL,
    seed: int = 0,
    images: Images | None = None,
    progress: Progress = silent,
) -> Result:
    """Accuracies of every direction, part by part, 0..1; the score is of the first part there is, in PARTS' order.

    ``codes``: float [n,D]; ``class_columns``, ``content_columns``: int, which of its columns are of which. ``classes``:
    int [n]. ``contents``: the other factors int [n,K], called ``content_names``. ``parts``: name -> its rows, int64,
    indices of these. ``noise``: standard deviation of what is added to content codes, a number or [n, content columns].
    ``constants``: of the probes. ``seed``: of splits, noise and probes. ``images``: what the model makes of the codes.
    Raises ``DataMismatch`` for codes that are not finite.
    """
    refuse_non_finite(codes, "codes")
    names = [f"content_{k}" for k in range(contents.shape[1])] if content_names is None else list(content_names)
    two = {"class": codes[:, class_columns], "content": codes[:, content_columns]}
    measured = _measured(two, noise, classes, contents, parts, class_factor, names, constants, seed, images, progress)
    main = next(iter(measured))
    leak = measured[main]["class_from_content"]
    best = max(PROBES, key=lambda probe: leak["clean"][probe]["mean"])
    value, interval, _ = mean_of_seeds(leak["clean"][best]["seeds"])
    details = {
        "class_factor": class_factor,
        "score_is": f"accuracy of class from clean content codes by {best}, the better probe, on {IN_WORDS[main]}",
        "chance": leak["chance"],
        "interval_of": f"mean of {constants.seeds} seeds of split, noise and probe, Student's t"
        ": not over training runs",
        "class_dimensions": len(class_columns),
        "content_dimensions": len(content_columns),
        "parts": measured,
        "notes": _notes(measured, images is not None),
    }
    return Result(value, interval, _summary(measured), details)


def _measured(
    codes: Mapping[str, Array],
    noise: float | Floats,
    classes: Array,
    contents: Array,
    parts: Mapping[str, Array],
    class_factor: str,
    content_names: Sequence[str],
    constants: Leakage,
    seed: int,
    images: Images | None,
    progress: Progress,
) -> dict[str, dict[str, Any]]:
    """Every part's measurements. ``codes``: ``class`` and ``content``, float [n,C] and [n,E]."""
    places = dict(parts)
    held_out = None if next(iter(places)) == HELD_OUT_ROWS else places.pop(HELD_OUT_ROWS, None)
    varying = {name: _varying(classes[rows], contents[rows]) for name, rows in places.items()}
    total = sum(fits(len(factors), constants.seeds) for factors in varying.values())
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        progress(done, total)

    out = {}
    for number, (name, rows) in enumerate(places.items()):
        others = held_out if number == 0 else None
        if others is not None:
            others = others[np.isin(classes[others], classes[rows])]
            others = others if len(others) else None
        targets = {
            "class": {class_factor: classes},
            "content": {content_names[k]: contents[:, k] for k in varying[name]},
        }
        found = accuracies(codes, noise, targets, rows, others, constants, seed, step)
        share = f"{100 * (1 - constants.test_share):g} %"
        their = {name: (rows, f"{share} of these rows")}
        if others is not None:
            their[HELD_OUT_ROWS] = (others, f"{share} of the {IN_WORDS[name]}")
        for (part, (rows_of_part, trained_on)), accuracy in zip(their.items(), found, strict=True):
            made = None
            if images is not None:
                made = reconstructed(images, rows_of_part, classes, constants.images, np.random.default_rng((seed, 1)))
            out[part] = {
                "what": IN_WORDS[part],
                "rows": len(rows_of_part),
                "classes": len(np.unique(classes[rows_of_part])),
                "probes_trained_on": trained_on,
                **accuracy,
                "content_code": spread(codes["content"][rows_of_part], classes[rows_of_part]),
                "class_code": spread(codes["class"][rows_of_part], classes[rows_of_part]),
                "reconstruction": made,
            }
    return {name: out[name] for name in PARTS if name in out}


def _varying(classes: Array, contents: Array) -> list[int]:
    """Columns of ``contents`` int [n,K] that vary within a class: what follows from the class is no content."""
    order = np.argsort(classes, kind="stable")
    same = classes[order][1:] == classes[order][:-1]
    return np.flatnonzero(((np.diff(contents[order], axis=0) != 0) & same[:, None]).any(axis=0)).tolist()


def spread(code: Array, classes: Array) -> dict[str, Any]:
    """How a code float [n,W] varies: its standard deviation (root mean square over dimensions), how many dimensions
    vary at all, and which share of its variance lies between the classes int [n]."""
    values = code.astype(np.float64) - code.mean(axis=0, dtype=np.float64)
    total = np.square(values).mean(axis=0)
    _, which, counts = np.unique(classes, return_inverse=True, return_counts=True)
    means = np.zeros((len(counts), values.shape[1]))
    np.add.at(means, which, values)
    between = (np.square(means / counts[:, None]) * counts[:, None]).sum() / len(values)
    return {
        "std": float(np.sqrt(total.mean())),
        "varying_dimensions": int((code != code[0]).any(axis=0).sum()),
        "between_classes": float(between / total.sum()) if total.sum() > 0 else None,
    }


def _summary(parts: dict[str, dict[str, Any]]) -> dict[str, float]:
    """Each direction's accuracy by its better probe, of clean codes; and class from content: noisy, and principal."""
    out = {}
    for name, part in parts.items():
        for direction in part:
            if "_from_" in direction:
                for kind in ("clean", "noisy", "principal") if direction == "class_from_content" else ("clean",):
                    label = f"{name} {direction}" + ("" if kind == "clean" else f" {kind}")
                    out[label] = max(cell["mean"] for cell in part[direction][kind].values())
    return out


def _notes(parts: dict[str, dict[str, Any]], with_images: bool) -> list[str]:
    """What a reader of the accuracies should know: a content code may leak nothing because it holds nothing."""
    notes = []
    for name, part in parts.items():
        made, content = part["reconstruction"], part.get("content_from_content")
        ignored = made and made.get("mse_with_other_content", np.inf) < 1.05 * made["mse"]
        if part["content_code"]["varying_dimensions"] == 0:
            notes.append(f"{name}: the content code is constant: it leaks nothing and is worth nothing")
        elif ignored:
            notes.append(f"{name}: images are made as well with another image's content code: the decoder ignores it")
        if not content:
            notes.append(f"{name}: no other factor varies within a class, so that content cannot be read off any code")
            continue
        guess = max(content["chance"], content["majority"])
        best = max(cell["mean"] for cell in content["clean"].values())
        if above_chance(best, guess) < DEAD_BELOW:
            meaning = "a dead code" if ignored or not made else "or its factors mean something else in each class"
            notes.append(
                f"{name}: probes read next to nothing of the content off the content code (accuracy {best:.2f},"
                f" guessing {guess:.2f}): {meaning}"
            )
    if not with_images:
        notes.append("reconstruction is unknown: score the checkpoint; without it a low score may be of a dead code")
    return notes
