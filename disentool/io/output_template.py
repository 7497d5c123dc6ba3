"""Names of output files with ``{placeholders}``, such as ``runs/{seed}.pt``: one name for several files."""

import string
from collections.abc import Collection

from disentool.errors import UnknownName, WrongUsage


def check_template(template: str, several: Collection[str], known: Collection[str]) -> None:
    """WrongUsage unless every ``{placeholder}`` of an ``-o`` is ``known``, and all of ``several`` are among them.

    ``several``: the options with several values, which need several files.
    """
    try:
        parts = [part for part in string.Formatter().parse(template) if part[1] is not None]
    except ValueError as error:
        raise WrongUsage(f"-o {template}: a brace has no partner; write a placeholder as {{seed}}") from error
    fields = [field for _, field, _, _ in parts]
    for _, field, spec, conversion in parts:
        if field is None or field not in known:
            raise WrongUsage(f"-o {template}: {UnknownName('placeholder', str(field), known)}")
        if spec or conversion:
            raise WrongUsage(f"-o {template}: write {{{field}}}, without a format")
    for name in several:
        if name not in fields:
            raise WrongUsage(f"-o {template}: several values of {name} need {{{name}}} in the name")
