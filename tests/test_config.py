"""Options: declared once, parsed the same from YAML and the command line, merged in one order."""

import dataclasses
import math
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from disentool import config, methods
from disentool.config import opt
from disentool.contract.configuration import preset_values
from disentool.errors import MissingFile, UnknownName, WrongUsage
from disentool.io.output_template import check_template
from disentool.methods.factorvae.config import FactorVAEConfig
from disentool.training.config import RunConfig
from disentool.training.plan import plan


@dataclasses.dataclass(frozen=True, kw_only=True)
class Base:
    shared: int = opt(1, "shared by many", low=0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Example(Base):
    count: int = opt(3, "a whole number", low=1, high=10)
    weight: float = opt(0.5, "a number", above=0, high=2)
    law: Literal["one", "two"] = opt("one", "a choice")
    flag: bool = opt(False, "a switch")
    text: str = opt("abc", "a text")
    limit: float | None = opt(None, "may be missing", above=0)

    PRESETS = {"none": {}, "small": {"count": 1, "weight": 0.25}}  # noqa: RUF012


OPTIONS = config.options(Example)


# ---- one declaration


def test_every_field_becomes_an_option_its_own_first():
    assert list(OPTIONS) == ["count", "weight", "law", "flag", "text", "limit", "shared"]
    count = OPTIONS["count"]
    assert (count.kind, count.default, count.help, count.low, count.high) == (int, 3, "a whole number", 1, 10)
    assert OPTIONS["law"].choices == ("one", "two")
    assert OPTIONS["limit"].optional
    assert OPTIONS["limit"].kind is float
    assert config.options(FactorVAEConfig)["batch_size"].flag == "--batch-size"


def test_a_field_that_cannot_be_an_option_is_a_mistake():
    for hint in (list[int], int | str, int | str | None, dict):
        broken = dataclasses.make_dataclass("Broken", [("field", hint, opt(None, "broken"))])
        with pytest.raises(TypeError, match="field"):
            config.options(broken)


@pytest.mark.parametrize("name", methods.METHODS)
def test_every_method_states_defaults_that_it_accepts_itself(name):
    known = config.options(methods.load(methods.find(name).config))
    for option in known.values():
        assert option.help
        assert option.parse(option.default) == option.default
        if option.default is not None and option.kind is not bool:
            assert option.parse(str(option.default)) == option.default
    assert config.build(methods.load(methods.find(name).config), {})
    assert not known.keys() & config.options(RunConfig).keys()


# ---- values


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("count", "7", 7),
        ("count", 7.0, 7),
        ("count", "1e1", 10),
        ("count", " 5 ", 5),
        ("weight", "1e-3", 0.001),  # which YAML reads as text
        ("weight", 1, 1.0),
        ("weight", "2", 2.0),
        ("law", "two", "two"),
        ("flag", True, True),
        ("flag", "true", True),
        ("flag", "False", False),
        ("text", "1e-3", "1e-3"),
        ("text", 5, "5"),
        ("limit", None, None),
        ("limit", "none", None),
        ("limit", "3", 3.0),
    ],
)
def test_good_values(name, value, expected):
    parsed = OPTIONS[name].parse(value)
    assert parsed == expected
    assert type(parsed) is type(expected)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("count", value)
        for value in (0, 11, "11", 2.5, "2.5", "x", "", None, True, [1], {}, math.inf, "nan", "1e400", 10**400, b"3")
    ]
    + [("weight", value) for value in (0, -1, 2.001, "x", "", None, False, [0.5], math.nan, math.inf, "inf")]
    + [("flag", value) for value in (0, 1, "yes", "", None, [True])]
    + [("text", value) for value in (None, True, ["a"], {"a": 1})]
    + [("limit", value) for value in (0, "", "None", [None])],
)
def test_bad_values_say_what_was_expected(name, value):
    with pytest.raises(WrongUsage) as error:
        OPTIONS[name].parse(value)
    assert str(error.value).startswith(f"--{name}: ")
    assert OPTIONS[name].expected in str(error.value)
    assert error.value.exit_code == 2


def test_bounds_are_told():
    assert OPTIONS["count"].expected == "a whole number >= 1 and <= 10"
    assert OPTIONS["weight"].expected == "a number > 0 and <= 2"
    assert OPTIONS["flag"].expected == "true or false"
    assert OPTIONS["law"].expected == "one of one, two"


