"""What every metric says of itself, as data, and what is a view of that."""

import math
import subprocess
import sys
from dataclasses import fields, replace

import pytest
from conftest import ROOT

from disentool.errors import UnknownName, WrongUsage
from disentool.metrics import METRICS, ONLY_BY_NAME
from disentool.metrics.constants import Factor, Higgins, Mig, Sap
from disentool.metrics.facts import markdown_table
from disentool.results.labels import arrow

NAMES = pytest.mark.parametrize("name", METRICS)


@NAMES
def test_every_metric_is_told_whole(name):
    facts = METRICS[name]
    assert facts.name == name
    assert facts.summary
    assert facts.paper
    assert facts.range[0] < facts.range[1]
    assert all(constants.protocol == protocol for protocol, constants in facts.protocols.items())
    assert not facts.encoded or facts.encoded in facts.protocols
    assert (name in ONLY_BY_NAME) == bool(facts.by_name_only)
    for constants in facts.protocols.values():
        assert all(field.metadata["help"] for field in fields(constants) if field.name != "protocol")


def test_words_and_arrows_are_of_the_direction():
    assert METRICS["factor"].told.endswith("varying code, higher is better")
    assert METRICS["elbo"].told == "evidence lower bound, nats per image, higher is better"
    assert METRICS["kl"].told == "mean KL of the posterior to N(0, I), nats per image"
    assert [arrow(name) for name in ("factor", "reconstruction", "kl", "mine:metric")] == ["↑", "↓", "", ""]


def test_what_cannot_be_is_refused():
    with pytest.raises(WrongUsage, match=r"^votes 0: expected at least 1$"):
        Factor(votes=0)
    with pytest.raises(WrongUsage, match=r"^prune_std nan: expected at least 0$"):
        Factor(prune_std=math.nan)
    with pytest.raises(WrongUsage, match=r"^classifier_accumulator 0.0: expected a number above 0$"):
        Higgins(classifier_accumulator=0.0)
    with pytest.raises(UnknownName, match="classifier of metric higgins"):
        Higgins(classifier="linear")
    with pytest.raises(WrongUsage, match=r"^mode x: expected discrete or continuous$"):
        Sap(mode="x")
    with pytest.raises(WrongUsage, match=r"^rows 1: expected at least 2$"):
        replace(Mig(), rows=1)
    assert Mig(rows=None).rows is None


def test_the_table_is_rendered():
    table = markdown_table(METRICS.values())
    rows = table.splitlines()
    assert rows[0].startswith("| metric |")
    assert len(rows) == len(METRICS) + 2
    assert all(row.count("|") == rows[0].count("|") for row in rows)
    (mig,) = (row for row in rows if row.startswith("| `mig` "))
    assert "↑" in mig
    assert "`exact` `dlib` `chen` `ubisoft`" in mig


def test_the_guide_holds_the_table():
    text = (ROOT / "examples/metrics.md").read_text(encoding="utf-8")
    _, found, rest = text.partition("<!-- metrics -->\n")
    assert found
    assert rest.partition("<!-- /metrics -->")[0].strip() == markdown_table(METRICS.values())


def test_facts_need_no_numpy():
    code = "import sys, disentool.metrics; sys.exit(f\"{ {'numpy', 'torch', 'scipy', 'sklearn'} & set(sys.modules) }\""
    code += " if {'numpy', 'torch', 'scipy', 'sklearn'} & set(sys.modules) else 0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
