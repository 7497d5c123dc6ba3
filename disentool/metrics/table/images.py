"""Metrics of images: reconstruction, likelihood, and the two terms of its bound."""

from disentool.contract.units import NATS_PER_IMAGE
from disentool.metrics.constants import images
from disentool.metrics.facts import FROM_ZERO, MetricFacts, protocols

IMAGES: tuple[MetricFacts, ...] = (
    MetricFacts(
        "likelihood",
        "importance-weighted log p(x)",
        'Burda et al., "Importance Weighted Autoencoders" (ICLR 2016), equation 8',
        "higher",
        protocols(images.Likelihood(), images.Likelihood("exact", rows=None)),
        "posterior",
        frozenset({"logvar", "model"}),
        unit=NATS_PER_IMAGE,
        by_name_only="takes minutes",
        title="log p(x)",
    ),
    MetricFacts(
        "reconstruction",
        "mean reconstruction error",
        'Kingma & Welling, "Auto-Encoding Variational Bayes" (ICLR 2014), equation 3',
        "lower",
        protocols(images.Subset()),
        "subset",
        frozenset({"reconstruction"}),
        unit=NATS_PER_IMAGE,
        title="reconstruction error",
    ),
    MetricFacts(
        "elbo",
        "evidence lower bound",
        'Kingma & Welling, "Auto-Encoding Variational Bayes" (ICLR 2014), equation 3',
        "higher",
        protocols(images.Subset()),
        "subset",
        frozenset({"logvar", "reconstruction"}),
        unit=NATS_PER_IMAGE,
        title="ELBO",
    ),
    MetricFacts(
        "kl",
        "mean KL of the posterior to N(0, I)",
        'Kingma & Welling, "Auto-Encoding Variational Bayes" (ICLR 2014), appendix B',
        "neither",
        protocols(images.Subset()),
        "subset",
        frozenset({"logvar"}),
        range=FROM_ZERO,
        unit=NATS_PER_IMAGE,
        title="KL",
    ),
)
