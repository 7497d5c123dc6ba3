"""Metrics of class and content codes."""

from disentool.metrics.constants import class_and_content
from disentool.metrics.facts import FROM_ZERO, LABELS, SHARE, Measure, MetricFacts, protocols

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
        by_name_only="needs a class code and a content code",
        title="class leakage",
    ),
    MetricFacts(
        "transfer",
        "one image's content on another's class, compared with the true image where that is known",
        _LORD,
        "lower",
        protocols(class_and_content.Transfer()),
        "transfer",
        frozenset({"factors", "model"}),
        range=SHARE,
        by_name_only="needs a class code and a content code",
        measures={
            "mse": Measure("lower", SHARE),
            "psnr": Measure("higher", (0.0, 100.0), "dB"),
            "ssim": Measure("higher", (-1.0, 1.0)),
            "lpips": Measure("lower", FROM_ZERO),
        },
        title="transfer error",
    ),
)
