"""Annotation of real cells: one half of a section learns from the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pytest
from scipy import sparse

from napari_tessera.contract.expression import Expression, ExpressionScale
from napari_tessera.contract.inputs import PairedData
from napari_tessera.contract.progress import SilentMonitor
from napari_tessera.evaluation.annotation import score_annotation
from napari_tessera.methods import get_method
from napari_tessera.numerics.kernels import spot_spacing

if TYPE_CHECKING:
    from pathlib import Path


def halves(data: ad.AnnData, seed: int) -> tuple[PairedData, np.ndarray]:
    """Split at random; the first half plays the tissue, and its labels are the truth."""
    order = np.random.default_rng(seed).permutation(data.n_obs)
    parts = [data[np.sort(rows)] for rows in np.array_split(order, 2)]
    sides = [
        Expression(
            values=sparse.csr_matrix(part.X),
            obs_names=np.asarray(part.obs_names, dtype=np.str_),
            gene_names=np.asarray(part.var_names, dtype=np.str_),
            scale=ExpressionScale.COUNTS,
        )
        for part in parts
    ]
    xy = np.asarray(parts[0].obsm["spatial"], dtype=np.float64)
    types = [np.asarray(p.obs["cell_type"].astype(str), dtype=np.str_) for p in parts]
    paired = PairedData(
        cells=sides[1],
        spots=sides[0],
        spot_xy=xy,
        unit="pixel",
        pitch=spot_spacing(xy),
        cell_types=types[1],
    )
    return paired, types[0]


@pytest.mark.parametrize("name", ["annotation_ensemble", "annotation_baseline"])
def test_cells_of_the_cortex_are_named_rightly_and_with_the_right_confidence(
    name: str, kit: Path
) -> None:
    data = ad.read_h5ad(kit / "osmfish_cortex" / "osmfish.h5ad")
    paired, truth = halves(data[np.asarray(data.obs["in_stai_filtered"], dtype=bool)], seed=7)
    method = get_method(name)
    fitted = method.fit(paired, method.options_type(), SilentMonitor())
    annotation = method.predict(fitted, paired).annotation
    assert annotation is not None
    scores = score_annotation(annotation, truth)
    assert scores["accuracy"] > (0.88 if name == "annotation_ensemble" else 0.86)
    assert scores["macro_f1"] > (0.79 if name == "annotation_ensemble" else 0.76)
    assert scores["calibration_error"] < 0.04
    assert abs(scores["set_coverage"] - 0.9) < 0.05
