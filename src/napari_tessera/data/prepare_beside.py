"""What spots are seen by beside their genes: the picture around them, and their composition."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.data.prepare_picture import picture_features
from napari_tessera.data.problems import refuse, remark, some
from napari_tessera.data.runs import list_runs, read_run, run_names

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from spatialdata import SpatialData

    from napari_tessera.contract.inputs import Selection
    from napari_tessera.contract.report import Problem
    from napari_tessera.contract.results import Composition
    from napari_tessera.contract.sections import SectionData
    from napari_tessera.data.read import Tissue


@dataclass(frozen=True, kw_only=True)
class Beside:
    """What is wanted beside the genes.

    Parameters
    ----------
    picture : bool
        Whether colour and texture of the picture around every spot are.
    composition : str
        Run of the same tissue whose composition of the spots is; empty for none.
    places : tuple of Path or SpatialData
        Where that run is looked for, in order.
    """

    picture: bool = False
    composition: str = ""
    places: tuple[Path | SpatialData, ...] = ()


def put_beside(
    section: SectionData, tissue: Tissue, chosen: Selection, beside: Beside
) -> tuple[SectionData, list[Problem]]:
    """Put what is wanted beside the genes of a section.

    Parameters
    ----------
    section : SectionData
        The spots.
    tissue : Tissue
        Open tissue, for its picture.
    chosen : Selection
        With defaults filled in.
    beside : Beside
        What is wanted.

    Returns
    -------
    section : SectionData
        With what was found.
    problems : list of Problem
        Refusals among them where something is missing.
    """
    problems: list[Problem] = []
    if beside.picture:
        features, more = picture_features(tissue, chosen, section.spot_xy, section.pitch)
        section, problems = dataclasses.replace(section, picture=features), problems + more
    if beside.composition:
        shares, more = composed_spots(beside, section.spots.obs_names)
        section, problems = dataclasses.replace(section, composition=shares), problems + more
    return section, problems


def composed_spots(
    beside: Beside, spot_names: NDArray[np.str_]
) -> tuple[NDArray[np.float32] | None, list[Problem]]:
    """Look the composition of spots up in a run.

    Parameters
    ----------
    beside : Beside
        Names the run.
    spot_names : ndarray of str, shape (n_spots,)
        Names of the spots.

    Returns
    -------
    shares : ndarray or None, shape (n_spots, n_types), float32
        Spots that the run has not composed get the mean of the others.
    problems : list of Problem
    """
    name = f"run {beside.composition}"
    place = next((p for p in beside.places if beside.composition in run_names(p)), None)
    found = None if place is None else read_run(place, beside.composition).result.composition
    if found is None:
        word = "no run of that name" if place is None else "a run that composed none"
        there = some(_composed_runs(beside), 8) or "none"
        return None, [refuse(
            "composition-missing", name, "composition",
            expected="a run of this tissue that composed its spots",
            found=f"{word}; there are: {there}",
            hint="Map a reference onto the tissue first, or leave the composition out.",
        )]  # fmt: skip
    rows = _rows_of(found, spot_names)
    known = rows >= 0
    if not known.any():
        return None, [refuse(
            "composition-away", name, "composition", expected="the spots of this table",
            found="others", hint="Choose a run of the same table, or leave the composition out.",
        )]  # fmt: skip
    shares = found.values[np.maximum(rows, 0)].astype(np.float32)
    shares[~known] = shares[known].mean(axis=0)
    return shares, [_said(name, found, known)]


def _rows_of(found: Composition, spot_names: NDArray[np.str_]) -> NDArray[np.int64]:
    """Row of every spot in the composition, -1 where it has none."""
    at = {str(name): i for i, name in enumerate(found.spot_names)}
    return np.array([at.get(str(name), -1) for name in spot_names], dtype=np.int64)


def _said(name: str, found: Composition, known: NDArray[np.bool_]) -> Problem:
    """Say what stands beside the genes, and which spots it lacks."""
    without = int((~known).sum())
    lacking = f"; {without} spots without, which get the mean of the others" if without else ""
    return remark(
        "composition-beside", name, "composition", expected="every spot composed",
        found=f"{found.types.size} types in {int(known.sum())} spots{lacking}",
        hint="Domains go by them too, beside the genes.",
    )  # fmt: skip


def _composed_runs(beside: Beside) -> list[str]:
    """Names of the runs that could have been meant."""
    found = [run for place in beside.places for run in list_runs(place)]
    return sorted({run.name for run in found if "composition" in run.answers})
