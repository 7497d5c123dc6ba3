"""Each constant of a metric of a table reaches its function, or says which rows the function is given."""

import inspect
from dataclasses import fields

import pytest

from disentool.metrics import METRICS
from disentool.metrics.mig import mig_of_posteriors

ROWS = {"protocol", "rows", "train_rows", "test_rows"}  # what the drawing of the rows takes
BY_POSTERIORS = {"samples", "without"}  # MIG's, where it is computed without bins


@pytest.mark.parametrize("name", [name for name, facts in METRICS.items() if facts.drawing == "table"])
def test_a_table_metric_takes_each_of_its_constants(name):
    facts = METRICS[name]
    arguments = set(inspect.signature(facts.load()).parameters)
    elsewhere = BY_POSTERIORS if name == "mig" else set()
    for constants in facts.protocols.values():
        assert {field.name for field in fields(constants)} - ROWS - elsewhere <= arguments


def test_mig_by_posteriors_takes_its_own():
    assert "samples" in inspect.signature(mig_of_posteriors).parameters


@pytest.mark.parametrize("name", [name for name, facts in METRICS.items() if facts.drawing == "table"])
def test_a_table_metric_is_called_with_codes_and_then_factors(name):
    facts = METRICS[name]
    first = list(inspect.signature(facts.load()).parameters.values())[: 1 + ("factors" in facts.needs)]
    assert all(each.kind is not inspect.Parameter.KEYWORD_ONLY for each in first)
