"""Metrics that compare codes with factors."""

from disentool.metrics.constants import disentanglement
from disentool.metrics.facts import LABELS, SHARE, MetricFacts, protocols

_FACTORVAE = 'Kim & Mnih, "Disentangling by Factorising" (ICML 2018)'
_DCI = 'Eastwood & Williams, "A Framework for the Quantitative Evaluation of Disentangled Representations" (ICLR 2018)'
# The name stays with its constants, so that old and new records compare.
_NOT_THEIRS = {"ubisoft": "ubisoft-2020"}
_FSTATISTIC = 'Ridgeway & Mozer, "Learning Deep Disentangled Embeddings with the F-Statistic Loss" (NeurIPS 2018)'

DISENTANGLEMENT: tuple[MetricFacts, ...] = (
    MetricFacts(
        "factor",
        "Kim & Mnih's metric: majority vote on the least varying code",
        f"{_FACTORVAE}, section 4",
        "higher",
        protocols(
            disentanglement.Factor(),
            disentanglement.Factor(
                "dlib", votes=10_000, evaluation_votes=5_000, group_size=64, scale_rows=10_000, categorical="number"
            ),
            disentanglement.Factor(
                "ubisoft", evaluation_votes=800, group_size=200, prune_std=0.0, rescaled=True, categorical="number"
            ),
            disentanglement.Factor(
                "ubisoft-2020",
                evaluation_votes=800,
                group_size=200,
                rescaled=True,
                scale_rows=10_000,
                categorical="number",
            ),
        ),
        "votes",
        LABELS,
        range=(-1.0, 1.0),  # rescaled, a score below chance is negative
        title="FactorVAE score",
        superseded=_NOT_THEIRS,
    ),
    MetricFacts(
        "higgins",
        "Higgins et al.'s metric: a linear classifier on differences of codes",
        'Higgins et al., "beta-VAE" (ICLR 2017), as Kim & Mnih (2018) describe it in section 4',
        "higher",
        protocols(
            disentanglement.Higgins(),
            disentanglement.Higgins("dlib", pairs=64, classifier="logistic"),
            disentanglement.Higgins("ubisoft", train_points=800, test_points=800, classifier="logistic", rescaled=True),
            disentanglement.Higgins("ubisoft-2020", classifier="logistic", rescaled=True, iterations=10_000),
        ),
        "pairs",
        LABELS,
        range=(-1.0, 1.0),  # as above
        title="β-VAE score",
        superseded=_NOT_THEIRS,
    ),
    MetricFacts(
        "mig",
        "mutual information gap of Chen et al.",
        'Chen et al., "Isolating Sources of Disentanglement in VAEs" (NeurIPS 2018), section 4',
        "higher",
        protocols(
            disentanglement.Mig(),
            disentanglement.Mig("dlib", rows=10_000),
            disentanglement.Mig("chen", bins=0),
            disentanglement.Mig("ubisoft", bins=10),
            disentanglement.Mig("ubisoft-2020", bins=10, divide_by="code"),
        ),
        "table",
        LABELS,
        range=SHARE,
        encoded="dlib",
        title="MIG",
        superseded=_NOT_THEIRS,
    ),
    MetricFacts(
        "dci",
        "disentanglement of Eastwood & Williams (DCI), by boosted trees",
        _DCI,
        "higher",
        protocols(disentanglement.Dci(), disentanglement.Dci("exact", train_rows=None, test_rows=None)),
        "table",
        LABELS,
        range=SHARE,
        by_name_only="takes many seconds",
        title="DCI",
    ),
    MetricFacts(
        "dci-hist",
        "DCI's disentanglement by boosted trees on binned codes, by second-order gains",
        _DCI,
        "higher",
        protocols(disentanglement.DciHist(), disentanglement.DciHist("exact", train_rows=None, test_rows=None)),
        "table",
        LABELS,
        range=SHARE,
        by_name_only="takes many seconds",
        title="DCI (histogram boosting)",
    ),
    MetricFacts(
        "dci-lasso",
        "DCI's disentanglement by Lasso regression",
        _DCI,
        "higher",
        protocols(disentanglement.DciLasso(), disentanglement.DciLasso("exact", train_rows=None, test_rows=None)),
        "table",
        LABELS,
        range=SHARE,
        title="DCI (Lasso)",
    ),
    MetricFacts(
        "sap",
        "separated attribute predictability of Kumar et al.",
        'Kumar et al., "Variational Inference of Disentangled Latent Concepts" (ICLR 2018)',
        "higher",
        protocols(disentanglement.Sap(), disentanglement.Sap("dlib", train_rows=10_000, test_rows=5_000)),
        "table",
        LABELS,
        range=SHARE,
        encoded="dlib",
        title="SAP",
    ),
    MetricFacts(
        "modularity",
        "how far each code dimension depends on one factor only, of Ridgeway & Mozer",
        _FSTATISTIC,
        "higher",
        protocols(disentanglement.Binned(), disentanglement.Binned("dlib", rows=10_000)),
        "table",
        LABELS,
        range=SHARE,
        encoded="dlib",
    ),
    MetricFacts(
        "explicitness",
        "how well a linear classifier predicts the factors, of Ridgeway & Mozer",
        _FSTATISTIC,
        "higher",
        protocols(
            disentanglement.Explicitness(), disentanglement.Explicitness("dlib", train_rows=10_000, test_rows=5_000)
        ),
        "table",
        LABELS,
        range=SHARE,
        encoded="dlib",
        slow_above=100_000,  # rows: a million take minutes
    ),
    MetricFacts(
        "irs",
        "interventional robustness of Suter et al.",
        'Suter et al., "Robustly Disentangled Causal Mechanisms" (ICML 2019)',
        "higher",
        protocols(
            disentanglement.Irs(),
            disentanglement.Irs("dlib", rows=10_000),
            disentanglement.Irs("paper", quantile=1.0, factor_bins=0),
            disentanglement.Irs("ubisoft", quantile=1.0, factor_bins=0),
            disentanglement.Irs("ubisoft-2020", quantile=1.0, factor_bins=0),
        ),
        "table",
        LABELS,
        range=SHARE,
        encoded="dlib",
        title="IRS",
    ),
    MetricFacts(
        "med",
        "DCI's disentanglement by mutual information, of Cao et al.",
        'Cao et al., "An Empirical Study on Disentanglement of Negative-free Contrastive Learning" (NeurIPS 2022)',
        "higher",
        protocols(disentanglement.Binned(), disentanglement.Binned("dlib", rows=10_000)),
        "table",
        LABELS,
        range=SHARE,
        encoded="dlib",
        title="MED",
    ),
)
