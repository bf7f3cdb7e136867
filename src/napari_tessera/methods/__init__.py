"""The methods by name. Importing this room does not import torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_tessera.contract.errors import InputError
from napari_tessera.methods.baselines import MultinomialMap
from napari_tessera.methods.baselines.domains import SmoothedMixture
from napari_tessera.methods.stem import Stem
from napari_tessera.methods.transst import Transst

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_tessera.contract.method import Method

_ALL: tuple[Method[Any], ...] = (
    Stem(),
    MultinomialMap(),
    Transst(),
    SmoothedMixture(),
)

METHODS: Mapping[str, Method[Any]] = {method.name: method for method in _ALL}
"""Every method by name; the first that answers a question is its default."""

BASELINE = "baseline"
"""Name of the simple method that every learned map stands beside."""

DOMAINS_BASELINE = "smoothed-mixture"
"""Name of the simple method that every learned partition stands beside."""


def get_method(name: str) -> Method[Any]:
    """Return the method of that name.

    Raises
    ------
    InputError
        If there is none; the known ones are named.
    """
    if name not in METHODS:
        msg = f"Method: expected one of {', '.join(METHODS)}; found {name!r}."
        raise InputError(msg, "Choose one of these names.")
    return METHODS[name]
