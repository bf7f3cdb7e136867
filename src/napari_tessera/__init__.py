"""Put single cells back into their tissue.

The Python door: names are loaded when they are first used, so importing the package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

__version__ = "0.1.0"

_DOOR: dict[str, str] = {}
"""Public name to the module that holds it, sorted."""

__all__ = ["__version__", *_DOOR]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the door leads to
    """Load a public name from its module."""
    if name not in _DOOR:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(importlib.import_module(_DOOR[name]), name)


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
