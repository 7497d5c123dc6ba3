"""The constants of every metric: a frozen dataclass each, whose fields hold default, meaning and bounds.

A module for each kind of metric, as in :mod:`disentool.metrics.table`. A protocol is an instance.
``dataclasses.replace(METRICS["factor"].protocols["paper"], votes=100)`` is a variation, and a record names what was
changed. The functions of this package take their defaults from here, and refuse with it what cannot be. NumPy-free, so
that help is instant.
"""
