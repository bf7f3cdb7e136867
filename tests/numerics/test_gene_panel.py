"""What predicting genes starts from."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from napari_tessera.contract.errors import InputError
from napari_tessera.contract.expression import ExpressionScale
from napari_tessera.contract.imputing import ImputingOptions
from napari_tessera.evaluation.genes import without_genes
from napari_tessera.numerics.gene_panel import prepare_panel
from napari_tessera.testing.planted import planted_tissue

WHOLE = planted_tissue(n_cells=120, n_spots=60, n_genes=50, seed=2).paired
PAIRED = without_genes(WHOLE, np.arange(40, 50))
NAMES = WHOLE.cells.gene_names


def test_both_sides_are_standardised_log_counts() -> None:
    panel = prepare_panel(PAIRED, ImputingOptions())
    logged = np.log1p(PAIRED.spots.values.toarray())
    wanted = (logged - logged.mean(axis=0)) / logged.std(axis=0)
    assert panel.spots == pytest.approx(wanted, abs=1e-4)
    assert panel.cells.std(axis=0) == pytest.approx(np.ones(40), abs=1e-4)


def test_measured_values_come_back() -> None:
    panel = prepare_panel(PAIRED, ImputingOptions())
    wanted = np.log1p(PAIRED.spots.values.toarray()[:, [3, 7]])
    assert panel.values(np.array([3, 7])) == pytest.approx(wanted, abs=1e-5)


def test_intensities_stay_as_they_are() -> None:
    spots = dataclasses.replace(PAIRED.spots, scale=ExpressionScale.NORMALISED)
    panel = prepare_panel(dataclasses.replace(PAIRED, spots=spots), ImputingOptions())
    assert panel.scale is ExpressionScale.NORMALISED
    assert panel.spot_mean == pytest.approx(PAIRED.spots.values.toarray().mean(axis=0), rel=1e-5)


def test_no_further_gene_is_predicted_unasked() -> None:
    assert prepare_panel(PAIRED, ImputingOptions()).wanted.size == 0


def test_wanted_genes_come_in_the_order_asked() -> None:
    genes = f"{NAMES[45]}, {NAMES[41]},{NAMES[45]}"
    panel = prepare_panel(PAIRED, ImputingOptions(genes=genes))
    assert panel.wanted.tolist() == [NAMES[45], NAMES[41]]


def test_all_means_every_gene_of_the_cells() -> None:
    panel = prepare_panel(PAIRED, ImputingOptions(genes="all"))
    assert sorted(panel.wanted) == sorted(NAMES[40:])


def test_an_unknown_gene_is_refused_with_the_nearest_names() -> None:
    with pytest.raises(InputError, match=r"found 'GENE004'.*Did you mean GENE00"):
        prepare_panel(PAIRED, ImputingOptions(genes="GENE004"))


def test_measured_genes_beyond_the_panel_are_wanted() -> None:
    panel = prepare_panel(PAIRED, ImputingOptions(n_genes=30))
    assert panel.n_panel == 30
    assert sorted([*panel.genes, *panel.wanted]) == sorted(NAMES[:40])


def test_too_few_genes_that_vary_are_refused() -> None:
    with pytest.raises(InputError, match="at least 4 measured genes that vary"):
        prepare_panel(without_genes(WHOLE, np.arange(3, 50)), ImputingOptions())


def test_many_cells_are_sampled_down_and_the_same_seed_samples_alike() -> None:
    panels = [prepare_panel(PAIRED, ImputingOptions(max_cells=100, seed=s)) for s in (0, 0, 1)]
    assert panels[0].cells.shape == (100, 40)
    assert np.array_equal(panels[0].cells, panels[1].cells)
    assert not np.array_equal(panels[0].cells, panels[2].cells)