def test_a_wrong_choice_suggests_the_nearest():
    with pytest.raises(UnknownName, match=r"two\?"):
        OPTIONS["law"].parse("tow")
    with pytest.raises(UnknownName, match="one, two"):
        OPTIONS["law"].parse("seventeen")
    for value in (None, 1, True, ["one"]):
        with pytest.raises(WrongUsage):
            OPTIONS["law"].parse(value)


@given(st.integers(0, 2**63 - 1))
def test_whole_numbers_are_exact(number):
    seed = config.options(RunConfig)["seed"]
    assert seed.parse(number) == seed.parse(str(number)) == number


@given(st.floats(min_value=0, exclude_min=True, max_value=2))
def test_numbers_are_exact(number):
    assert OPTIONS["weight"].parse(number) == OPTIONS["weight"].parse(repr(number)) == number


@given(st.one_of(st.text(), st.integers(), st.floats(), st.none(), st.booleans(), st.binary(), st.lists(st.integers())))
def test_any_value_is_parsed_or_refused_by_name(value):
    for option in OPTIONS.values():
        try:
            parsed = option.parse(value)
        except WrongUsage:
            continue
        assert (parsed is None and option.optional) or type(parsed) is option.kind
        assert option.parse(parsed) == parsed


# ---- configurations


def test_build():
    assert config.build(Example, {}) == Example()
    assert config.build(Example, {"weight": "1e-1", "count": 2}) == Example(weight=0.1, count=2)
    with pytest.raises(UnknownName, match=r"weight\?"):
        config.build(Example, {"wieght": 1})
    with pytest.raises(WrongUsage, match="--count"):
        config.build(Example, {"count": [1, 2]})


def test_configurations_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        FactorVAEConfig().gamma = 3


def test_presets():
    assert preset_values(Example, "small") == {"count": 1, "weight": 0.25}
    preset_values(Example, "small")["count"] = 5
    assert preset_values(Example, "small")["count"] == 1
    with pytest.raises(UnknownName, match=r"small\?"):
        preset_values(Example, "smal")


@pytest.mark.parametrize("name", methods.METHODS)
def test_every_method_has_the_papers_preset_and_a_quick_one(name):
    config_class = methods.load(methods.find(name).config)
    assert config.build(config_class, preset_values(config_class, "quick")).steps == 1000
    if name == "lord":  # whose recipes have names of their own, and count epochs
        released = {"least_fall": 1.0, "stop_after": 40}  # when the second stage ends
        assert preset_values(config_class, "iclr") == {"epochs": 400, **released}
        return
    assert config.build(config_class, preset_values(config_class, "paper")) == config_class()


def test_sweep_makes_every_combination_the_last_fastest():
    assert config.sweep({"a": [1, 2], "b": 5, "c": (6, 7)}) == [
        {"a": 1, "b": 5, "c": 6},
        {"a": 1, "b": 5, "c": 7},
        {"a": 2, "b": 5, "c": 6},
        {"a": 2, "b": 5, "c": 7},
    ]
    assert config.sweep({}) == [{}]


# ---- YAML


def read(tmp_path, text: str | bytes) -> dict:
    path = tmp_path / "c.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return config.read_yaml(path, OPTIONS)


def test_yaml(tmp_path):
    text = "# a comment\ncount: 4\nweight: 1e-3\nlimit: null\ntext: 'a: b'\nflag: true\nlaw: [one, two]\n"
    values = read(tmp_path, text)
    assert values["law"] == ["one", "two"]
    assert config.build(Example, values | {"law": "two"}) == Example(
        count=4, weight=0.001, text="a: b", flag=True, law="two"
    )
    assert read(tmp_path, "") == read(tmp_path, "# nothing\n") == {}


