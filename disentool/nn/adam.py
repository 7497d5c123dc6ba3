"""Adam, torch's own, ready at once: torch would load its compiler, which takes more than a second, only to bar it."""

import inspect
from typing import Any

import torch

_step = inspect.unwrap(torch.optim.Adam.step)


class Adam(torch.optim.Adam):
    """:class:`torch.optim.Adam` without the wrappers of the methods below, which concern compiled code alone."""

    add_param_group = inspect.unwrap(torch.optim.Adam.add_param_group)

    def step(self, closure: Any = None) -> Any:
        """One update, of which no gradient is kept."""
        with torch.no_grad():
            return _step(self, closure)
