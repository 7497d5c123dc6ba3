"""Which metrics, on which rows, with what of the model: draws of rows, codes, repetitions, resamples, comparisons.

What lies where, in the order in which ``disentool score ckpt.pt --metric mig`` goes through it after
``commands/score.py``:

=======================  =============================================================================================
``metric.py``            metrics by name, each with the constants of its protocol; what a draw of rows is
``artefact.py``          what a file is that is to be scored; the steps that checkpoints and files of codes share
``score_checkpoint.py``  a checkpoint and its data -> records: draw the rows, encode them, score
``score_latents.py``     a file of codes -> records
``score_directions.py``  a file of directions -> records; ``image_measurement.py``: how images along them are measured
``data_rows.py``         the rows that there are, with their factors; groups of rows that share a value
``drawing/``             a module for each way to draw rows (below); what two of them share: ``seeded_subset.py``,
                         ``class_and_content.py``, ``true_pairs.py``
``codes.py``             what the rows were encoded to
``model_functions.py``   what a metric may use besides codes: the decoder, the discriminator, LPIPS, progress
``score_metric.py``      one metric on one artefact's codes: its repetitions with other seeds, its bootstrap
``compare_models.py``    a metric that compares models: keeps their codes until all are there
``record.py``            the record of a score: constants, details, notes
=======================  =============================================================================================

``DRAWINGS`` names the module of each way to draw rows. Such a module has two functions, and may have a third:

``draw(facts, data, constants, seed, codes_ready=False)``
    which rows, decided from labels and seed alone, before anything is encoded: a dataclass with at least what
    ``metric.Draw`` says. ``facts``: the metric's (``metrics.facts.MetricFacts``); ``data``: the rows that there are
    (``data_rows.DataRows``); ``constants``: those of the protocol; ``codes_ready``: the codes of all rows exist
    already, so that using every row costs nothing.
``score(facts, drawn, codes, functions) -> Result``
    the metric of ``codes`` (``codes.Codes``), which hold at least the rows drawn, with the ``functions`` that there
    are (``model_functions.ModelFunctions``). A metric that compares models gets a list of codes and gives a list of
    results; one of directions gets an ``io.directions_file.Direction``.
``resample(drawn, rng)``
    the rows drawn again from themselves, for the bootstrap.
"""

from disentool.metrics.facts import Drawing

DRAWINGS: dict[Drawing, str] = {
    "table": "disentool.scoring.drawing.table_rows",
    "votes": "disentool.scoring.drawing.factor_votes",
    "pairs": "disentool.scoring.drawing.higgins_pairs",
    "subset": "disentool.scoring.drawing.image_means",
    "posterior": "disentool.scoring.drawing.posterior_samples",
    "models": "disentool.scoring.drawing.several_models",
    "leakage": "disentool.scoring.drawing.leakage_parts",
    "transfer": "disentool.scoring.drawing.transfer_pairs",
    "control": "disentool.scoring.drawing.direction_starts",
    "own": "disentool.scoring.drawing.own_function",
}
