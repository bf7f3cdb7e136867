"""Genes whose attribution shows a trend along a drawn path.

Placed cells are projected on the path; their position is the true arc length, 0 to 1. Per gene a
cubic spline of the attribution on the position; genes are ordered by the variance it explains.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from scipy.interpolate import BSpline

from napari_tessera.contract.dominance import Contrast, GeneRanking
from napari_tessera.contract.errors import InputError
from napari_tessera.explain.groups import LEAST_CELLS
from napari_tessera.explain.nulls import null_p
from napari_tessera.explain.rank_tests import ranked_blocks
from napari_tessera.explain.sdg import NOT_INDEPENDENT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from scipy import sparse

    from napari_tessera.contract.regions import Region

INNER_KNOTS = 3
"""Knots of the spline between its ends, at quantiles of the positions."""

CURVE_POINTS = 101
"""Positions at which curves are drawn."""


@dataclass(frozen=True, kw_only=True)
class AlongPath:
    """Cells near a path.

    Parameters
    ----------
    rows : ndarray, shape (n,), int64
        Which cells, in the order of their position.
    position : ndarray, shape (n,), float64
        Arc length from the path's start, 0 to 1, rising.
    length : float
        Of the path, in the unit of the coordinates.
    """

    rows: NDArray[np.int64]
    position: NDArray[np.float64]
    length: float


def along_path(
    path: Region, xy: NDArray[np.float64], reach: float, allowed: NDArray[np.bool_]
) -> AlongPath:
    """Project cells on a path.

    Parameters
    ----------
    path : Region
        A path, in the coordinates of the cells.
    xy : ndarray, shape (n_cells, 2), float64
        Places of the cells.
    reach : float
        How far from the path a cell may lie.
    allowed : ndarray of bool, shape (n_cells,)
        Cells that may be used.

    Raises
    ------
    InputError
        If fewer than 20 cells lie near the path.
    """
    line = shapely.LineString(path.line)
    points = np.asarray(shapely.points(xy))
    near = np.flatnonzero(allowed & (np.asarray(shapely.distance(line, points)) <= reach))
    if near.size < LEAST_CELLS:
        msg = f"Path {path.name}: expected at least {LEAST_CELLS} cells near it, found {near.size}."
        raise InputError(msg, "Draw it through the cells, or let it reach farther.")
    position = shapely.line_locate_point(line, points[near], normalized=True)
    order = np.argsort(position, kind="stable")
    return AlongPath(
        rows=near[order], position=np.asarray(position)[order], length=float(line.length)
    )


def rank_trends(
    gene_names: NDArray[np.str_],
    values: Mapping[str, sparse.csr_matrix],
    cells: AlongPath,
    draws: tuple[int, int, np.random.Generator],
    contrast: Contrast,
) -> GeneRanking:
    """Rank genes by their trend.

    Parameters
    ----------
    gene_names : ndarray of str, shape (n_genes,)
        Genes.
    values : mapping
        ``expression`` and, where the map can be explained, ``attribution``: each (n, n_genes),
        the cells in the order of `cells`.
    cells : AlongPath
        Cells near the path.
    draws : (int, int, Generator)
        Labellings under the null, stretches of the path that change places, source of the draws.
    contrast : Contrast
        Goes into the result.
    """
    main = values.get("attribution", values["expression"])
    basis = _basis(cells.position)
    r2 = explained(basis, main)
    columns: dict[str, NDArray[Any]] = {
        "r2": r2,
        "p_null": null_p(r2, _null_r2(basis, main, *draws)),
        "spearman": _spearman(cells.position, main),
        "peak": _peak(cells.position, main),
        "expression_r2": explained(basis, values["expression"]),
    }
    order = np.lexsort((gene_names, -r2))
    return GeneRanking(
        gene_names=gene_names[order],
        values={name: column[order] for name, column in columns.items()},
        contrast=contrast,
        warnings=(NOT_INDEPENDENT,),
    )


def curve(
    position: NDArray[np.float64], values: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fit the spline of one gene, for drawing.

    Parameters
    ----------
    position : ndarray, shape (n,), float64
        Positions of the cells, 0 to 1, rising.
    values : ndarray, shape (n,) or (n, n_genes)
        Attributions or expression.

    Returns
    -------
    at : ndarray, shape (101,), float64
        Positions from the first cell's to the last one's.
    fitted : ndarray, shape (101,) or (101, n_genes), float64
        The spline there.
    """
    knots = _knots(position)
    at = np.linspace(position[0], position[-1], CURVE_POINTS)
    design = BSpline.design_matrix(position, knots, 3).toarray()
    weights = np.linalg.lstsq(design, np.asarray(values, dtype=np.float64), rcond=None)[0]
    return at, np.asarray(BSpline.design_matrix(at, knots, 3).toarray() @ weights)


