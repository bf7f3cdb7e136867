"""How many micrometres a unit of the coordinates is, as far as the data say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tessera.contract.inputs import MICROMETRE
from napari_tessera.contract.views import Scale
from napari_tessera.data.geometry import affine_of, systems_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from spatialdata import SpatialData

    from napari_tessera.contract.views import SpotsView
    from napari_tessera.data.read import Tissue

ATTRIBUTE = "tessera_scale"
"""Attribute of a SpatialData object that our import made: ``{system: [micrometres, source]}``."""

VISIUM_PITCH = 100.0
"""Micrometres between the centres of neighbouring Visium spots."""

_VISIUM = f"Visium: spots are {VISIUM_PITCH:g} µm apart"
_ALIKE = 0.1


def scale_of_view(tissue: Tissue, system: str, unit: str, spots: SpotsView | None) -> Scale | None:
    """Find the scale of a coordinate system; None where nothing says it.

    Parameters
    ----------
    tissue : Tissue
        Open tissue.
    system : str
        Coordinate system.
    unit : str
        What `napari_tessera.data.view.unit_of` found.
    spots : SpotsView or None
        Spots in that system.
    """
    if unit == MICROMETRE:
        return Scale(micrometres=1.0, source="the coordinates are in micrometres")
    kept = tissue.sdata.attrs.get(ATTRIBUTE, {})
    if isinstance(kept, dict) and system in kept:
        number, source = kept[system]
        return Scale(micrometres=float(number), source=str(source))
    if spots is not None and _is_visium(tissue.sdata, spots):
        return Scale(micrometres=VISIUM_PITCH / _pitch(spots.xy), source=_VISIUM)
    return None


def keep_scale(sdata: SpatialData, uns: Mapping[str, Any], element: str) -> None:
    """Note at import what the metadata of a table say of the scale, if anything.

    Parameters
    ----------
    sdata : SpatialData
        What was imported; gets an attribute.
    uns : mapping
        Metadata of the table that it was made of.
    element : str
        Its circles.
    """
    from napari_tessera.data.geometry import own_centres

    found = _said(uns, own_centres(sdata[element])[1])
    if found is not None:
        kept = {
            system: [found.micrometres / _stretch(affine_of(sdata[element], system)), found.source]
            for system in systems_of(sdata[element])
        }
        sdata.attrs[ATTRIBUTE] = kept


def _said(uns: Mapping[str, Any], xy: NDArray[np.float64]) -> Scale | None:
    """Scale of a table's coordinates by its metadata."""
    for factors in _dicts(uns):
        pixel = _number(factors.get("microns_per_pixel"))
        if pixel is not None:
            return Scale(micrometres=pixel, source="microns_per_pixel in the file")
    for factors in _dicts(uns):
        pitch = _number(factors.get("spot_pitch_um"))
        if pitch is not None:
            return Scale(micrometres=pitch / _pitch(xy), source="spot_pitch_um in the file")
        if "spot_diameter_fullres" in factors and _is_hexagonal(xy):
            return Scale(micrometres=VISIUM_PITCH / _pitch(xy), source=_VISIUM)
    return None


def _dicts(value: Any, depth: int = 4) -> list[Mapping[str, Any]]:  # noqa: ANN401 - uns holds anything
    """Find the mappings in nested metadata, the outermost first."""
    if not hasattr(value, "items") or depth == 0:
        return []
    return [value, *(found for inner in value.values() for found in _dicts(inner, depth - 1))]


def _number(value: Any) -> float | None:  # noqa: ANN401 - uns holds anything
    """Read a finite number above zero; None for anything else."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if 0 < number < np.inf else None


def _is_visium(sdata: SpatialData, spots: SpotsView) -> bool:
    """Whether spots are numbered and lie as on a Visium slide: rows shifted by half a step."""
    obs = sdata.tables[spots.table].obs
    if not {"array_row", "array_col"} <= set(obs.columns) or not obs.index.is_unique:
        return False
    frame = obs.loc[spots.names]
    row, column = (frame[c].to_numpy() for c in ("array_row", "array_col"))
    if row.dtype.kind not in "iu" or column.dtype.kind not in "iu":
        return False
    return bool(((row + column) % 2 == 0).all()) and _is_hexagonal(spots.xy)


def _is_hexagonal(xy: NDArray[np.float64]) -> bool:
    """Whether most points have six others at the distance of their nearest one."""
    from scipy.spatial import cKDTree

    if len(xy) < 20:
        return False
    pitch = _pitch(xy)
    tree = cKDTree(xy)
    near = tree.query_ball_point(xy, pitch * (1 + _ALIKE), return_length=True) - 1
    return float(np.quantile(near, 0.75)) == 6


def _pitch(xy: NDArray[np.float64]) -> float:
    """Median distance to the nearest other point."""
    from scipy.spatial import cKDTree

    distances = np.asarray(cKDTree(xy).query(xy, k=2)[0])[:, 1] if len(xy) > 1 else np.ones(1)
    return float(np.median(distances)) or 1.0


def _stretch(affine: NDArray[np.float64]) -> float:
    """Length of a unit after a transformation: the root of its area."""
    return float(np.sqrt(abs(np.linalg.det(affine[:2, :2])))) or 1.0
