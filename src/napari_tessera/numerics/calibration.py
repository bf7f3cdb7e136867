"""Credible regions that hold what they promise: power and mass chosen on held-out spots.

Pseudo-cells of held-out spots are placed on the others. The power is the one under which the spots
nearest to the truth are most probable; the mass is the share of the powered row at which regions
hold the truth in 90 % of the cases. No true place of a cell is needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy import sparse
from scipy.spatial import cKDTree

from napari_tessera.numerics.credible import LEVEL, CredibleScale

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.numerics.cell_map import CellMap

POWERS = tuple(np.geomspace(0.25, 4.0, 25).tolist())
"""Powers that held-out spots choose from."""

ALIKE, MOST_NEAREST = 1.1, 6
"""Spots up to so many times the least distance away count as nearest too, so many at most: a hole
in a lattice has four or six neighbours, and which of them is nearest by a hair says nothing."""

MASS_RANGE = (0.5, 0.9999)
"""Where the mass may lie."""


def nearest_spots(
    xy: NDArray[np.float64], spot_xy: NDArray[np.float64], *, alike: float = 1.0
) -> sparse.csr_matrix:
    """Spots nearest to given places, equally weighted where several are.

    Parameters
    ----------
    xy : ndarray, shape (n_places, 2), float64
        Places.
    spot_xy : ndarray, shape (n_spots, 2), float64
        Spot centres.
    alike : float
        Spots up to so many times the least distance away count as nearest too.

    Returns
    -------
    csr_matrix, shape (n_places, n_spots), float64
        Rows sum to one.
    """
    k = min(MOST_NEAREST, len(spot_xy))
    away, spots = (np.asarray(a).reshape(len(xy), -1) for a in cKDTree(spot_xy).query(xy, k=k))
    near = away <= alike * away[:, :1]
    rows = np.repeat(np.arange(len(xy)), near.sum(axis=1))
    weights = np.repeat(1 / near.sum(axis=1), near.sum(axis=1))
    return sparse.csr_matrix((weights, (rows, spots[near])), shape=(len(xy), len(spot_xy)))


def choose_scale(cell_map: CellMap, truth: sparse.csr_matrix) -> CredibleScale:
    """Choose power and mass for a map whose truth is known.

    Parameters
    ----------
    cell_map : CellMap
        Map of pseudo-cells.
    truth : csr_matrix, shape (n_cells, n_spots)
        Spots nearest to where they lie, from `nearest_spots`.

    Returns
    -------
    CredibleScale
    """
    likelihoods = np.zeros(len(POWERS))
    for block in cell_map.blocks():
        logits = cell_map.logits(block).cpu()
        wanted = truth[block]
        row, spot = _entries(wanted)
        for i, power in enumerate(POWERS):
            p = (power * logits).softmax(dim=1)[row, spot].numpy()
            at_truth = np.bincount(row.numpy(), weights=p * wanted.data, minlength=len(logits))
            likelihoods[i] += np.log(np.maximum(at_truth, 1e-30)).sum()
    power = POWERS[int(np.argmax(likelihoods))]
    above = mass_above(cell_map, truth, power)
    order = np.argsort(above, kind="stable")
    held = np.cumsum(truth.data[order]) / truth.data.sum()
    mass = above[order][min(int(np.searchsorted(held, LEVEL)), above.size - 1)]
    return CredibleScale(power, float(np.clip(mass + 1e-6, *MASS_RANGE)))


def mass_above(cell_map: CellMap, truth: sparse.csr_matrix, power: float) -> NDArray[np.float64]:
    """Mass of the spots that are more probable than a true one, for every stored entry of `truth`.

    Parameters
    ----------
    cell_map : CellMap
        The map.
    truth : csr_matrix, shape (n_cells, n_spots)
        Spots nearest to the true places.
    power : float
        Power of the rows.

    Returns
    -------
    ndarray, shape (n_entries,), float64
        A region of more mass than this holds the true spot.
    """
    found = []
    for block in cell_map.blocks():
        p = (power * cell_map.logits(block).cpu()).softmax(dim=1)
        row, spot = _entries(truth[block])
        at_truth = p[row, spot][:, None]
        chunk = max(1, 2**22 // p.shape[1])
        for start in range(0, len(row), chunk):
            part = slice(start, start + chunk)
            rows = p[row[part]]
            found.append(torch.where(rows > at_truth[part], rows, 0.0).sum(dim=1).double().numpy())
    return np.concatenate(found)


def coverage(cell_map: CellMap, truth: sparse.csr_matrix, scale: CredibleScale) -> float:
    """Share of the true places that regions hold.

    Parameters
    ----------
    cell_map : CellMap
        The map.
    truth : csr_matrix, shape (n_cells, n_spots)
        Spots nearest to the true places, rows sum to one.
    scale : CredibleScale
        Power and mass of the regions.
    """
    inside = mass_above(cell_map, truth, scale.power) < scale.mass
    return float(truth.data[inside].sum() / truth.data.sum())


def risk_coverage(errors: NDArray[np.float64], confidence: NDArray[np.floating]) -> float:
    """Area under the risk-coverage curve: mean error of the surest cells, over all their shares.

    Parameters
    ----------
    errors : ndarray, shape (n_cells,)
        Errors.
    confidence : ndarray, shape (n_cells,)
        Larger is surer; ties count in their mean order.

    Returns
    -------
    float
        The mean error itself where the confidence says nothing.
    """
    order = np.argsort(-confidence, kind="stable")
    _, group = np.unique(-confidence[order], return_inverse=True)
    tied = np.bincount(group, weights=errors[order]) / np.bincount(group)
    running = np.cumsum(tied[group]) / np.arange(1, errors.size + 1)
    return float(running.mean())


def _entries(matrix: sparse.csr_matrix) -> tuple[torch.Tensor, torch.Tensor]:
    """Row and column of every stored entry."""
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    return torch.from_numpy(rows), torch.from_numpy(matrix.indices.astype(np.int64))
