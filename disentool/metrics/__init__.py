"""Metrics by name: what each is, as data, and the function of arrays that computes it.

A function of this package takes NumPy arrays and returns a :class:`disentool.metrics.result.Result`. It never sees a
model, an image file or a data set, and draws no rows: ``disentool.scoring`` does. A new metric is a file with its
function, the dataclass of its constants, and an entry here. NumPy-free, so that help is instant.
"""

from collections.abc import Iterable
from math import inf

from disentool.metrics import constants as of
from disentool.metrics.bounds import Constants
from disentool.metrics.facts import Drawing, MetricFacts, Need

_LABELS: frozenset[Need] = frozenset({"factors"})
_NATS = "nats per image"
_SHARE, _FROM_ZERO = (0.0, 1.0), (0.0, inf)
_LABELLED_TABLE: tuple[Drawing, frozenset[Need], tuple[float, float]] = ("table", _LABELS, _SHARE)
_LOCATELLO = 'Locatello et al., "Challenging Common Assumptions" (ICML 2019), appendix'
_DCI = 'Eastwood & Williams, "A Framework for the Quantitative Evaluation of Disentangled Representations" (ICLR 2018)'
_FSTATISTIC = 'Ridgeway & Mozer, "Learning Deep Disentangled Embeddings with the F-Statistic Loss" (NeurIPS 2018)'
_FACTORVAE = 'Kim & Mnih, "Disentangling by Factorising" (ICML 2018)'
_LORD = 'Gabbay & Hoshen, "Demystifying Inter-Class Disentanglement" (ICLR 2020)'


def _protocols(*protocols: Constants) -> dict[str, Constants]:
    return {constants.protocol: constants for constants in protocols}


def _table(metrics: Iterable[MetricFacts]) -> dict[str, MetricFacts]:
    return {facts.name: facts for facts in metrics}


