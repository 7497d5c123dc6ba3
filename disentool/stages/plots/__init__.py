"""Plots by name: one module each, loaded when asked for, and the contract they share.

A plot is a function of records. It reads what `score`, `correlate` and `train` write and returns a drawing; a stage
reads the files, adds the caption and saves.

``READS``
    the formats it takes, as in ``io.schema``; the records of one call may be of all of them.
``USES``
    frozenset of the options, beside the size, that mean something to it: ``"metrics"``, ``"terms"``, ``"log"``.
``draw(tables, options) -> style.Drawing``
    ``tables``: list of ``tables.Table``, one a file or stream; ``options``: ``style.Options``. Raises DataMismatch if
    the records hold nothing of this kind.

Every plot tells how many models, seeds or draws are in it, and what its intervals are over.
"""

PLOTS: dict[str, tuple[str, str]] = {
    "tradeoff": (
        "disentool.stages.plots.tradeoff",
        "a score against the reconstruction error: means, seeds, and the way there over training",
    ),
    "history": ("disentool.stages.plots.history", "losses against steps, of several runs"),
    "tc": ("disentool.stages.plots.tc", "total correlation: the discriminator's estimate and the true one"),
    "votes": ("disentool.stages.plots.votes", "which latent dimension stands for which factor, as a matrix"),
    "correlation": ("disentool.stages.plots.correlation", "how metrics go together over models"),
    "sensitivity": ("disentool.stages.plots.sensitivity", "a metric against its own constants"),
    "control": ("disentool.stages.plots.control", "a property against t along directions, with its spread"),
    "distribution": ("disentool.stages.plots.distribution", "a property's histogram where t was asked to be even"),
    "leakage": ("disentool.stages.plots.leakage", "how well the class is read off content codes, by probe"),
    "compare": ("disentool.stages.plots.compare", "methods by metrics, with intervals"),
}
