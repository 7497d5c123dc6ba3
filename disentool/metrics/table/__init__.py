"""What each metric is, as data: a module for each kind of metric, an entry for each metric.

NumPy-free, so that help is instant.
"""
