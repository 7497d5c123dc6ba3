"""Units of measurement behind numbers: the one that all words of a column have, and columns with several."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

_CURRENCIES = "$\u20ac\u00a3\u00a5"
_SIGNS = "%\u2030\u00b0" + _CURRENCIES  # per cent, per mille, degrees: units that need no blank before them
# A unit has no digit but its exponent, as in m2, m^2 and s-1: 1€50 and 10°30' are no numbers with a unit.
_EXPONENT = "(?<=[^\\W\\d_eEhH])\\^?[-\u2212]?[1-4]"
_SUPERSCRIPTS = "\u00b9\u00b2\u00b3\u2074"
_POWER = re.compile(f"\\^?[-\u2212]?[1-4]$|\u207b?[{_SUPERSCRIPTS}]$")
_WITH_UNIT = re.compile(
    rf"(.*?\d[.,]?)(?P<blank>\s*)(?P<unit>(?:[^\W\d_]|[{_SIGNS}])[^\s,;:()\d]{{0,9}}(?:{_EXPONENT})?)"
)
# The units that are known, by what they measure: those of one line can be written as one another.
_QUANTITIES = {
    "length": "[nu\u00b5\u03bcmcdk]?m|in|ft|yd|mi|\u00c5|(nano|micro|milli|centi|deci|kilo)?(meter|metre)s?|inch(es)?"
    "|foot|feet|yards?|miles?",
    "time": "[fpnu\u00b5\u03bcm]?s|min|h|d|y|(nano|micro|milli)?seconds?|secs?|mins|minutes?|hrs?|hours?|days?|wks?"
    "|weeks?|months?|yrs?|years?",
    "mass": "[nu\u00b5\u03bcmk]?g|lbs?|oz|t|(micro|milli|kilo)?grams?|kilos?|pounds?|ounces?|tons?|tonnes?",
    "volume": "[u\u00b5\u03bcmcd]?[lL]|(milli|centi)?(liter|litre)s?|gallons?",
    "frequency": "[mkMGT]?Hz",
    "speed": "mph|kph|kn|knots?",
    "data": "[kKMGT]i?B|[kKMG]?bits?|([kKMG]|kilo|mega|giga)?bytes?",
    "voltage": "[u\u00b5\u03bcmk]?V",
    "current": "[nu\u00b5\u03bcm]A",
    "power": "[mkMG]?W",
    "energy": "[kM]?J|k?cal|[kMG]?Wh|[kMG]?eV",
    "pressure": "[hkM]?Pa|m?bar|mmHg|atm|psi",
    "angle": "m?rad|deg|degrees?",
}
_OTHERS = (
    "px|pixels?|[dp]pi|fps|rpm|bpm|d[Bb]|pp[mb]|[mu\u00b5\u03bcn]?mol|[mu\u00b5\u03bcn]?M|cd|l[xm]|k?N|m?T|[kM]?\u03a9|[kM]?\u2126|ohms?"
    "|[num\u00b5\u03bcp]?F|A|B|C|K|kelvins?|celsius|fahrenheit|ha|acres?|frames?|percent|(wt|vol)%|EUR|USD|GBP|JPY|CHF|CNY"
    "|INR|euros?|dollars?"
)
_SYMBOLS = (*_SIGNS, "\u00b0C", "\u00b0F")
_LETTERS = set("ABCFKMNTdty")  # units that need a blank before them: 1A and 2A may be seats, 2D and 3d dimensions
_CAPITALS = 2  # letters from which on a unit is known in any capitals: KG, Hours
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
    return unit if unit[0] in _SIGNS or _is_known(unit, bool(found["blank"])) else ""


def several(words: Iterable[str]) -> str:
    """What to say of measurements in different units, which are words in the order of their text; else nothing."""
    units = {_units(word): word for word in sorted(set(words), reverse=True)}
    quantities = {_quantity(unit) for found in units for unit in found}
    if len(units) < 2 or () in units or len(quantities) > 1 or "" in quantities:
        return ""
    one, other = sorted(units.values())[:2]
    return (
        f"numbers with different units, such as {one[:_SHOWN]!r} and {other[:_SHOWN]!r}, are words, in the order of"
        " their text; to have numbers, write all in one unit"
    )


def _units(word: str) -> tuple[str, ...]:
    """The units of a measurement, one behind each of its numbers: h and min of 1 h 30 min; none for other words."""
    if not word.lstrip("+-\u2212")[:1].isdecimal():
        return ()
    found = re.findall(r"[\d.,+\u2212-]+(\s*)([^\d.,+\u2212\s-]*)", word)
    spaced = [bool(blank) for blank, unit in found if unit]
    units = tuple(re.sub(r"[\d.,+\u2212-]+", " ", word).split())
    known = len(units) == len(spaced) and all(map(_is_known, units, spaced))
    return units if known else ()


def _is_known(unit: str, spaced: bool) -> bool:
    """Whether a word behind a number is a unit, also a product or quotient of units with exponents: m/s^2."""
    if not spaced and unit in _LETTERS:
        return False
    parts = [_POWER.sub("", part) for part in re.split("[/\u00b7\u22c5*]", unit.rstrip("."))]
    return all(part in _SYMBOLS or _quantity(part) or _is_one(_OTHERS, part) for part in parts)


@lru_cache(1000)
def _quantity(unit: str) -> str:
    """What a unit measures; nothing for units that cannot be written in another."""
    if "/" in unit:
        return "speed" if tuple(map(_quantity, unit.split("/"))) == ("length", "time") else ""
    unit = unit.rstrip(".")
    return next((quantity for quantity, known in _QUANTITIES.items() if _is_one(known, unit)), "")


def _is_one(known: str, unit: str) -> bool:
    return bool(re.fullmatch(known, unit, re.IGNORECASE if len(unit) >= _CAPITALS else re.NOFLAG))


def _is_fraction(sign: str) -> bool:
    """Whether one character is a number that is no exponent, such as that of a half."""
    return unicodedata.category(sign) == "No" and sign not in _SUPERSCRIPTS
