"""JSON of others: parsed as it is, up to a depth at which whatever walks through it still works."""

import json

import pytest

from disentool.io.json_text import DEEPEST, parse


@pytest.mark.parametrize("text", ["1", '"a"', "[]", "{}", '{"a": [1, {"b": [null]}], "c": "[[[["}'])
def test_what_is_not_deep_is_parsed(text):
    assert parse(text) == json.loads(text)


@pytest.mark.parametrize(("opened", "closed"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
def test_a_text_may_be_as_deep_as_that_and_no_deeper(opened, closed):
    levels = opened.count("[") + opened.count("{")

    def nested(times):
        return opened * times + "1" + closed * times

    fits = (DEEPEST - 1) // levels
    assert parse(nested(fits)) == json.loads(nested(fits))
    for times in (DEEPEST // levels + 1, 400, 100_000):
        with pytest.raises(RecursionError):
            parse(nested(times))


def test_what_is_no_json_is_a_value_error():
    with pytest.raises(json.JSONDecodeError):
        parse("{")


@pytest.mark.parametrize("sign", ["", "-"])
def test_a_whole_number_fits_into_a_float(sign):
    assert parse(f"[{sign}{10**200}]") == [int(f"{sign}{10**200}")]
    for digits in (400, 10_000):
        with pytest.raises(ValueError, match=r"number|digits"):
            parse(f'{{"a": {sign}{"9" * digits}}}')
