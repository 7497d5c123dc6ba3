"""Score records and history lines: strict JSON, one object a line."""

import json
import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from disentool.commands.info import info
from disentool.errors import ForeignFile
from disentool.io import records, score_records

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


def refuse(word: str) -> None:
    raise AssertionError(f"{word} is not JSON")


@given(st.dictionaries(st.text(max_size=5), PLAIN, max_size=4))
def test_a_record_is_one_line_of_strict_json(record):
    line = records.to_json(record)
    assert "\n" not in line
    back = json.loads(line, parse_constant=refuse)
    assert back.keys() == record.keys()
    for key, value in record.items():
        if isinstance(value, float):
            assert back[key] == (value if math.isfinite(value) else None)


@pytest.mark.parametrize("character", ["\x7f", "\x9b", "\u202e", "\u2028", "\U000e0041"])
def test_what_a_terminal_obeys_is_escaped(character):
    line = records.to_json({f"a{character}": [f"é{character}"]})
    assert line.isprintable() and "é" in line
    assert json.loads(line) == {f"a{character}": [f"é{character}"]}


def test_what_is_not_finite_is_null_at_any_depth():
    record = {"a": math.nan, "b": [math.inf, (1.5, -math.inf)], "c": {"d": {"e": math.nan}}, 3: "å"}
    assert records.to_json(record) == '{"a": null, "b": [null, [1.5, null]], "c": {"d": {"e": null}}, "3": "å"}'


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.lists(st.fixed_dictionaries({"step": st.integers(0), "time": st.floats(0, 1e9), "kl": st.floats(-1, 1)})))
def test_a_history_comes_back(tmp_path, lines):
    path = tmp_path / "a.history.jsonl"
    records.HistoryFile(path).write(lines)
    if lines:
        assert records.read_lines(path) == ("disentool.history", lines)
        assert info(path)["records"] == len(lines)
    else:
        with pytest.raises(ForeignFile, match="history"):
            records.read_lines(path)


@pytest.mark.parametrize("word", ["\ud800", "\ud800\udcff", "é"])
def test_a_history_is_the_text_that_it_is_compared_with(tmp_path, word):
    """That of a checkpoint, which may hold letters that UTF-8 has not."""
    lines = [{"step": 1, "time": 0.5, word: word}]
    records.HistoryFile(tmp_path / "a.history.jsonl").write(lines)
    assert (tmp_path / "a.history.jsonl").read_bytes() == records.history_text(lines).encode()


def test_a_history_is_written_anew(tmp_path):
    path = tmp_path / "a.history.jsonl"
    (tmp_path / ".a.history.jsonl.partial-0.jsonl").write_text("left by a killed process")
    records.HistoryFile(path).write([{"step": 1, "time": 0.5}] * 3)
    records.HistoryFile(path).write([{"step": 2, "time": 0.5}])
    assert path.read_text() == '{"step": 2, "time": 0.5}\n'
    assert [p.name for p in tmp_path.iterdir()] == ["a.history.jsonl"]


SCORE = {"format": "disentool.score", "version": 1, "artefact": "a.pt", "metric": "factor", "score": 0.5}


def test_score_records_are_recognised(tmp_path):
    path = tmp_path / "scores.jsonl"
    path.write_text("".join(records.to_json(SCORE | {"metric": m}) + "\n\n" for m in ("kl", "factor", "kl")))
    name, found = records.read_lines(path)
    assert name == "disentool.score"
    assert len(found) == 3
    facts = info(path)
    assert facts["metrics"] == ["factor", "kl"]
    assert facts["artefacts"] == ["a.pt"]


@pytest.mark.parametrize("name", ["id", "metric", "protocol", "score", "details"])
def test_a_score_record_without_an_entry_is_refused(name):
    whole = SCORE | {"id": "a", "protocol": "paper", "details": {}}
    score_records.check_scores("a.jsonl", [whole, whole | {"score": None}])
    with pytest.raises(ForeignFile, match=r"a\.jsonl: record 2 lacks"):
        score_records.check_scores("a.jsonl", [whole, {key: value for key, value in whole.items() if key != name}])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (records.to_json(SCORE | {"version": 2}), "version 2"),
        (records.to_json(SCORE) + '\n{"other": 1}', "history"),
        (records.to_json(SCORE) + "\n[1]", "line 2"),
        (records.to_json(SCORE) + '\n{"format": "disent', "line 2"),
        ('{\n "step": 1,\n "time": 2\n}', "line 1"),
        ("", "history"),
        ('{"step": 1}', "history"),
        ('{"a": ' + "[" * 100_000, "nested"),
        ('{"step": 1, "time": ' + "[" * 330 + "]" * 330 + "}", "nested"),
        ('{"step": 1, "time": ' + '{"a":' * 200 + "1" + "}" * 201, "nested"),
        ('{"a": ' + "9" * 10_000 + "}", "line 1"),
        (b"\xff\xfe{}", "line 1"),
    ],
)
def test_other_lines_are_refused_by_name(tmp_path, text, words):
    path = tmp_path / "a.jsonl"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ForeignFile, match=words):
        records.read_lines(path)