METRICS: dict[str, MetricFacts] = _table(
    (
        MetricFacts(
            "factor",
            "Kim & Mnih's metric: majority vote on the least varying code",
            f"{_FACTORVAE}, section 4",
            "higher",
            _protocols(
                of.Factor(),
                of.Factor("dlib", votes=10_000, evaluation_votes=5_000, group_size=64, scale_rows=10_000),
                of.Factor("ubisoft", evaluation_votes=800, group_size=200, prune_std=0.0, rescaled=True),
            ),
            "votes",
            _LABELS,
            range=(-1.0, 1.0),  # rescaled, a score below chance is negative
        ),
        MetricFacts(
            "higgins",
            "Higgins et al.'s metric: a linear classifier on differences of codes",
            'Higgins et al., "beta-VAE" (ICLR 2017), as Kim & Mnih (2018) describe it in section 4',
            "higher",
            _protocols(
                of.Higgins(),
                of.Higgins("dlib", pairs=64, classifier="logistic"),
                of.Higgins("ubisoft", train_points=800, test_points=800, classifier="logistic", rescaled=True),
            ),
            "pairs",
            _LABELS,
            range=(-1.0, 1.0),  # as above
        ),
        MetricFacts(
            "mig",
            "mutual information gap of Chen et al.",
            'Chen et al., "Isolating Sources of Disentanglement in VAEs" (NeurIPS 2018), section 4',
            "higher",
            _protocols(of.Mig(), of.Mig("dlib", rows=10_000), of.Mig("chen", bins=0), of.Mig("ubisoft", bins=10)),
            *_LABELLED_TABLE,
            encoded="dlib",
        ),
        MetricFacts(
            "dci",
            "Eastwood & Williams' disentanglement by boosted trees, minutes",
            _DCI,
            "higher",
            _protocols(of.Dci(), of.Dci("exact", train_rows=None, test_rows=None)),
            *_LABELLED_TABLE,
            by_name_only="takes minutes",
        ),
        MetricFacts(
            "dci-hist",
            "DCI disentanglement by histogram boosting, seconds",
            _DCI,
            "higher",
            _protocols(of.DciHist(), of.DciHist("exact", train_rows=None, test_rows=None)),
            *_LABELLED_TABLE,
            by_name_only="takes many seconds",
        ),
        MetricFacts(
            "dci-lasso",
            "DCI disentanglement by Lasso regression",
            _DCI,
            "higher",
            _protocols(of.DciLasso(), of.DciLasso("exact", train_rows=None, test_rows=None)),
            *_LABELLED_TABLE,
        ),
        MetricFacts(
            "sap",
            "separated attribute predictability of Kumar et al.",
            'Kumar et al., "Variational Inference of Disentangled Latent Concepts" (ICLR 2018)',
            "higher",
            _protocols(of.Sap(), of.Sap("dlib", train_rows=10_000, test_rows=5_000)),
            *_LABELLED_TABLE,
            encoded="dlib",
        ),
        MetricFacts(
            "modularity",
            "how far each code dimension depends on one factor only, of Ridgeway & Mozer",
            _FSTATISTIC,
            "higher",
            _protocols(of.Binned(), of.Binned("dlib", rows=10_000)),
            *_LABELLED_TABLE,
            encoded="dlib",
        ),
        MetricFacts(
            "explicitness",
            "how well a linear classifier reads the factors, of Ridgeway & Mozer",
            _FSTATISTIC,
            "higher",
            _protocols(of.Explicitness(), of.Explicitness("dlib", train_rows=10_000, test_rows=5_000)),
            *_LABELLED_TABLE,
            encoded="dlib",
            slow_above=100_000,  # rows: a million take minutes
        ),
        MetricFacts(
            "irs",
            "interventional robustness of Suter et al.",
            'Suter et al., "Robustly Disentangled Causal Mechanisms" (ICML 2019)',
            "higher",
            _protocols(
                of.Irs(),
                of.Irs("dlib", rows=10_000),
                of.Irs("paper", quantile=1.0, factor_bins=0),
                of.Irs("ubisoft", quantile=1.0, factor_bins=0),
            ),
            *_LABELLED_TABLE,
            encoded="dlib",
        ),
        MetricFacts(
            "med",
            "DCI's disentanglement by mutual information",
            'Cao et al., "An Empirical Study on Disentanglement of Negative-free Contrastive Learning" (NeurIPS 2022)',
            "higher",
            _protocols(of.Binned(), of.Binned("dlib", rows=10_000)),
            *_LABELLED_TABLE,
            encoded="dlib",
        ),
        MetricFacts(
            "udr",
            "unsupervised ranking of Duan et al. over several models",
            'Duan et al., "Unsupervised Model Selection for Variational Disentangled Representations" (ICLR 2020)',
            "higher",
            _protocols(of.Udr(), of.Udr("spearman", similarity="spearman"), of.Udr("exact", rows=None)),
            "models",
            frozenset({"others"}),
            range=_FROM_ZERO,
            by_name_only="compares several models",
        ),
        MetricFacts(
            "tc",
            "total correlation of the aggregate posterior",
            f"{_FACTORVAE}, figure 7",
            "lower",
            _protocols(
                of.Tc(),
                of.Tc("discriminator", samples=10_000, rows=10_000),
                of.Tc("gaussian", rows=10_000),
            ),
            "posterior",
            frozenset({"logvar"}),
            unit="nats",  # an estimate may fall below 0 by its error
            by_name_only="takes minutes",
        ),
        MetricFacts(
            "gaussian-tc",
            "total correlation of a Gaussian of the means",
            _LOCATELLO,
            "lower",
            _protocols(of.GaussianTc(), of.GaussianTc("dlib", rows=10_000)),
            "table",
            range=_FROM_ZERO,
            unit="nats",
            encoded="dlib",
        ),
        MetricFacts(
            "wasserstein",
            "Wasserstein distance of a Gaussian of the means to one with independent dimensions",
            _LOCATELLO,
            "lower",
            _protocols(of.Wasserstein(), of.Wasserstein("dlib", rows=10_000)),
            "table",
            range=_FROM_ZERO,
            encoded="dlib",
        ),
        MetricFacts(
            "mutual-information",
            "mutual information of two code dimensions, mean over all pairs",
            _LOCATELLO,
            "lower",
            _protocols(of.Binned(), of.Binned("dlib", rows=10_000)),
            "table",
            range=_FROM_ZERO,
            unit="nats",
            encoded="dlib",
        ),
        MetricFacts(
            "likelihood",
            "importance-weighted log p(x)",
            'Burda et al., "Importance Weighted Autoencoders" (ICLR 2016), equation 8',
            "higher",
            _protocols(of.Likelihood(), of.Likelihood("exact", rows=None)),
            "posterior",
            frozenset({"logvar", "model"}),
            unit=_NATS,
            by_name_only="takes minutes",
        ),
        MetricFacts(
            "reconstruction",
            "mean reconstruction error",
            'Kingma & Welling, "Auto-Encoding Variational Bayes" (ICLR 2014), equation 3',
            "lower",
            _protocols(of.Subset()),
            "subset",
            frozenset({"reconstruction"}),
            unit=_NATS,
        ),
        MetricFacts(
            "elbo",
            "evidence lower bound",
            'Kingma & Welling, "Auto-Encoding Variational Bayes" (ICLR 2014), equation 3',
            "higher",
            _protocols(of.Subset()),
            "subset",
            frozenset({"logvar", "reconstruction"}),
            unit=_NATS,
        ),
        MetricFacts(
            "leakage",
            "accuracy with which probes predict the class from the content code",
            _LORD,
            "lower",
            _protocols(of.Leakage()),
            "leakage",
            _LABELS,
            range=_SHARE,
            by_name_only="is of class and content codes",
        ),
        MetricFacts(
            "transfer",
            "squared error of one image's content on another's class, where the true image is known",
            _LORD,
            "lower",
            _protocols(of.Transfer()),
            "transfer",
            frozenset({"factors", "model"}),
            by_name_only="is of class and content codes",
        ),
        MetricFacts(
            "kl",
            "mean KL of the posterior to N(0, I)",
            'Kingma & Welling, "Auto-Encoding Variational Bayes" (ICLR 2014), appendix B',
            "neither",
            _protocols(of.Subset()),
            "subset",
            frozenset({"logvar"}),
            range=_FROM_ZERO,
            unit=_NATS,
        ),
        MetricFacts(
            "control",
            "share of a property's variance that the position along a direction (dirs.h5) explains: R^2",
            'Plumerault et al., "Controlling generative models with continuous factors of variations" (ICLR 2020)',
            "higher",
            _protocols(
                of.Control(),
                of.Control("quick", starts=30, levels=13, samples=100, baseline=3, baseline_starts=10, resamples=500),
            ),
            "control",
            frozenset({"directions"}),
            range=(-inf, 1.0),
            by_name_only="is of directions",
        ),
    )
)

# What ``all`` leaves out, because it takes minutes on a CPU, or several models at once, or directions.
ONLY_BY_NAME = frozenset(name for name, facts in METRICS.items() if facts.by_name_only)
