"""A planted tissue as it would stand on the screen, and a run whose answer is the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

from napari_tessera.contract.inputs import Origin, Selection
from napari_tessera.contract.results import Composition, Placement, Provenance, Run, RunResult
from napari_tessera.contract.views import ImageView, SpotsView, TissueView
from napari_tessera.testing.planted import SPOT_RADIUS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.testing.planted import PlantedTissue


def planted_view(planted: PlantedTissue) -> TissueView:
    """Make what is on the screen when the planted tissue is opened: its picture and its circles.

    Parameters
    ----------
    planted : PlantedTissue
        The tissue; world coordinates are pixels of its full-size scan.
    """
    pixel = 1 / planted.image_scale
    picture = ImageView(name="he", levels=(planted.image,), affine=np.diag([pixel, pixel, 1.0]))
    paired = planted.paired
    spots = SpotsView(
        table="table",
        element="spots",
        names=paired.spots.obs_names,
        instances=np.arange(paired.n_spots),
        xy=paired.spot_xy,
        radius=np.full(paired.n_spots, SPOT_RADIUS),
    )
    return TissueView(
        title="planted",
        coordinate_system="global",
        unit=paired.unit,
        images=(picture,),
        spots=spots,
    )


def planted_run(planted: PlantedTissue, *, name: str = "truth_00000000") -> Run:
    """Put every cell where it was and give every spot its true composition.

    The map gives each cell to its three nearest spots by a Gaussian of one pitch, so confidence,
    entropy and covariance are those of that map.

    Parameters
    ----------
    planted : PlantedTissue
        The tissue.
    name : str
        Name of the run.
    """
    values = np.asarray(planted.composition, dtype=np.float32)
    composition = Composition(
        spot_names=planted.paired.spots.obs_names,
        types=planted.types,
        values=values,
        entropy=_entropy(values),
    )
    selection = Selection(coordinate_system="global")
    return Run(
        name=name,
        result=RunResult(placement=_placement(planted), composition=composition),
        provenance=Provenance(method="truth", origin=Origin(selection=selection)),
    )


def _placement(planted: PlantedTissue) -> Placement:
    paired = planted.paired
    distance, nearest = cKDTree(paired.spot_xy).query(planted.truth_xy, k=3)
    near = np.asarray(nearest, dtype=np.int64)
    weight = np.exp(-0.5 * (distance / paired.pitch) ** 2)
    weight /= weight.sum(axis=1, keepdims=True)
    rows = np.repeat(np.arange(paired.n_cells), 3)
    shape = (paired.n_cells, paired.n_spots)
    around = paired.spot_xy[near]
    mean = (weight[..., None] * around).sum(axis=1)
    off = around - mean[:, None]
    return Placement(
        cell_names=paired.cells.obs_names,
        cell_types=planted.cell_types,
        spot_names=paired.spots.obs_names,
        xy=planted.truth_xy,
        mean_xy=mean,
        covariance=np.einsum("nk,nki,nkj->nij", weight, off, off).astype(np.float32),
        entropy=_entropy(weight),
        confidence=weight.max(axis=1).astype(np.float32),
        modal_spot=near[np.arange(len(near)), weight.argmax(axis=1)],
        map=sparse.csr_matrix(
            (weight.ravel().astype(np.float32), (rows, near.ravel())), shape=shape
        ),
        map_residual=np.zeros(paired.n_cells, dtype=np.float32),
        unit=paired.unit,
    )


def _entropy(weights: NDArray[np.floating]) -> NDArray[np.float32]:
    """Entropy of every row in nats, shape (n,)."""
    safe = np.where(weights > 0, weights, 1.0)
    return np.asarray(-(weights * np.log(safe)).sum(axis=1), dtype=np.float32)
