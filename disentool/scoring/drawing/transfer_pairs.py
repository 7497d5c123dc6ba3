"""The pairs of the metric transfer, whose true image is known, and how like it is what the model makes of them."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from disentool.errors import DataMismatch, WrongUsage
from disentool.metrics.arrays import refuse_non_finite
from disentool.metrics.constants.class_and_content import Transfer
from disentool.metrics.exchanged_images import BATCH, Images
from disentool.metrics.facts import MetricFacts
from disentool.metrics.parts import PARTS
from disentool.metrics.result import Result
from disentool.metrics.similarity import measures
from disentool.metrics.transfer import COMPARED, transfer
from disentool.scoring.codes import Codes
from disentool.scoring.data_rows import DataRows
from disentool.scoring.drawing import kept_content, true_pairs
from disentool.scoring.drawing.class_and_content import Labels, columns, cut, images_of, labels
from disentool.scoring.drawing.kept_content import Cells
from disentool.scoring.drawing.seeded_subset import check_protocol, check_seed
from disentool.scoring.drawing.true_pairs import TruePairs
from disentool.scoring.model_functions import ModelFunctions, required
from disentool.scoring.record import recorded_constants, with_details

MOST = 10_000_000  # pairs that are taken one by one


@dataclass(frozen=True, eq=False)
class TransferPairs:
    """``rows`` to encode: int64, sorted; ``parts``: name -> all its pairs, and the numbers int64 [P] of those drawn."""

    rows: np.ndarray
    n: int
    parts: dict[str, tuple[TruePairs, np.ndarray]]
    labels: Labels
    cutting: str | int
    constants: Transfer
    seed: int


def draw(
    facts: MetricFacts, data: DataRows, constants: Transfer, seed: int, codes_ready: bool = False
) -> TransferPairs:
    """The pairs of each part: as many as asked for, drawn without replacement.

    Raises NoFactors, WrongUsage, DataMismatch: no class, no class code, or no pair with a true image.
    """
    check_protocol(facts, constants)
    seed = check_seed(seed)
    known = labels(data, constants.class_factor, "transfer")
    cutting = columns(data.training, constants.class_dims, "transfer")
    if not known.content_names:
        raise DataMismatch("metric transfer needs a factor besides the class: what else two images should share")
    contents = np.unique(known.contents, axis=0, return_inverse=True)[1].reshape(-1)
    rng = np.random.default_rng((seed, 0))
    parts, wanted = {}, [np.zeros(0, np.int64)]
    for number, name in enumerate(PARTS):
        pairs = true_pairs.find(known.classes, contents, np.flatnonzero(known.parts == number))
        if pairs.total:
            if (constants.pairs or pairs.total) > MOST:
                raise WrongUsage(f"metric transfer: there are {pairs.total:,} pairs; --set pairs=N asks for fewer")
            numbers = pairs.draw(constants.pairs, rng)
            parts[name] = (pairs, numbers)
            for start in range(0, len(numbers), 1 << 16):
                wanted.append(np.unique(np.concatenate(pairs.at(numbers[start : start + (1 << 16)]))))
    if not parts:
        raise DataMismatch(
            f"metric transfer finds no two images of different {known.factor.text} for which there is an image with the"
            f" {known.factor.text} of one and every other factor ({', '.join(known.content_names)}) of the other"
        )
    every = np.unique(np.concatenate(wanted))
    return TransferPairs(every, data.n, parts, known, cutting, constants, seed)


def score(facts: MetricFacts, drawn: TransferPairs, codes: Codes, functions: ModelFunctions) -> Result:
    """The measure's mean over the pairs of the first part there is, in the order of PARTS."""
    constants = drawn.constants
    if constants.measure == "lpips":
        required(functions.perceptual, "transfer", "LPIPS's weights (--lpips FILE)")
    table = codes.mean[codes.at(drawn.rows)]
    refuse_non_finite(table, "codes")
    halves = cut(drawn.cutting, table.shape[1])
    images = images_of(functions, table, halves, drawn.rows)
    pixels = functions.images
    if images is None or pixels is None:
        raise DataMismatch("metric transfer needs the images of a data set: score the checkpoint, not its codes")
    cells = Cells(drawn.labels.classes, drawn.labels.contents, drawn.labels.content_names)
    total, done = sum(len(numbers) for _, numbers in drawn.parts.values()), 0
    found: dict[str, dict[tuple[str, str], np.ndarray]] = {}
    facts_of: dict[str, dict[str, Any]] = {}
    for name, (pairs, numbers) in drawn.parts.items():
        blocks: dict[tuple[str, str], list[np.ndarray]] = {}
        kept: dict[str, list[np.ndarray]] = {}
        for start in range(0, len(numbers), BATCH):
            triples = pairs.at(numbers[start : start + BATCH])
            at = tuple(np.searchsorted(drawn.rows, rows) for rows in triples)
            compared, made = _compared(images, functions, *at)
            for key, values in compared.items():
                blocks.setdefault(key, []).append(values)
            errors = compared["transfer", "mse"]
            for factor, right in kept_content.kept(made, errors, triples[2], cells, pixels).items():
                kept.setdefault(factor, []).append(right)
            done += len(triples[0])
            functions.progress(done, total)
        found[name] = {key: np.concatenate(values) for key, values in blocks.items()}
        facts_of[name] = {
            "pairs_there_are": pairs.total,
            "true_images_there_are": int((np.diff(pairs.ends, prepend=0) > 0).sum()),
            "kept": {factor: float(np.concatenate(right).mean()) for factor, right in kept.items()},
        }
    before = {
        **recorded_constants(facts, constants),
        "class_factor": drawn.labels.factor.text,
        "content_factors": list(drawn.labels.content_names),
    }
    after = {"class_dimensions": len(halves[0]), "content_dimensions": len(halves[1]), "seed": drawn.seed}
    return with_details(transfer(found, measure=constants.measure, facts_of=facts_of), constants, before, after)


def _compared(
    images: Images, functions: ModelFunctions, i: np.ndarray, j: np.ndarray, t: np.ndarray
) -> tuple[dict[tuple[str, str], np.ndarray], np.ndarray]:
    """Each measure, float64 [B], of what is made of the pairs, and of what it should be read beside; and the former.

    ``i``, ``j``, ``t``: which codes are of the class image, the content image and the true one, int64 [B].
    """
    true = images.true(t)
    candidates = (images.made(i, j), images.made(t, t), images.true(i), images.true(j))
    out = {}
    for name, made in zip(COMPARED, candidates, strict=True):
        likeness = measures(made, true)
        if functions.perceptual is not None:
            likeness["lpips"] = functions.perceptual(made, true)
        for measure, values in likeness.items():
            refuse_non_finite(values, f"{measure} of {name.replace('_', ' ')}")
            out[name, measure] = values
    return out, candidates[0]
