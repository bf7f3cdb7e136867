"""From an open tissue and a reference to what a method gets."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from napari_tessera.contract.errors import RefusedError
from napari_tessera.contract.expression import Expression, ExpressionScale
from napari_tessera.contract.inputs import Origin, PairedData
from napari_tessera.contract.method import Need
from napari_tessera.data.choices import with_any_scale
from napari_tessera.data.gate import Examined, examine
from napari_tessera.data.gate_values import COUNTS_ONLY
from napari_tessera.data.view import unit_of

if TYPE_CHECKING:
    from anndata import AnnData
    from numpy.typing import NDArray

    from napari_tessera.contract.inputs import Selection
    from napari_tessera.contract.report import Report
    from napari_tessera.data.read import Tissue

LATTICE_SPREAD = 0.1


def prepare_pair(
    tissue: Tissue,
    reference: AnnData,
    selection: Selection,
    *,
    needs: frozenset[Need] = frozenset(),
    accepts: frozenset[ExpressionScale] = COUNTS_ONLY,
) -> tuple[PairedData, Report]:
    """Judge, join and pair; nothing is changed in what was read.

    Parameters
    ----------
    tissue : Tissue
        Open tissue.
    reference : AnnData
        Reference cells.
    selection : Selection
        What was chosen; the result's origin holds it with every default filled in.
    needs : frozenset of Need
        What the method wants prepared.
    accepts : frozenset of ExpressionScale
        Scales of the spots' values that the method can use.

    Raises
    ------
    RefusedError
        If the gate refuses; it carries the whole report.
    """
    if accepts != COUNTS_ONLY:
        selection = with_any_scale(tissue, selection)
    examined, report = examine(tissue, reference, selection, accepts)
    if examined is None:
        raise RefusedError(report)
    sample = _sample(tissue, examined)
    steps = [f"{p.code}: {p.found}; {p.hint}" for p in report.repairs]
    pitch = spot_pitch(examined.spot_xy, sample)
    graph = None
    if Need.SPOT_GRAPH in needs:
        graph = spot_graph(examined.spot_xy, sample)
        steps.append("spot graph: six nearest neighbours, by squidpy")
    paired = PairedData(
        cells=_expression(examined.cells, examined.cell_names, examined.gene_names),
        spots=_expression(
            examined.spots, examined.spot_names, examined.gene_names, examined.spot_scale
        ),
        further=_further(examined),
        spot_xy=examined.spot_xy,
        unit=unit_of(tissue, str(examined.selection.coordinate_system)),
        pitch=pitch,
        spot_graph=graph,
        cell_types=examined.cell_types,
        sample=sample,
        origin=Origin(
            selection=examined.selection,
            preparation=tuple(steps),
            fingerprint=fingerprint(examined),
        ),
    )
    return paired, report


def spot_pitch(xy: NDArray[np.float64], sample: NDArray[np.str_] | None = None) -> float:
    """Typical distance of neighbouring spots: lattice step, or sqrt(area / n_spots).

    Parameters
    ----------
    xy : ndarray, shape (n_spots, 2), float64
        Centres.
    sample : ndarray of str or None, shape (n_spots,)
        Section of every spot: sections may overlap in the coordinate system. Their median is given.
    """
    from napari_tessera.numerics.kernels import spot_spacing

    if sample is None:
        return spot_spacing(xy)
    sections = [xy[sample == name] for name in np.unique(sample)]
    several = [s for s in sections if len(np.unique(s, axis=0)) > 1]
    return float(np.median([spot_spacing(s) for s in several])) if several else spot_spacing(xy)


def spot_graph(xy: NDArray[np.float64], sample: NDArray[np.str_] | None) -> sparse.csr_matrix:
    """Six nearest neighbours, symmetric, 0/1, none across sections; built by squidpy.

    Parameters
    ----------
    xy : ndarray, shape (n_spots, 2), float64
        Centres.
    sample : ndarray of str or None, shape (n_spots,)
        Section of every spot.

    Returns
    -------
    csr_matrix, shape (n_spots, n_spots), float64
    """
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import anndata
        import squidpy

        adata = anndata.AnnData(np.zeros((len(xy), 1), dtype=np.float32), obsm={"spatial": xy})
        key = None
        if sample is not None:
            adata.obs["sample"] = sample
            adata.obs["sample"] = adata.obs["sample"].astype("category")
            key = "sample"
        n_neighbours = min(6, len(xy) - 1)
        squidpy.gr.spatial_neighbors(
            adata, coord_type="generic", n_neighs=n_neighbours, library_key=key
        )
    graph = sparse.csr_matrix(adata.obsp["spatial_connectivities"], dtype=np.float64)
    both = sparse.csr_matrix(graph + graph.T)
    both.data[:] = 1.0
    return both


def fingerprint(examined: Examined) -> str:
    """Hash over shape and content of all that was read; 16 hex digits."""
    digest = hashlib.sha256()
    for matrix in (examined.cells, examined.spots):
        digest.update(str(matrix.shape).encode())
        for part in (matrix.data, matrix.indices, matrix.indptr):
            digest.update(np.ascontiguousarray(part).tobytes())
    digest.update(np.ascontiguousarray(examined.spot_xy).tobytes())
    names = [examined.cell_names, examined.spot_names, examined.gene_names]
    if examined.cell_types is not None:
        names.append(examined.cell_types)
    if examined.further is not None:
        names.append(examined.further_names)
        digest.update(np.ascontiguousarray(examined.further.data).tobytes())
    for array in names:
        digest.update("\n".join(array.tolist()).encode())
    return digest.hexdigest()[:16]


def _expression(
    values: sparse.csr_matrix,
    obs_names: NDArray[np.str_],
    gene_names: NDArray[np.str_],
    scale: ExpressionScale = ExpressionScale.COUNTS,
) -> Expression:
    """Put values and their names together."""
    return Expression(values=values, obs_names=obs_names, gene_names=gene_names, scale=scale)


def _further(examined: Examined) -> Expression | None:
    """Genes of the cells that are to be predicted and not trained on."""
    if examined.further is None:
        return None
    return _expression(examined.further, examined.cell_names, examined.further_names)


def _sample(tissue: Tissue, examined: Examined) -> NDArray[np.str_] | None:
    """Section of every spot, if a column tells."""
    column = examined.selection.sample_column
    if column is None:
        return None
    table = tissue.sdata.tables[str(examined.selection.table)]
    return np.asarray(table.obs[column].astype(str).to_numpy()[examined.spot_rows], dtype=np.str_)
