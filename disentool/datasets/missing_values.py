"""Words that stand for a value that is not there, as programs and as people write them."""

# What programs write for a value that is not there, or that no number is. None of these names a class.
_PROGRAMS = {"nan", "NaN", "NAN", "NaT", "NA", "N/A", "n/a", "#N/A", "#NA", "<NA>", "None", "NULL", "null"} | {
    sign + word for sign in ("", "-", "+") for word in ("inf", "Inf", "Infinity", "nan", "NaN", "1.#IND", "1.#QNAN")
}
# What people and spreadsheets write. Among words it may be a class; among numbers it is a gap. ("none" may be a count.)
_PEOPLE = {
    *("na", "n/a", "n.a.", "n.a", "nan", "null", "nil", "nd", "n.d.", "n/d", "k.a.", "tbd"),
    *("missing", "unknown", "unk", "not available", "undefined", "invalid", "empty", "blank", "no data"),
    *("#n/a", "#na", "#div/0!", "#value!", "#ref!", "#name?", "#num!", "#null!", "#wert!", "#bezug!", "err", "error"),
}
_SIGNS = set("-\u2010\u2011\u2012\u2013\u2014\u2212?.*/_~")  # of which a word may be made that says nothing


def of_programs(word: str) -> bool:
    """Whether a word is what a program writes for a missing value, and so no name of a class."""
    return word in _PROGRAMS


def among_numbers(word: str) -> bool:
    """Whether a word says, in a column of numbers, that the number is missing: -, n.a., ?, #DIV/0!, ..."""
    return of_programs(word) or word.casefold() in _PEOPLE or (set(word.casefold()) <= _SIGNS and len(word) < 6)