def explained(basis: NDArray[np.float64], values: sparse.csr_matrix) -> NDArray[np.float64]:
    """Share of every gene's variance that lies in a basis, shape (n_genes,); 0 if it has none.

    Parameters
    ----------
    basis : ndarray, shape (n, n_functions), float64
        Orthonormal columns, orthogonal to the constant.
    values : csr_matrix, shape (n, n_genes)
        Values.
    """
    total = np.asarray(values.multiply(values).sum(axis=0), dtype=np.float64).ravel()
    mean = np.asarray(values.mean(axis=0, dtype=np.float64)).ravel()
    variance = total - values.shape[0] * mean**2
    caught = ((values.T @ basis) ** 2).sum(axis=1)
    flat = variance <= 1e-10 * np.maximum(total, 1e-300)
    return np.asarray(np.where(flat, 0.0, caught / np.where(flat, 1.0, variance)).clip(0, 1))


def _knots(position: NDArray[np.float64]) -> NDArray[np.float64]:
    """Knots of a cubic spline over the positions."""
    inner = np.unique(np.quantile(position, np.linspace(0, 1, INNER_KNOTS + 2)[1:-1]))
    low, high = position[0], position[-1]
    inner = inner[(inner > low) & (inner < high)]
    return np.concatenate([[low] * 4, inner, [high] * 4])


def _basis(position: NDArray[np.float64]) -> NDArray[np.float64]:
    """Orthonormal basis of the spline without the constant, shape (n, n_functions)."""
    if position[-1] <= position[0]:
        msg = "Path: expected cells at several positions, found all of them at one."
        raise InputError(msg, "Draw a longer path.")
    design = BSpline.design_matrix(position, _knots(position), 3).toarray()
    left, strength, _ = np.linalg.svd(design - design.mean(axis=0), full_matrices=False)
    return np.asarray(left[:, strength > 1e-8 * strength[0]])


def _null_r2(
    basis: NDArray[np.float64],
    values: sparse.csr_matrix,
    draws: int,
    n_blocks: int,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Explained variance when stretches of the path change places, (draws, n_genes)."""
    n = len(basis)
    n_blocks = max(2, min(n_blocks, n // 4))
    blocks = np.array_split(np.arange(n), n_blocks)
    found = np.empty((draws, values.shape[1]))
    for row in found:
        order = np.concatenate([blocks[i] for i in rng.permutation(n_blocks)])
        row[:] = explained(basis[order], values)
    return found


def _spearman(position: NDArray[np.float64], values: sparse.csr_matrix) -> NDArray[np.float64]:
    """Rank correlation with the position, shape (n_genes,); 0 where a gene does not vary."""
    along = next(ranked_blocks(position[:, None]))[:, 0]
    found = []
    for ranks in ranked_blocks(values):
        norm = np.sqrt((ranks**2).sum(axis=0) * (along**2).sum())
        found.append(np.divide(along @ ranks, norm, out=np.zeros_like(norm), where=norm > 0))
    return np.concatenate(found)


def _peak(position: NDArray[np.float64], values: sparse.csr_matrix) -> NDArray[np.float64]:
    """Position where every gene's spline is highest, shape (n_genes,)."""
    knots = _knots(position)
    at = np.linspace(position[0], position[-1], CURVE_POINTS)
    design = BSpline.design_matrix(position, knots, 3).toarray()
    fitted = BSpline.design_matrix(at, knots, 3).toarray() @ (np.linalg.pinv(design) @ values)
    return np.asarray(at[np.asarray(fitted).argmax(axis=0)])
