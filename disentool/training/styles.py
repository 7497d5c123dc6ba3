"""Styles: clusters of the images of each class, each of them a class of its own (Gabbay & Hoshen 2020)."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from disentool.contract import StyledConfig
from disentool.contract.configuration import splits_classes
from disentool.engine import inference
from disentool.engine.feed import to_float
from disentool.errors import DataMismatch, WrongUsage
from disentool.io import checkpoint, vgg
from disentool.io.classes import STYLE, choose
from disentool.io.dataset import Dataset
from disentool.models.styles import attach, stored
from disentool.nn.perceptual import Vgg16
from disentool.reporting import Reporter
from disentool.training.plan import Job

_COMPONENTS = 50  # of the images' principal components
_FITTED = 5000  # images that the components are found from
_SEED = 0  # the styles are the data's, so that runs of other seeds have the same classes


def with_styles(job: Job, data: Dataset, rows: np.ndarray, resume: bool, report: Reporter) -> Dataset:
    """The data with the styles that the job splits its classes into; the data itself where it splits none.

    A run that is resumed keeps the styles that its checkpoint has.
    """
    config = splits_classes(job.config)
    if config is None:
        return data
    found = None
    if resume and job.output.exists():
        found = stored(job.output, checkpoint.read(job.output), data, config.styles)
    return attach(data, find(data, rows, config, report) if found is None else found, config.styles)


def find(data: Dataset, rows: np.ndarray, config: StyledConfig, report: Reporter) -> np.ndarray:
    """The style of every row, uint16 [N], by k-means with ``config.styles`` clusters within each class.

    The clusters are of principal components: of VGG16's features where the loss is perceptual, else of pixels. They
    are found from ``rows`` (int64 [n]), those trained on; of a class without any, from all of its rows.
    """
    from sklearn.cluster import KMeans

    try:
        classes = choose(config.class_factor, data.factor_names, data.factor_sizes, data.class_factor)
    except (DataMismatch, WrongUsage) as error:
        raise type(error)(f"{data.path}: {error}") from None
    if STYLE in data.factor_names:
        raise WrongUsage(f"{data.path}: has a factor {STYLE}; --class-factor {classes.text}+{STYLE} takes it as it is")
    weights = config.style_weights
    features = _components(data, rows, weights)
    what = "pixels" if weights is None else "VGG16's features"
    report.note(f"{data.path}: {config.styles} styles within each {classes.text}, by k-means on {what}")
    labels = classes.of(np.asarray(data.factors, np.int64))
    trained = np.zeros(len(data), bool)
    trained[rows] = True
    found = np.zeros(len(data), np.uint16)
    few = []
    for label in np.unique(labels):
        members = labels == label
        fitted = features[members & trained] if (members & trained).any() else features[members]
        clusters = min(config.styles, len(np.unique(fitted, axis=0)))
        if clusters < config.styles:
            few.append(classes.label(int(label), data.words()))
        means = KMeans(clusters, n_init=4, random_state=_SEED).fit(fitted)
        found[members] = means.predict(features[members])
    if few:
        report.note(f"{data.path}: fewer images than styles in {len(few)} classes, such as {few[0]}")
    return found


def _components(data: Dataset, rows: np.ndarray, weights: Path | None) -> np.ndarray:
    """float32 [N,P] principal components of what the images show."""
    from sklearn.decomposition import PCA

    network = None if weights is None else Vgg16(vgg.read(weights), "normalised")
    some = rows if len(rows) <= _FITTED else np.random.default_rng(_SEED).choice(rows, _FITTED, replace=False)
    sample = np.concatenate(list(_features(data, np.sort(some), network)))
    count = min(_COMPONENTS, *sample.shape)
    principal = PCA(count, svd_solver="randomized", random_state=_SEED).fit(sample)
    every = np.arange(len(data))
    return np.concatenate([principal.transform(part) for part in _features(data, every, network)])


def _features(data: Dataset, rows: np.ndarray, network: Vgg16 | None) -> Iterator[np.ndarray]:
    """float32 [b,P] batch by batch: pixels in 0..1, or the mean over space of VGG16's layers, one beside the other."""
    for start in range(0, len(rows), inference.BATCH):
        images = to_float(torch.from_numpy(np.ascontiguousarray(data.images[rows[start : start + inference.BATCH]])))
        if network is None:
            yield images.flatten(1).numpy()
            continue
        with inference.repeatable():
            yield torch.cat([layer.mean((2, 3)) for layer in network(images)], 1).numpy()
