"""What the viewer room gives: napari's layer tuples, and the mark by which we know our own."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import numpy as np

from napari_tessera.contract.inputs import MICROMETRE

LayerData = tuple[Any, dict[str, Any], str]
"""Data, keyword arguments of the layer, and its type in lower case."""

MARK = "tessera"
"""Key of ``layer.metadata`` under which `mark` is kept."""


class Role(StrEnum):
    """What a layer of ours shows."""

    IMAGE = "image"
    SPOTS = "spots"
    PREVIEW = "preview"
    CELLS = "cells"
    COMPOSITION = "composition"
    DENSITY = "density"
    PIES = "pies"
    WAITING = "waiting"
    GENE = "gene"
    GENES = "genes"
    REGIONS = "regions"
    SELECTION = "selection"
    LASSO = "lasso"
    AGREEMENT = "agreement"


def mark(role: Role, run: str = "", detail: str = "") -> dict[str, Any]:
    """Metadata that tells our layers from others, whatever a person renames them to.

    Parameters
    ----------
    role : Role
        What the layer shows.
    run : str
        Name of the run that it belongs to; empty for the tissue itself.
    detail : str
        What tells layers of the same role and run apart (a cell type).
    """
    return {MARK: {"role": str(role), "run": run, "detail": detail}}


def waiting_layer(words: str) -> LayerData:
    """Layer without anything in it that stands for a tissue until it is open.

    Parameters
    ----------
    words : str
        Its name.
    """
    return np.empty((0, 2)), {"name": words, "metadata": mark(Role.WAITING)}, "points"


def world_units(unit: str) -> dict[str, Any]:
    """Keyword ``units`` of a two-dimensional layer; nothing where the unit is no physical one."""
    return {"units": ("micrometer", "micrometer")} if unit == MICROMETRE else {}
