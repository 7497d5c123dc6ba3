"""Metrics by name: one module each, loaded when asked for, and the contract they share.

A metric never sees a model or an image. It says which rows it needs, a stage encodes them (once, for all the metrics
asked for) and the metric turns the codes into a score:

``NEEDS``
    frozenset of what must be there: ``"factors"`` (labels), ``"logvar"`` (a Gaussian posterior), ``"reconstruction"``
    (``Codes.reconstruction_nats``, and ``Codes.squared_error`` if the stage has it).
``PROTOCOLS``
    dict of protocol name -> frozen dataclass *instance* holding every constant of that protocol; the first is the
    default. ``dataclasses.replace(PROTOCOLS["paper"], votes=100)`` is a variation; the result names what was changed.
``plan(points, options, seed, codes_ready=False) -> Plan``
    what to draw, decided from labels and seed alone, before anything is encoded. ``points`` is a
    ``metrics.sampling.Points``. ``Plan.rows`` are the rows to encode: int64, sorted, unique; ``None``: all rows.
    ``codes_ready`` says that the codes of all rows exist already, so that using every row costs nothing.
``score(plan, codes) -> Result``
    a pure function of the plan and of ``metrics.result.Codes``, which must hold at least ``plan.rows``.

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
    "reconstruction": (
        "disentool.metrics.reconstruction",
        "mean reconstruction error, nats per image, lower is better",
    ),
    "elbo": ("disentool.metrics.elbo", "evidence lower bound, nats per image, higher is better"),
    "kl": ("disentool.metrics.kl", "mean KL of the posterior to N(0, I), nats per image"),
}
