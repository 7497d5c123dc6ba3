"""Plots by name: one module each, loaded when asked for, and the contract they share.

A plot is a function of records. It reads what `score`, `correlate` and `train` write and returns a drawing; the caller
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
        "disentool.plots.tradeoff",
        "a score against the reconstruction error: means, seeds, and the way there over training",
    ),
    "history": ("disentool.plots.history", "losses against steps, of several runs"),
    "tc": ("disentool.plots.tc", "total correlation: the discriminator's estimate and the true one"),
    "votes": ("disentool.plots.votes", "which latent dimension stands for which factor, as a matrix"),
    "correlation": ("disentool.plots.correlation", "how metrics go together over models"),
    "sensitivity": ("disentool.plots.sensitivity", "a metric against its own constants"),
    "control": ("disentool.plots.control", "a property against t along directions, with its spread"),
    "distribution": ("disentool.plots.distribution", "a property's histogram where t was asked to be even"),
    "leakage": ("disentool.plots.leakage", "how well the class is read off content codes, by probe"),
    "compare": ("disentool.plots.compare", "methods by metrics, with intervals"),
}
