"""How far from its place a cell may lie: discs that hold what they promise.

A row of the map has a spread, the root mean square distance of its spots from the placement. The
disc about the placement has the radius ``factor * sqrt(spread^2 + floor^2)``. Factor and floor are
chosen on pseudo-cells of held-out spots: of the floors that which makes the discs smallest, and the
factor at which they hold 90 % of the pseudo-cells. No true place of a cell is needed.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.numerics.cell_map import CellMap, MapRows

LEVEL = 0.9
"""Share of the cells that their discs should hold."""

FLOORS = (0.25, 0.5, 1.0, 2.0, 3.0)
"""Floors that held-out spots choose from, in pitches."""


@dataclasses.dataclass(frozen=True)
class CredibleScale:
    """How the spread of a row becomes the radius of a disc.

    Parameters
    ----------
    factor : float
        Radius per spread.
    floor : float
        Spread that no row falls below, in pitches.
    """

    factor: float
    floor: float

    def radius(self, spread: NDArray[np.float64]) -> NDArray[np.float64]:
        """Radius of every disc, in pitches like the spread."""
        return np.asarray(self.factor * np.sqrt(spread**2 + self.floor**2))


def row_spread(rows: MapRows) -> NDArray[np.float64]:
    """Root mean square distance of a row's spots from its placement; (n_cells,), same unit."""
    about_mean = np.trace(rows.covariance, axis1=1, axis2=2).astype(np.float64)
    return np.asarray(np.sqrt(about_mean + ((rows.mean_xy - rows.xy) ** 2).sum(axis=1)))


def calibrate(
    cell_map: CellMap, inputs: PairedData, truth_xy: NDArray[np.float64]
) -> CredibleScale:
    """Choose a scale on a map of pseudo-cells.

    Parameters
    ----------
    cell_map : CellMap
        Pseudo-cells over the spots of `inputs`.
    inputs : PairedData
        Gives the spots' places and pitch.
    truth_xy : ndarray, shape (n_pseudo_cells, 2), float64
        Where the pseudo-cells lie.
    """
    here = cell_map.within_sections(inputs.sample)
    rows = here.rows(inputs.spot_xy, inputs.pitch)
    errors = np.linalg.norm(rows.xy - truth_xy, axis=1)
    return choose_scale(errors / inputs.pitch, row_spread(rows) / inputs.pitch)


def radii(
    rows: MapRows, values: Mapping[str, float] | None, pitch: float
) -> NDArray[np.float32] | None:
    """Radius of the disc of every row, in the unit of the pitch; None without a stored scale.

    Parameters
    ----------
    rows : MapRows
        Rows of a map.
    values : mapping or None
        Fields of a `CredibleScale`, as stored.
    pitch : float
        Distance of neighbouring spots.
    """
    if values is None:
        return None
    scale = CredibleScale(float(values["factor"]), float(values["floor"]))
    return (scale.radius(row_spread(rows) / pitch) * pitch).astype(np.float32)


def choose_scale(errors: NDArray[np.float64], spread: NDArray[np.float64]) -> CredibleScale:
    """Choose factor and floor where errors are known.

    Parameters
    ----------
    errors : ndarray, shape (n_cells,)
        Distances of placements from the truth, in pitches.
    spread : ndarray, shape (n_cells,)
        Spread of the rows, in pitches.

    Returns
    -------
    CredibleScale
        Its discs hold 90 % of these cells.
    """
    scales = []
    for floor in FLOORS:
        factor = float(np.quantile(errors / np.hypot(spread, floor), LEVEL, method="higher"))
        scales.append(CredibleScale(factor, floor))
    areas = [float(np.median(scale.radius(spread))) for scale in scales]
    return scales[int(np.argmin(areas))]


def risk_coverage(errors: NDArray[np.float64], confidence: NDArray[np.floating]) -> float:
    """Area under the risk-coverage curve: mean error of the surest cells, over all their shares.

    Parameters
    ----------
    errors : ndarray, shape (n_cells,)
        Errors.
    confidence : ndarray, shape (n_cells,)
        Larger is surer; cells with the same confidence share their mean error.

    Returns
    -------
    float
        The mean error itself where the confidence says nothing.
    """
    return float(risk_curve(errors, confidence).mean())


def risk_curve(
    errors: NDArray[np.float64], confidence: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Mean error of the 1, 2, ... n surest cells, shape (n_cells,); see `risk_coverage`."""
    order = np.argsort(-confidence, kind="stable")
    _, group = np.unique(-confidence[order], return_inverse=True)
    tied = np.bincount(group, weights=errors[order]) / np.bincount(group)
    return np.asarray(np.cumsum(tied[group]) / np.arange(1, errors.size + 1))
