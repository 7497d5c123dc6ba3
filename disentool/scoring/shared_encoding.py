"""The codes of a checkpoint that metrics need, made once for all of them."""

from collections.abc import Iterator
from dataclasses import fields

import numpy as np

from disentool.engine import inference
from disentool.engine.feed import Feed
from disentool.io.dataset import Dataset
from disentool.models import encoding
from disentool.models.model import TrainedModel
from disentool.reporting import Reporter
from disentool.scoring.codes import Codes


def encode(
    model: TrainedModel,
    dataset: Dataset,
    chosen: np.ndarray,
    rows: np.ndarray,
    decoded: np.ndarray,
    seed: int,
    source: encoding.Source,
    report: Reporter,
) -> dict[bool, Codes]:
    """Codes of ``rows`` and ``decoded``, each once; keyed by whether the reconstruction, known for ``decoded``, is in.

    Both count among the ``chosen`` rows of the data set. ``source``: where the codes come from.
    """
    few = 4 * (len(rows) + len(decoded)) < len(chosen)  # then the data set is not worth sending to the device
    feed = Feed(dataset.images, None, model.device, rows=chosen, resident=not few)
    plain = np.setdiff1d(rows, decoded, assume_unique=True)
    parts: dict[bool, list[dict[str, np.ndarray]]] = {False: [], True: []}
    with report.task(f"encode {model.path.name}", len(plain) + len(decoded), "images") as task:
        done = 0
        for both, wanted in ((True, decoded), (False, plain)):
            if source == "encoder":
                batches = inference.encode(model.method, model.networks, feed, wanted, seed if both else None)
            else:
                batches = _optimised(model, dataset, chosen, feed, wanted, both)
            for part in batches:
                parts[both].append(part)
                done += len(part["mean"])
                task.update(done)

    def table(found: list[dict[str, np.ndarray]], their_rows: np.ndarray) -> Codes:
        order = np.argsort(their_rows)
        names = set.intersection({field.name for field in fields(Codes)}, *(set(part) for part in found))
        return Codes(their_rows[order], **{n: np.concatenate([part[n] for part in found])[order] for n in names})

    out = {}
    if parts[True]:
        out[True] = table(parts[True], decoded)
    if parts[True] or parts[False]:
        out[False] = table(parts[True] + parts[False], np.concatenate([decoded, plain]))
    return out


def _optimised(
    model: TrainedModel, dataset: Dataset, chosen: np.ndarray, feed: Feed, rows: np.ndarray, decoded: bool
) -> Iterator[dict[str, np.ndarray]]:
    """As :func:`disentool.engine.inference.encode`, of the codes optimised for training rows."""
    start = 0
    for part in encoding.of_rows(model, dataset, chosen[rows], "latent"):
        their = rows[start : start + len(part["mean"])]
        start += len(their)
        if decoded:
            part |= inference.reconstruct(model.method, model.networks, feed, their, part["mean"])
        yield part
