"""The methods by name. Importing this room does not import torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_tessera.contract.errors import InputError
from napari_tessera.contract.method import Task
from napari_tessera.methods.baselines import MultinomialMap
from napari_tessera.methods.baselines.annotation import ThinnedRegression
from napari_tessera.methods.baselines.domains import SmoothedMixture
from napari_tessera.methods.baselines.imputing import (
    KrigedImputer,
    NearestImputer,
    RidgeImputer,
    SoftImputer,
)
from napari_tessera.methods.come import Come
from napari_tessera.methods.ensemble import GeneEnsemble
from napari_tessera.methods.ensemble_annotation import EnsembleAnnotation
from napari_tessera.methods.spaim import SpaimMethod
from napari_tessera.methods.stai import Stai
from napari_tessera.methods.stem import Stem
from napari_tessera.methods.transst import Transst

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_tessera.contract.method import Method

_ALL: tuple[Method[Any], ...] = (
    Stem(),
    MultinomialMap(),
    GeneEnsemble(guests=(SpaimMethod(),)),
    EnsembleAnnotation(),
    Come(),
    Stai(),
    SpaimMethod(),
    Transst(),
    KrigedImputer(),
    SoftImputer(),
    RidgeImputer(),
    NearestImputer(),
    ThinnedRegression(),
    SmoothedMixture(),
)

METHODS: Mapping[str, Method[Any]] = {method.name: method for method in _ALL}
"""Every method by name; the first that answers a question is its default."""

BASELINE = "baseline"
"""Name of the simple method that every learned map stands beside."""

BASELINES: Mapping[Task, str] = {
    Task.PLACE: BASELINE,
    Task.COMPOSE: BASELINE,
    Task.IMPUTE: "baseline_impute",
    Task.ANNOTATE: "annotation_baseline",
    Task.CLUSTER: "smoothed-mixture",
}
"""Name of the simple method that stands beside every learned answer to a question."""

IMPUTING_BASELINE, DOMAINS_BASELINE = BASELINES[Task.IMPUTE], BASELINES[Task.CLUSTER]

_SHORT: Mapping[tuple[Task, str], str] = {
    **{(task, BASELINE): name for task, name in BASELINES.items()},
    (Task.IMPUTE, "ensemble"): "ensemble_impute",
    (Task.ANNOTATE, "ensemble"): "annotation_ensemble",
}
"""Names that are understood once the question is known."""


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


def method_for(task: Task, name: str) -> Method[Any]:
    """Return the method that answers a question, by its short or its full name.

    Raises
    ------
    InputError
        If there is none; those that answer it are named.
    """
    method = METHODS.get(_SHORT.get((task, name), name))
    if method is None or task not in method.answers:
        known = ", ".join(names_for(task))
        msg = f"Method: expected one of {known} for {task}; found {name!r}."
        raise InputError(msg, "Choose one of these names.")
    return method


def names_for(task: Task) -> tuple[str, ...]:
    """Names of the methods that answer a question, short where they can be; the default first."""
    short = {full: name for (of, name), full in _SHORT.items() if of is task}
    return tuple(short.get(m.name, m.name) for m in _ALL if task in m.answers)
