"""Content transfer: the content of one image on the class of another, against the true image of the two.

The experiment of Gabbay & Hoshen, "Demystifying Inter-Class Disentanglement" (LORD, ICLR 2020): for pairs (i, j) of
images of different class and content whose true image is known, with the class of i and every other factor of j, how
far is the decoder's image of i's class code and j's content code from it? ``score`` is the mean squared error over
pairs, pixels and channels (values in 0..1), or another measure: PSNR, SSIM, LPIPS where weights are given.

Beside it: the true images reconstructed from their own codes, which transfer hardly beats, and what copying i or j
would give; and how often each factor of the content is kept. True images trained on, held out, and of classes never
trained on are measured apart (``details.parts``).
"""

from collections.abc import Mapping
from typing import Any, Literal

from disentool.metrics.arrays import Floats
from disentool.metrics.constants.class_and_content import Transfer
from disentool.metrics.intervals import mean_with_error
from disentool.metrics.parts import IN_WORDS
from disentool.metrics.result import Result

Likeness = Mapping[tuple[str, str], Floats]  # (what is compared with the true image, measure) -> float64 [P]
# What is compared: what the model makes, and what that should be read beside.
COMPARED = ("transfer", "reconstruction", "copy_of_class_image", "copy_of_content_image")


def transfer(
    found: Mapping[str, Likeness],
    *,
    measure: Literal["mse", "psnr", "ssim", "lpips"] = Transfer.measure,
    facts_of: Mapping[str, Mapping[str, Any]] | None = None,
) -> Result:
    """The measure's mean over the pairs of the first part there is.

    ``found``: part (of ``metrics.parts``) -> each of ``COMPARED`` by each measure, float64 [P], of P pairs.
    ``facts_of``: part -> what else its entry in ``details["parts"]`` says. ``kept`` there says of each factor of the
    content in which share of the pairs the image shows the right value of it.
    ``per_factor``: part and measure -> mean; part and factor -> the share kept.
    """
    Transfer(measure=measure)
    parts: dict[str, dict[str, Any]] = {}
    intervals = {}
    for name, values in found.items():
        parts[name], intervals[name] = _of_part(name, values, measure, (facts_of or {}).get(name, {}))
    main = next(iter(parts))
    details = {
        "score_is": f"mean {measure} over pairs; true images: {IN_WORDS[main]}",
        "interval_of": "mean ± 1.96 standard errors over pairs: not over training runs",
        "parts": parts,
        "notes": [note for name, part in parts.items() if (note := _note(name, part))],
    }
    summary = {}
    for name, part in parts.items():
        for quantity, value in part["transfer"].items():
            summary[f"{name} {quantity}"] = value["mean"]
            summary[f"{name} {quantity} of reconstruction"] = part["reconstruction"][quantity]["mean"]
        summary |= {f"{name} {factor} kept": share for factor, share in part.get("kept", {}).items()}
    return Result(parts[main]["transfer"][measure]["mean"], intervals[main], summary, details)


def _note(name: str, part: Mapping[str, Any]) -> str:
    """Where the model gains nothing over one of the two images as it is, that this is so; else empty."""
    made = part["transfer"]["mse"]["mean"]
    copied, image = min((part[f"copy_of_{image}_image"]["mse"]["mean"], image) for image in ("content", "class"))
    if made < copied:
        return ""
    return f"{name}: worse than a copy of the {image} image (mse {made:.4g} against {copied:.4g})"


def _of_part(
    name: str, found: Likeness, measure: str, facts: Mapping[str, Any]
) -> tuple[dict[str, Any], tuple[float, float] | None]:
    """A part's entry in the record, and the interval of its score."""
    out: dict[str, Any] = {"what": IN_WORDS[name], "pairs": len(found["transfer", "mse"]), **facts}
    interval = None
    for (which, quantity), values in found.items():
        mean, between, error = mean_with_error(values)
        out.setdefault(which, {})[quantity] = {"mean": mean, "standard_error": error}
        if (which, quantity) == ("transfer", measure):
            interval = between
    return out, interval
