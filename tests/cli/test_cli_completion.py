"""What Tab offers after what is typed, asked for as click's scripts of the shells ask."""

import click
import pytest
from click.shell_completion import ShellComplete

from disentool import methods
from disentool.cli import group
from disentool.datasets import DATASETS
from disentool.metrics import METRICS


def offered(line: str) -> list[str]:
    """The words offered for the last word of a command line, those of the shell's own files left out."""
    *words, last = line.split(" ")
    found = ShellComplete(group, {}, "disentool", "_DISENTOOL_COMPLETE").get_completions(words, last)
    return [item.value for item in found if item.type == "plain"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("score --metric mig,sa", ["mig,sap"]),
        ("score --metric mig,sap,moduλ", []),
        ("score --metric mig,mi", []),
        ("score --metric dci,sap,mut", ["dci,sap,mutual-information"]),
        ("score --metric mig --metric sa", ["sap"]),
        ("score --metric al", ["all"]),
        ("score ckpt.pt --metric higgins --protocol pa", ["paper"]),
        ("correlate scores.jsonl --metrics factor,mi", ["factor,mig"]),
        ("table scores.jsonl --metrics factor,mi", ["factor,mig"]),
        ("table scores.jsonl --rows method,s", ["method,split", "method,seed", "method,step"]),
        ("plot distribution scores.jsonl --metrics mo", ["modularity"]),
        ("invert --loss mse,bl", ["mse,blur"]),
        ("train betavae --objective higgins,bu", ["higgins,burgess"]),
        ("train vae --initialisation he,", ["he,torch", "he,glorot"]),
        ("encode ckpt.pt --data ds", ["dsprites"]),
        ("train vae --data sh", ["shapes3d"]),
    ],
)
def test_a_list_is_completed_after_its_last_comma(line, expected):
    assert offered(line) == expected


def test_every_metric_is_offered_after_a_comma_but_those_named():
    assert {word.rpartition(",")[2] for word in offered("score --metric mig,sap,")} == {*METRICS, "all"} - {
        "mig",
        "sap",
    }


@pytest.mark.parametrize("name", METRICS)
def test_protocols_are_those_of_the_metrics_named(name):
    assert offered(f"score --metric {name} --protocol ") == list(METRICS[name].protocols)


def test_protocols_are_all_where_no_metric_is_named():
    every = {protocol for facts in METRICS.values() for protocol in facts.protocols}
    assert set(offered("score --metric all --protocol ")) == every


@pytest.mark.parametrize("command", ["prepare ", "encode --data ", "train vae --data "])
def test_data_sets_are_offered_by_name(command):
    assert offered(command) == list(DATASETS)


@pytest.mark.parametrize("name", methods.METHODS)
def test_presets_are_those_of_the_method(name):
    command = group.get_command(click.Context(group), "train").get_command(click.Context(group), name)
    presets = [name for name, _ in command.names["Presets"]]
    assert offered(f"train {name} --preset ") == presets
