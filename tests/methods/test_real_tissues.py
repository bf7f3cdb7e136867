"""Both methods on real tissues, judged by truth and labels that no fit has seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from scipy import sparse
from scipy.spatial import cKDTree

from napari_tessera.contract.expression import Expression, ExpressionScale
from napari_tessera.contract.inputs import PairedData
from napari_tessera.contract.progress import SilentMonitor
from napari_tessera.methods import get_method
from napari_tessera.numerics.kernels import spot_spacing
from napari_tessera.numerics.scores import distances, hit_number

if TYPE_CHECKING:
    from pathlib import Path

    from anndata import AnnData
    from numpy.typing import NDArray

    from napari_tessera.contract.results import Placement, RunResult

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning:anndata")
QUICK = {"baseline": {}, "stem": {"steps": 100, "members": 1}}


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def pair(spots: AnnData, cells: AnnData, xy: NDArray[np.float64]) -> PairedData:
    there = set(cells.var_names)
    genes = [g for g in spots.var_names if g in there]

    def expression(data: AnnData) -> Expression:
        return Expression(
            values=sparse.csr_matrix(data[:, genes].X),
            obs_names=np.asarray(data.obs_names, dtype=np.str_),
            gene_names=np.asarray(genes, dtype=np.str_),
            scale=ExpressionScale.COUNTS,
        )

    return PairedData(
        cells=expression(cells),
        spots=expression(spots),
        spot_xy=xy,
        unit="unit",
        pitch=spot_spacing(xy),
        cell_types=np.asarray(cells.obs["cell_type"], dtype=np.str_),
    )


def answer(name: str, paired: PairedData) -> tuple[RunResult, Placement]:
    method = get_method(name)
    options = method.options_type(**QUICK[name])
    result = method.predict(method.fit(paired, options, SilentMonitor()), paired)
    assert result.placement is not None
    return result, result.placement


@pytest.mark.slow
@pytest.mark.parametrize("name", ["baseline", "stem"])
def test_embryo_cells_that_no_spot_holds_are_placed(name: str, kit: Path) -> None:
    import anndata as ad

    folder = kit / "mouse_embryo_seqfish"
    spots = ad.read_h5ad(folder / "e1z2_simulated_st.h5ad")
    cells = ad.read_h5ad(folder / "e1z2_cells.h5ad")
    paired = pair(spots, cells, np.asarray(spots.obsm["spatial"], dtype=np.float64))
    _, placement = answer(name, paired)
    free = np.flatnonzero(cells.obs["st_spot"].astype(str) == "")
    truth = np.asarray(cells.obsm["spatial"], dtype=np.float64)
    asked = np.random.default_rng(0).choice(free, 500, replace=False)
    assert distances(placement.xy, truth)[free].mean() <= {"baseline": 11.5, "stem": 11.0}[name]
    assert hit_number(placement.xy, truth, 200, asked) >= 118


@pytest.mark.slow
@pytest.mark.parametrize("name", ["baseline", "stem"])
def test_cell_types_land_where_a_pathologist_expects_them(name: str, kit: Path) -> None:
    import anndata as ad

    spots = ad.read_h5ad(kit / "her2st" / "her2st_A1.h5ad")
    cells = ad.read_h5ad(kit / "breast_scrna_wu2021" / "wu2021_CID4465.h5ad")
    xy = np.asarray(spots.obs[["pixel_x_fullres", "pixel_y_fullres"]], dtype=np.float64)
    paired = pair(spots, cells, xy)
    _, placement = answer(name, paired)
    assert placement.cell_types is not None
    away, nearest = (np.asarray(found) for found in cKDTree(xy).query(placement.xy))
    labels = np.asarray(spots.obs["label"].astype(str))
    assert (away <= paired.pitch).mean() >= 0.99
    assert (away <= 0.05 * paired.pitch).mean() <= 0.3
    immune = ["immune infiltrate", "adipose tissue"]
    for cell_type, wanted in (
        ("Normal Epithelial", ["cancer in situ"]),
        ("B-cells", immune),
        ("Plasmablasts", immune),
    ):
        landed = labels[nearest[placement.cell_types == cell_type]]
        assert np.isin(landed, wanted).mean() >= 3 * np.isin(labels, wanted).mean(), cell_type
    mass = np.asarray(placement.map[placement.cell_types == "Cancer Epithelial"].sum(axis=0))
    cancer = np.isin(labels, ["cancer in situ", "invasive cancer"])
    assert mass.ravel()[cancer].sum() >= 0.93 * mass.sum()
