"""Metrics of codes alone."""

from disentool.contract.units import NATS
from disentool.metrics.constants import codes_alone, disentanglement
from disentool.metrics.facts import FROM_ZERO, MetricFacts, protocols

_FACTORVAE = 'Kim & Mnih, "Disentangling by Factorising" (ICML 2018)'
_LOCATELLO = 'Locatello et al., "Challenging Common Assumptions" (ICML 2019), appendix'
_OF_AGGREGATE = protocols(
    codes_alone.Tc(),
    codes_alone.Tc("discriminator", samples=10_000, rows=10_000),
    codes_alone.Tc("gaussian", rows=10_000),
)

CODES_ALONE: tuple[MetricFacts, ...] = (
    MetricFacts(
        "udr",
        "unsupervised ranking of Duan et al. over several models",
        'Duan et al., "Unsupervised Model Selection for Variational Disentangled Representations" (ICLR 2020)',
        "higher",
        protocols(
            codes_alone.Udr(),
            codes_alone.Udr("spearman", similarity="spearman"),
            codes_alone.Udr("exact", rows=None),
            codes_alone.Udr("paper", average="dimensions"),
        ),
        "models",
        frozenset({"others"}),
        range=FROM_ZERO,
        by_name_only="compares several models",
        title="UDR",
    ),
    MetricFacts(
        "tc",
        "total correlation of the aggregate posterior",
        f"{_FACTORVAE}, figure 7",
        "lower",
        _OF_AGGREGATE,
        "posterior",
        frozenset({"logvar"}),
        unit=NATS,  # an estimate may fall below 0 by its error
        by_name_only="takes minutes",
        title="total correlation",
    ),
    MetricFacts(
        "code-information",
        "mutual information I(x; z) of the image and its code: the part of the KL that is not marginal-kl",
        f"{_FACTORVAE}, section 2",
        "neither",
        _OF_AGGREGATE,
        "posterior",
        frozenset({"logvar"}),
        unit=NATS,  # an estimate may fall below 0 by its error
        by_name_only="takes minutes",
        title="I(x; z)",
    ),
    MetricFacts(
        "marginal-kl",
        "KL of the aggregate posterior to N(0, I): the part of the KL that is not code-information",
        f"{_FACTORVAE}, section 2",
        "lower",
        _OF_AGGREGATE,
        "posterior",
        frozenset({"logvar"}),
        unit=NATS,  # as above
        by_name_only="takes minutes",
        title="KL(q(z) || p(z))",
    ),
    MetricFacts(
        "gaussian-tc",
        "total correlation of a Gaussian of the means",
        _LOCATELLO,
        "lower",
        protocols(codes_alone.GaussianTc(), codes_alone.GaussianTc("dlib", rows=10_000)),
        "table",
        range=FROM_ZERO,
        unit=NATS,
        encoded="dlib",
        title="Gaussian total correlation",
    ),
    MetricFacts(
        "wasserstein",
        "Wasserstein distance of a Gaussian of the means to one with independent dimensions",
        _LOCATELLO,
        "lower",
        protocols(codes_alone.Wasserstein(), codes_alone.Wasserstein("dlib", rows=10_000)),
        "table",
        range=FROM_ZERO,
        encoded="dlib",
        title="Wasserstein distance",
    ),
    MetricFacts(
        "mutual-information",
        "mutual information of two code dimensions, mean over all pairs",
        _LOCATELLO,
        "lower",
        protocols(disentanglement.Binned(), disentanglement.Binned("dlib", rows=10_000)),
        "table",
        range=FROM_ZERO,
        unit=NATS,
        encoded="dlib",
        title="mutual information",
    ),
)
