"""Metrics by name: one module each, loaded when asked for, and the contract they share.

A metric never sees a model or an image. It says which rows it needs, a stage encodes them (once, for all the metrics
asked for) and the metric turns the codes into a score:

``NEEDS``
    frozenset of what must be there: ``"factors"`` (labels), ``"logvar"`` (a Gaussian posterior), ``"reconstruction"``
    (``Codes.reconstruction_nats``, and ``Codes.squared_error`` if the stage has it), ``"model"`` (a checkpoint, not
    codes alone), ``"callables"`` (``score`` takes what a stage lends, ``metrics.result.Callables``, as a third
    argument), ``"others"`` (``score`` takes a list of the ``Codes`` of several models and gives a list of results),
    ``"directions"`` (``score`` takes an ``io.directions.Direction`` instead of codes, and there are no rows).
``PROTOCOLS``
    dict of protocol name -> frozen dataclass *instance* holding every constant of that protocol; the first is the
    default. ``dataclasses.replace(PROTOCOLS["paper"], votes=100)`` is a variation; the result names what was changed.
``plan(points, options, seed, codes_ready=False) -> Plan``
    what to draw, decided from labels and seed alone, before anything is encoded. ``points`` is a
    ``metrics.sampling.Points``. ``Plan.rows`` are the rows to encode: int64, sorted, unique; ``None``: all rows.
    ``codes_ready`` says that the codes of all rows exist already, so that using every row costs nothing.
``ENCODED``, optional
    the default protocol where codes must be made first, because the usual one wants every row.
``SLOW_ABOVE``, optional
    with more rows than this, ``--metric all`` takes the ``ENCODED`` protocol.
``RANGE``, optional
    lowest and highest value of a score; bootstrap intervals are cut to it.
``score(plan, codes) -> Result``
    a pure function of the plan and of ``metrics.result.Codes``, which must hold at least ``plan.rows``.

A metric of a whole table, or one that learns from training rows, plans a ``metrics.split.Split``; ``split.resample``
draws its rows again, which is all that a bootstrap needs.

``Result.interval`` is always a 95 % interval, and ``Result.details["interval_of"]`` says over what.
"""

METRICS: dict[str, tuple[str, str]] = {
    "factor": (
        "disentool.metrics.factor",
        "Kim & Mnih's metric: majority vote on the least varying code, higher is better",
    ),
    "higgins": (
        "disentool.metrics.higgins",
        "Higgins et al.'s metric: a linear classifier on differences of codes, higher is better",
    ),
    "mig": ("disentool.metrics.mig", "mutual information gap of Chen et al., higher is better"),
    "dci": (
        "disentool.metrics.dci",
        "Eastwood & Williams' disentanglement by boosted trees, minutes, higher is better",
    ),
    "dci-hist": ("disentool.metrics.dci_hist", "the same by histogram boosting, seconds, higher is better"),
    "dci-lasso": ("disentool.metrics.dci_lasso", "the same by Lasso regression, higher is better"),
    "sap": ("disentool.metrics.sap", "separated attribute predictability of Kumar et al., higher is better"),
    "modularity": ("disentool.metrics.modularity", "Ridgeway & Mozer's: a code tells of one factor, higher is better"),
    "explicitness": (
        "disentool.metrics.explicitness",
        "Ridgeway & Mozer's: a linear classifier reads the factors, higher is better",
    ),
    "irs": ("disentool.metrics.irs", "interventional robustness of Suter et al., higher is better"),
    "med": ("disentool.metrics.med", "DCI's disentanglement by mutual information, higher is better"),
    "udr": ("disentool.metrics.udr", "unsupervised ranking of Duan et al. over several models, higher is better"),
    "tc": ("disentool.metrics.tc", "total correlation of the aggregate posterior, nats, lower is better"),
    "gaussian-tc": ("disentool.metrics.gaussian_tc", "total correlation of a Gaussian of the means, nats"),
    "wasserstein": ("disentool.metrics.wasserstein", "Wasserstein distance of that Gaussian to an independent one"),
    "mutual-information": ("disentool.metrics.mutual_information", "mean over pairs of code dimensions, nats"),
    "likelihood": ("disentool.metrics.likelihood", "importance-weighted log p(x), nats per image, higher is better"),
    "reconstruction": (
        "disentool.metrics.reconstruction",
        "mean reconstruction error, nats per image, lower is better",
    ),
    "elbo": ("disentool.metrics.elbo", "evidence lower bound, nats per image, higher is better"),
    "leakage": (
        "disentool.metrics.leakage",
        "accuracy of the class as probes read it off the content code, lower is better",
    ),
    "transfer": (
        "disentool.metrics.transfer",
        "squared error of one image's content on another's class, where the true image is known, lower is better",
    ),
    "kl": ("disentool.metrics.kl", "mean KL of the posterior to N(0, I), nats per image"),
    "control": ("disentool.metrics.control", "how a direction (dirs.h5) decides its property: R^2, higher is better"),
}

# What ``all`` leaves out, because it takes minutes on a CPU, or several models at once, or directions.
ONLY_BY_NAME = frozenset({"dci", "dci-hist", "tc", "likelihood", "udr", "leakage", "transfer", "control"})