def test_dashes_are_underscores(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("batch-size: 3\nkeep_every: 5\n")
    assert config.read_yaml(path, ["batch_size", "keep_every"]) == {"batch_size": 3, "keep_every": 5}
    path.write_text("batch-size: 3\nbatch_size: 5\n")
    with pytest.raises(WrongUsage, match="batch_size"):
        config.read_yaml(path, ["batch_size"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("cuont: 3", r"count\?"),
        ("3: 3", "'3'"),
        ("count: {a: 3}", "count"),
        ("count: []", "count"),
        ("- 3", "a list"),
        ("hello", "text"),
        ("count: [1, 2", "line 1"),
        ("count: 1\n---\ncount: 2", "document"),
        ("count: !!python/object/apply:os.system [ls]", "valid YAML"),
        ("[" * 100_000, "YAML"),
        (b"count: \xff", "UTF-8"),
        (b"count: \x00", "YAML"),
    ],
)
def test_bad_yaml(tmp_path, text, words):
    with pytest.raises(WrongUsage, match=words):
        read(tmp_path, text)


def test_missing_yaml(tmp_path):
    with pytest.raises(MissingFile, match=r"c\.yaml"):
        config.read_yaml(tmp_path / "c.yaml", OPTIONS)
    with pytest.raises(WrongUsage, match="read"):
        config.read_yaml(tmp_path, OPTIONS)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.fixed_dictionaries(
        {
            "count": st.integers(1, 10),
            "weight": st.floats(1e-300, 2),
            "law": st.sampled_from(["one", "two"]),
            "flag": st.booleans(),
            "text": st.text(st.characters(exclude_categories=["Cs", "Zl", "Zp"], exclude_characters="\x85")),
            "limit": st.none() | st.floats(1e-300, 1e300),
        }
    )
)
def test_what_is_written_as_yaml_is_read_back(tmp_path, values):
    back = read(tmp_path, config.write_yaml(values))
    assert list(back) == list(values)  # in the order that help and documentation have
    assert config.build(Example, back) == config.build(Example, values)


# ---- jobs


def jobs_of(*given, method="factorvae", **keywords):
    return plan(method, *given, **keywords)


def test_one_job_with_the_defaults():
    (job,) = jobs_of({})
    assert job.config == FactorVAEConfig()
    assert job.run == RunConfig()
    assert str(job.output) == "ckpt.pt"
    assert str(job.history) == "ckpt.history.jsonl"
    assert str(job.snapshot(500)) == "ckpt-500.pt"


