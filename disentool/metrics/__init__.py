"""Metrics by name: what each is, as data, and the function of arrays that computes it.

A function of this package takes NumPy arrays and returns a :class:`disentool.metrics.result.Result`. It never sees a
model, an image file or a data set, and draws no rows: ``disentool.scoring`` does. A new metric is a file with its
function, the dataclass of its constants (``constants/``), and an entry in the table of its kind (``table/``).
NumPy-free, so that help is instant.
"""

from disentool.metrics.facts import MetricFacts
from disentool.metrics.table.class_and_content import CLASS_AND_CONTENT
from disentool.metrics.table.codes_alone import CODES_ALONE
from disentool.metrics.table.directions import DIRECTIONS
from disentool.metrics.table.disentanglement import DISENTANGLEMENT
from disentool.metrics.table.images import IMAGES

METRICS: dict[str, MetricFacts] = {
    facts.name: facts for facts in (*DISENTANGLEMENT, *CODES_ALONE, *IMAGES, *CLASS_AND_CONTENT, *DIRECTIONS)
}

# What ``all`` leaves out, because it takes minutes on a CPU, or several models at once, or directions.
ONLY_BY_NAME = frozenset(name for name, facts in METRICS.items() if facts.by_name_only)
