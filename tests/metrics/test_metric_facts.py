"""What every metric says of itself, as data, and what is a view of that.

The tables of metrics and constants in ``examples/metrics.md`` are such views. To write them anew, run

    DISENTOOL_WRITE_TABLES=1 python -m pytest -n 0 tests/metrics/test_metric_facts.py

and read the difference before it is committed.
"""

import math
import os
import subprocess
import sys
from dataclasses import fields, replace
from typing import get_args, get_type_hints

import pytest
from conftest import ROOT

from disentool.errors import UnknownName, WrongUsage
from disentool.metrics import METRICS, ONLY_BY_NAME
from disentool.metrics.constants.class_and_content import Transfer
from disentool.metrics.constants.disentanglement import Factor, Higgins, Mig, Sap
from disentool.metrics.facts import markdown_constants, markdown_table
from disentool.metrics.similarity import PSNR_CAP
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
    assert METRICS["factor"].description.endswith("varying code, higher is better")
    assert METRICS["elbo"].description == "evidence lower bound, nats per image, higher is better"
    assert METRICS["kl"].description == "mean KL of the posterior to N(0, I), nats per image"
    assert [arrow(name) for name in ("factor", "reconstruction", "kl", "mine:metric")] == ["↑", "↓", "", ""]


@pytest.mark.parametrize("bins", [-1, 1])
def test_bins_of_mig_say_what_0_means(bins):
    with pytest.raises(WrongUsage, match="Gaussian mixtures"):
        Mig(bins=bins)
    assert Mig(bins=0).bins == 0


def test_what_cannot_be_is_refused():
    with pytest.raises(WrongUsage, match="votes 0"):
        Factor(votes=0)
    with pytest.raises(WrongUsage, match="prune_std"):
        Factor(prune_std=math.nan)
    with pytest.raises(WrongUsage, match="classifier_accumulator"):
        Higgins(classifier_accumulator=0.0)
    with pytest.raises(UnknownName, match="'linear'"):
        Higgins(classifier="linear")
    with pytest.raises(WrongUsage, match="mode x"):
        Sap(mode="x")
    with pytest.raises(WrongUsage, match="rows 1"):
        replace(Mig(), rows=1)
    assert Mig(rows=None).rows is None


def test_a_measure_has_its_own_direction_range_and_unit():
    transfer = METRICS["transfer"]
    default = transfer.protocols[transfer.default].measure
    assert transfer.by_measure(default) == transfer
    assert set(transfer.measures) == set(get_args(get_type_hints(Transfer)["measure"]))
    found = {name: transfer.by_measure(name) for name in transfer.measures}
    assert {name: facts.arrow for name, facts in found.items()} == {"mse": "↓", "psnr": "↑", "ssim": "↑", "lpips": "↓"}
    assert found["psnr"].range == (0, PSNR_CAP)
    assert found["psnr"].unit == "dB"
    assert METRICS["control"].by_measure("objects") == METRICS["control"]
    assert "higher psnr and ssim is better" in transfer.description
    assert arrow("transfer", "ssim") == "↑"


def test_the_table_is_rendered():
    table = markdown_table(METRICS.values())
    rows = table.splitlines()
    assert rows[0].startswith("| metric |")
    assert len(rows) == len(METRICS) + 2
    assert all(row.count("|") == rows[0].count("|") for row in rows)
    (mig,) = (row for row in rows if row.startswith("| `mig` "))
    assert "↑" in mig
    assert "`exact` `dlib` `chen` `ubisoft`" in mig


@pytest.mark.parametrize(("mark", "table"), [("metrics", markdown_table), ("constants", markdown_constants)])
def test_the_guide_holds_the_tables(mark, table):
    guide = ROOT / "examples/metrics.md"
    before, found, rest = guide.read_text(encoding="utf-8").partition(f"<!-- {mark} -->\n")
    assert found
    shown, end, after = rest.partition(f"<!-- /{mark} -->")
    if os.environ.get("DISENTOOL_WRITE_TABLES"):
        shown = f"{table(METRICS.values())}\n"
        guide.write_text("".join([before, found, shown, end, after]), encoding="utf-8")
    assert shown.strip() == table(METRICS.values())


def test_every_constant_is_shown_with_its_default():
    rows = markdown_constants(METRICS.values()).splitlines()
    (factor,) = (row for row in rows if row.startswith("| `factor` "))
    assert "`votes=800` votes that make the majority" in factor
    for facts in METRICS.values():
        (row,) = (row for row in rows if f"`{facts.name}`" in row.split("|")[1].split())
        assert all(f"`{field.name}=" in row for field in fields(facts.protocols[facts.default])[1:])


def test_facts_need_no_numpy():
    code = "import sys, disentool.metrics; sys.exit(f\"{ {'numpy', 'torch', 'scipy', 'sklearn'} & set(sys.modules) }\""
    code += " if {'numpy', 'torch', 'scipy', 'sklearn'} & set(sys.modules) else 0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
