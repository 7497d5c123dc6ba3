"""Score records and history lines: strict JSON, one object a line."""

import json
import math
import signal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from disentool.commands.info import info
from disentool.errors import ForeignFile, NotWritable
from disentool.io import records, score_records
from disentool.io.history_file import HistoryFile, history_text

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
    HistoryFile(path).write(lines)
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
    HistoryFile(tmp_path / "a.history.jsonl").write(lines)
    assert (tmp_path / "a.history.jsonl").read_bytes() == history_text(lines).encode()


def test_a_history_is_written_anew(tmp_path):
    path = tmp_path / "a.history.jsonl"
    (tmp_path / ".a.history.jsonl.partial-0.jsonl").write_text("left by a killed process")
    HistoryFile(path).write([{"step": 1, "time": 0.5}] * 3)
    HistoryFile(path).write([{"step": 2, "time": 0.5}])
    assert path.read_text() == '{"step": 2, "time": 0.5}\n'
    assert [p.name for p in tmp_path.iterdir()] == ["a.history.jsonl"]


def test_a_history_is_lengthened_at_its_end(tmp_path):
    path, lines = tmp_path / "a.history.jsonl", [{"step": step, "time": step / 8} for step in range(50)]
    history = HistoryFile(path)
    history.write(lines[:20])
    before = path.stat()
    history.write(lines[:20])
    history.write(lines[:35])
    assert path.stat().st_ino == before.st_ino
    assert records.read_lines(path)[1] == lines[:35]
    path.write_text("")  # another program
    history.write(lines[:40])
    assert records.read_lines(path)[1] == lines[:40]
    path.unlink()
    history.write(lines)
    assert records.read_lines(path)[1] == lines
    assert [p.name for p in tmp_path.iterdir()] == ["a.history.jsonl"]


def test_half_a_line_at_the_end_of_a_history_is_left_out(tmp_path):
    path, lines = tmp_path / "a.history.jsonl", [{"step": 1, "time": 0.5}, {"step": 22, "time": 0.75}]
    HistoryFile(path).write(lines)
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    for cut in range(first, len(whole)):
        path.write_bytes(whole[:cut])
        assert records.read_lines(path)[1] == lines[: 1 + (cut == len(whole) - 1)], whole[:cut]
    path.write_bytes(whole[: first - 2])  # not even one line is whole
    with pytest.raises(ForeignFile, match="line 1"):
        records.read_lines(path)
    path.write_bytes(whole.replace(b"}", b"", 1))  # not the last line
    with pytest.raises(ForeignFile, match="line 1"):
        records.read_lines(path)


def test_a_history_that_cannot_be_lengthened_stays_as_it_was(tmp_path):
    resource = pytest.importorskip("resource", reason="needs the system's limit of file sizes")
    path, lines = tmp_path / "a.history.jsonl", [{"step": step, "time": 0.5} for step in range(200)]
    history = HistoryFile(path)
    history.write(lines[:3])
    before, limits = path.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 10, limits[1]))
    try:
        with pytest.raises(NotWritable, match="cannot be written"):
            history.write(lines)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert records.read_lines(path)[1] == lines[:3]
    history.write(lines)
    assert records.read_lines(path)[1] == lines


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
