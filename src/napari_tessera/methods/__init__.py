"""The methods by name. Importing this room does not import torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_tessera.contract.errors import InputError
from napari_tessera.methods.baselines import MultinomialMap
from napari_tessera.methods.baselines.imputing import (
    KrigedImputer,
    NearestImputer,
    RidgeImputer,
    SoftImputer,
)
from napari_tessera.methods.ensemble import GeneEnsemble
from napari_tessera.methods.spaim import SpaimMethod
from napari_tessera.methods.stem import Stem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_tessera.contract.method import Method

_ALL: tuple[Method[Any], ...] = (
    Stem(),
    MultinomialMap(),
    GeneEnsemble(guests=(SpaimMethod(),)),
    SpaimMethod(),
    KrigedImputer(),
    SoftImputer(),
    RidgeImputer(),
    NearestImputer(),
)

METHODS: Mapping[str, Method[Any]] = {method.name: method for method in _ALL}
"""Every method by name; the first that answers a question is its default."""

BASELINE = "baseline"
"""Name of the simple method that every learned result stands beside."""

IMPUTING_BASELINE = "baseline_impute"
"""The same for genes; ``impute --method baseline`` means it."""


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
