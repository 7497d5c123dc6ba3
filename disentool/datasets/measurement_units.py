"""Units of measurement behind numbers: the one that all words of a column have, and columns with several."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

_CURRENCIES = "$\u20ac\u00a3\u00a5"
_SIGNS = "%\u2030\u00b0" + _CURRENCIES  # per cent, per mille, degrees: units that need no blank before them
# A unit has no digit but its exponent, as in m2, m^2 and s-1: 1€50 and 10°30' are no numbers with a unit.
_EXPONENT = "(?<=[^\\W\\d_eEhH])\\^?[-\u2212]?[1-4]"
_SUPERSCRIPTS = "\u00b9\u00b2\u00b3\u2074"
_WITH_UNIT = re.compile(
    rf"(.*?\d[.,]?)(?P<blank>\s*)(?P<unit>(?:[^\W\d_]|[{_SIGNS}])[^\s,;:()\d]{{0,9}}(?:{_EXPONENT})?)"
)
# Units that are read without a blank as well; no single letters that number things, as in 1A, 2A.
_ATTACHED = re.compile(
    "[nu\u00b5\u03bcmcdk]?m|in|ft|mi|px|dpi|deg|rad|[nu\u00b5\u03bcm]?s|min|h|hrs|yrs|[kMG]?Hz|fps|rpm|m/s|km/h|[mk]?g|lbs?|m?[lL]|mol"
    "|[kKMG]B|dB|[mk]?V|mA|[mk]?W|k?J|[hk]?Pa|bar|l[xm]|cd"
)
_SPELLED = re.compile("(sec|second|minute|hr|hour|day|week|month|year|inch|foot|feet|metre|meter|gram)s?|inches|d|yr|y")
_SHOWN = 40  # characters of a word in a note


def common(words: Sequence[str]) -> str:
    """The unit of measurement that stands behind (a currency: before) each of the words; else nothing."""
    found = _WITH_UNIT.fullmatch(words[0]) if words else None
    if words and (sign := words[0][:1]) in _CURRENCIES and all(word.startswith(sign) for word in words):
        return sign
    if found is None or not all(word.endswith(found["unit"]) for word in words):
        return ""
    unit = found["unit"]
    if unicodedata.category(unit[0])[0] == "N" or any(map(_is_fraction, unit)):
        return ""
    return unit if found["blank"] or unit[0] in _SIGNS or _ATTACHED.fullmatch(unit) else ""


def several(words: Iterable[str]) -> str:
    """What to say of measurements in different units, which are words in the order of their text; else nothing."""
    units = {_units(word): word for word in sorted(set(words), reverse=True)}
    if len(units) < 2 or () in units:
        return ""
    one, other = sorted(units.values())[:2]
    return (
        f"numbers with different units, such as {one[:_SHOWN]!r} and {other[:_SHOWN]!r}, are words, in the order of"
        " their text; to have numbers, write all in one unit"
    )


def _units(word: str) -> tuple[str, ...]:
    """The units of a measurement, one behind each of its numbers: h and min of 1 h 30 min; none for other words."""
    found = tuple(re.sub(r"[\d.,+\u2212-]+", " ", word).split()) if word.lstrip("+-\u2212")[:1].isdecimal() else ()
    known = all(_ATTACHED.fullmatch(unit) or _SPELLED.fullmatch(unit) or unit in _SIGNS for unit in found)
    return found if known else ()


def _is_fraction(sign: str) -> bool:
    """Whether one character is a number that is no exponent, such as that of a half."""
    return unicodedata.category(sign) == "No" and sign not in _SUPERSCRIPTS