def test_the_command_line_beats_yaml_beats_the_preset_beats_the_default(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("gamma: 7\nlearning_rate: 1e-2\nseed: 3\n")
    (job,) = jobs_of({"gamma": 9.0}, preset="quick", config_file=path)
    assert job.config.gamma == 9
    assert job.config.learning_rate == 0.01
    assert job.config.discriminator_learning_rate == 0.001  # the preset's
    assert job.config.latent_dim == 10  # the default
    assert job.run.seed == 3


@pytest.mark.parametrize(
    ("method", "text", "given"),
    [
        ("factorvae", "gama: 10", {}),
        ("factorvae", "gamma: much", {}),
        ("factorvae", "gamma: [1, much]", {}),
        ("factorvae", "gamma: -1", {"steps": 5}),
        ("factorvae", "device: [cpu, cuda]", {}),
        ("factorvae", "steps: 3\nepochs: 3", {}),
        ("infogan", "categorical: none\ncontinuous: 0", {}),
        ("mlvae", "batch-size: 10\ngroup-size: 4", {}),
        ("mlvae", "group-size: 4", {"batch_size": 10}),
        ("lord", "reconstruction: pixel\nvgg: w.pth", {}),
    ],
)
def test_a_refusal_of_what_a_file_says_names_the_file(tmp_path, method, text, given):
    path = tmp_path / "c.yaml"
    path.write_text(text)
    with pytest.raises(WrongUsage, match=r"c\.yaml"):
        jobs_of(given, method=method, config_file=path)


def test_a_refusal_of_the_command_line_names_no_file(tmp_path):
    for typed in ({"device": ["cpu", "cuda"]}, {"steps": 3, "epochs": 3}, {"batch_size": 10, "group_size": 4}):
        with pytest.raises(WrongUsage, match=r"^--"):
            jobs_of(typed, method="mlvae" if "group_size" in typed else "vae", config_file=None)
    path = tmp_path / "c.yaml"
    path.write_text("class-dim: 4")
    with pytest.raises(WrongUsage, match=r"^--"):
        jobs_of({"batch_size": 10, "group_size": 4}, method="mlvae", config_file=path)


def test_steps_and_epochs(tmp_path):
    path = tmp_path / "c.yaml"
    with pytest.raises(WrongUsage, match="--epochs"):
        jobs_of({"steps": 5, "epochs": 2.0})
    path.write_text("epochs: 2\n")
    (job,) = jobs_of({}, preset="quick", config_file=path)  # beats the preset's steps
    assert job.with_rows(192).config.steps == 6
    (job,) = jobs_of({"steps": 5}, config_file=path)
    assert job.run.epochs is None
    assert job.with_rows(192).config.steps == 5
    path.write_text("steps: 5\n")
    (job,) = jobs_of({"epochs": 0.001}, config_file=path)
    assert job.with_rows(192).config.steps == 1


def test_lists_make_runs_with_names_of_their_own():
    jobs = jobs_of({"gamma": [10, 20], "seed": [0, 1, 2]})
    assert [str(job.output) for job in jobs] == [f"ckpt-{g}-{s}.pt" for g in (10, 20) for s in (0, 1, 2)]
    assert [(job.config.gamma, job.run.seed) for job in jobs] == [(g, s) for g in (10.0, 20.0) for s in (0, 1, 2)]
    jobs = jobs_of({"gamma": [0.5, 1e-4], "seed": [0]}, output="runs/{method}/g{gamma}-s{seed}-b{batch_size}.pt")
    assert [str(job.output) for job in jobs] == [
        "runs/factorvae/g0.5-s0-b64.pt",
        "runs/factorvae/g0.0001-s0-b64.pt",
    ]
    assert str(jobs[0].history) == "runs/factorvae/g0.5-s0-b64.history.jsonl"


def test_placeholders_are_no_folders():
    (job,) = jobs_of({"data": "a/b.h5"}, output="{data}.pt")
    assert str(job.output) == "a_b.h5.pt"


@pytest.mark.parametrize(
    ("given", "output", "words"),
    [
        ({"seed": [0, 1]}, "a.pt", r"\{seed\}"),
        ({"gamma": [1, 2], "seed": [0, 1]}, "{seed}.pt", r"\{gamma\}"),
        ({}, "{sead}.pt", r"seed\?"),
        ({}, "{}.pt", "placeholder ''"),
        ({}, "{0}.pt", "'0'"),
        ({}, "{gamma.real}.pt", r"'gamma\.real'"),
        ({}, "{gamma:9d}.pt", "format"),
        ({}, "{gamma!r}.pt", "format"),
        ({}, "{gamma.pt", "brace"),
        ({}, "a}.pt", "brace"),
        ({}, "a.h5", r"\.pt"),
        ({}, "a", r"\.pt"),
        ({}, ".pt", r"\.pt"),
        ({"seed": [1, 1]}, None, r"ckpt-1\.pt"),
        ({"gamma": [1, 1.0000001]}, None, r"ckpt-1\.pt"),
        ({"device": ["cpu", "cuda"]}, None, "--device"),
        ({"epochs": [1, 2]}, None, "--epochs"),
        ({"gama": 1}, None, "gamma"),
        ({"gamma": [1, "x"]}, None, "'x'"),
        ({"gamma": [1, [2]]}, None, r"\[2\]"),
        ({"seed": -1}, None, "--seed"),
    ],
)
def test_wrong_plans(given, output, words):
    with pytest.raises(WrongUsage, match=words):
        jobs_of(given, output=output)


def test_wrong_names():
    with pytest.raises(UnknownName, match=r"factorvae\?"):
        jobs_of({}, method="factorva")
    with pytest.raises(UnknownName, match=r"quick\?"):
        jobs_of({}, preset="quik")


def test_braces_can_be_written():
    check_template("{{a}}-{seed}.pt", ["seed"], {"seed"})
    (job,) = jobs_of({}, output="{{a}}.pt")
    assert str(job.output) == "{a}.pt"


def test_many_runs_are_planned_at_once():
    assert len(jobs_of({"seed": list(range(2000))}, method="vae")) == 2000


def test_a_job_describes_itself_completely(tmp_path):
    (job,) = jobs_of({"gamma": 3.0, "epochs": 2.0, "data": "x.h5"})
    path = tmp_path / "c.yaml"
    path.write_text(config.write_yaml(job.describe()))
    assert jobs_of({}, config_file=path) == [job]
    (job,) = jobs_of({"steps": 7, "keep_every": 3})
    path.write_text(config.write_yaml(job.describe()))
    assert jobs_of({}, config_file=path) == [job]
