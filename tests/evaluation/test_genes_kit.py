"""Predicted genes on a real section: one half of its cells is the reference of the other half."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import sparse

from napari_tessera.contract.expression import Expression, ExpressionScale
from napari_tessera.contract.imputing import ImputingOptions
from napari_tessera.contract.inputs import PairedData
from napari_tessera.evaluation.genes import GeneScores, compare_genes, evaluate_genes
from napari_tessera.methods import IMPUTING_BASELINE, get_method

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.kit


@pytest.fixture(scope="module")
def halves(kit: Path) -> PairedData:
    import anndata as ad

    data = ad.read_h5ad(kit / "starmap_mpfc" / "starmap_mpfc_BZ5.h5ad")
    order = np.random.default_rng(0).permutation(data.n_obs)
    spots, cells = (
        Expression(
            values=sparse.csr_matrix(data.X[rows]),
            obs_names=np.asarray(data.obs_names[rows], dtype=np.str_),
            gene_names=np.asarray(data.var_names, dtype=np.str_),
            scale=ExpressionScale.COUNTS,
        )
        for rows in (order[: data.n_obs // 2], order[data.n_obs // 2 :])
    )
    xy = np.asarray(data.obsm["spatial"], dtype=np.float64)[order[: data.n_obs // 2]]
    return PairedData(cells=cells, spots=spots, spot_xy=xy, unit="pixel", pitch=1.0)


@pytest.fixture(scope="module")
def baseline(halves: PairedData) -> GeneScores:
    return evaluate_genes(halves, get_method(IMPUTING_BASELINE), ImputingOptions())


def test_intervals_hold_as_much_as_they_promise(baseline: GeneScores) -> None:
    assert 0.88 <= baseline.summary()["coverage"] <= 0.92


def test_intervals_are_narrower_than_one_constant_width(baseline: GeneScores) -> None:
    assert baseline.summary()["width_over_constant"] < 0.9


def test_what_to_expect_of_a_gene_is_known_beforehand(baseline: GeneScores) -> None:
    summary = baseline.summary()
    assert summary["expected_pcc_correlation"] > 0.9
    assert summary["expected_pcc_error"] < 0.06


def test_kriging_beats_the_tuned_mapping_alone(halves: PairedData, baseline: GeneScores) -> None:
    soft = evaluate_genes(halves, get_method("soft_correlation"), ImputingOptions())
    paired = compare_genes(baseline, soft)
    assert paired["difference"] > 0
    assert paired["p"] < 1e-3
