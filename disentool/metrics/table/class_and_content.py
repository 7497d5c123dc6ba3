"""Metrics of class and content codes."""

from disentool.metrics.constants import class_and_content
from disentool.metrics.facts import LABELS, SHARE, MetricFacts, protocols

_LORD = 'Gabbay & Hoshen, "Demystifying Inter-Class Disentanglement" (ICLR 2020)'

CLASS_AND_CONTENT: tuple[MetricFacts, ...] = (
    MetricFacts(
        "leakage",
        "accuracy with which probes predict the class from the content code",
        _LORD,
        "lower",
        protocols(class_and_content.Leakage()),
        "leakage",
        LABELS,
        range=SHARE,
        by_name_only="is of class and content codes",
    ),
    MetricFacts(
        "transfer",
        "squared error of one image's content on another's class, where the true image is known",
        _LORD,
        "lower",
        protocols(class_and_content.Transfer()),
        "transfer",
        frozenset({"factors", "model"}),
        by_name_only="is of class and content codes",
    ),
)
