"""Code by name: ``module:attribute``, of the toolkit's tables or of the user's own modules."""

import contextlib
import importlib
import os
import sys
from operator import attrgetter
from typing import Any

from disentool.errors import DisentoolError, WrongUsage


def is_own(name: str) -> bool:
    """Whether a method's or metric's name is a reference to the user's own code, and not a path of Windows."""
    return ":" in name and "\\" not in name


def load(reference: str) -> Any:
    """What ``module:attribute`` names. The current folder is searched after the Python path.

    Importing a module executes it. Raises WrongUsage where there is no such thing, DisentoolError where it fails.
    """
    module, _, attribute = reference.partition(":")
    if not all(part.isidentifier() for part in [*module.split("."), *attribute.split(".")]):
        raise WrongUsage(f"{reference}: expected module:name, such as your_method:YourMethod")
    own = module.partition(".")[0] != __name__.partition(".")[0]
    if own and os.getcwd() not in sys.path and "" not in sys.path:
        sys.path.append(os.getcwd())
    try:
        with contextlib.redirect_stdout(sys.stderr):  # stdout is for results
            loaded = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name and (module == error.name or module.startswith(f"{error.name}.")):
            raise WrongUsage(
                f"{reference}: no module {error.name} in this folder or on the Python path; PYTHONPATH=FOLDER adds one"
            ) from None
        raise DisentoolError(f"{reference}: importing it failed: {error}") from error
    except (Exception, SystemExit) as error:
        raise DisentoolError(f"{reference}: importing it failed: {type(error).__name__}: {error}") from error
    try:
        return attrgetter(attribute)(loaded)
    except AttributeError:
        raise WrongUsage(f"{reference}: the module {module} has no {attribute}") from None
