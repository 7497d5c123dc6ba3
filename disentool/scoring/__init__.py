"""Which metrics, on which rows, with what of the model: plans, codes, repetitions, resamples and comparisons.

``DRAWINGS`` names the module of each way to draw rows. Such a module has two functions, and may have a third:

``plan(facts, points, options, seed, codes_ready=False)``
    what to draw, decided from labels and seed alone, before anything is encoded. ``facts``: the metric's
    (``metrics.facts.MetricFacts``); ``options``: the constants of its protocol; ``points``: the rows that there are
    (``scoring.points.Points``); ``codes_ready``: the codes of all rows exist already, so that using every row costs
    nothing. The plan's ``rows`` are those to encode, int64, sorted, unique; None: all.
``score(facts, plan, codes, lent) -> Result``
    the metric of ``codes`` (``scoring.codes.Codes``), which hold at least the plan's rows, with the functions that it
    is ``lent`` (``scoring.lent_functions.LentFunctions``). A metric that compares models gets a list of codes and gives
    a list of results; one of directions gets an ``io.directions_file.Direction``.
``resample(plan, rng)``
    the plan with its rows drawn again, for the bootstrap.
"""

from disentool.metrics.facts import Drawing

DRAWINGS: dict[Drawing, str] = {
    "table": "disentool.scoring.drawing.table_rows",
    "votes": "disentool.scoring.drawing.factor_votes",
    "pairs": "disentool.scoring.drawing.higgins_pairs",
    "subset": "disentool.scoring.drawing.image_subset",
    "posterior": "disentool.scoring.drawing.posterior_samples",
    "models": "disentool.scoring.drawing.several_models",
    "leakage": "disentool.scoring.drawing.leakage_parts",
    "transfer": "disentool.scoring.drawing.transfer_pairs",
    "control": "disentool.scoring.drawing.direction_starts",
}
