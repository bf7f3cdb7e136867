"""Logistic regression on the thinned reference."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import sparse

from napari_tessera.contract.errors import InputError
from napari_tessera.contract.expression import Expression
from napari_tessera.contract.progress import SilentMonitor
from napari_tessera.evaluation.annotation import score_annotation
from napari_tessera.methods import get_method
from napari_tessera.methods.baselines.annotation import AnnotationBaselineOptions
from napari_tessera.testing.planted_cells import Shift, planted_cells

if TYPE_CHECKING:
    from napari_tessera.contract.annotation import Annotation
    from napari_tessera.contract.inputs import PairedData

METHOD = get_method("annotation_baseline")
PLANTED = planted_cells(seed=1)


def annotate(paired: PairedData, options: AnnotationBaselineOptions | None = None) -> Annotation:
    """Fit and predict."""
    fitted = METHOD.fit(paired, options or AnnotationBaselineOptions(), SilentMonitor())
    annotation = METHOD.predict(fitted, paired).annotation
    assert annotation is not None
    return annotation


@pytest.fixture(scope="module")
def found() -> Annotation:
    return annotate(PLANTED.paired)


def test_planted_types_are_found(found: Annotation) -> None:
    assert score_annotation(found, PLANTED.spot_types)["accuracy"] > 0.85


def test_probabilities_add_up_to_one(found: Annotation) -> None:
    assert found.probability.sum(axis=1) == pytest.approx(np.ones(PLANTED.paired.n_spots))


def test_sets_hold_the_truth_about_as_often_as_promised(found: Annotation) -> None:
    assert score_annotation(found, PLANTED.spot_types)["set_coverage"] > 0.8


def test_the_same_seed_gives_the_same_answer(found: Annotation) -> None:
    assert (annotate(PLANTED.paired).probability == found.probability).all()


def test_permuted_spots_permute_the_answer(found: Annotation) -> None:
    order = np.random.default_rng(0).permutation(PLANTED.paired.n_spots)
    permuted = annotate(PLANTED.paired.take_spots(order))
    assert permuted.probability == pytest.approx(found.probability[order], abs=1e-3)


def test_a_bias_per_gene_hardly_harms() -> None:
    planted = planted_cells(seed=2, shift=Shift(gene_factor=1.2))
    assert score_annotation(annotate(planted.paired), planted.spot_types)["accuracy"] > 0.8


def test_strangers_have_small_p_values() -> None:
    planted = planted_cells(seed=3, shift=Shift(without=("Tumour",)))
    scores = score_annotation(annotate(planted.paired), planted.spot_types)
    assert scores["novelty_auroc"] > 0.75


def test_two_types_are_enough() -> None:
    paired = PLANTED.paired
    assert paired.cell_types is not None
    two = np.where(paired.cell_types == "Tumour", "Tumour", "other")
    found = annotate(dataclasses.replace(paired, cell_types=two))
    truth = np.where(PLANTED.spot_types == "Tumour", "Tumour", "other")
    assert score_annotation(found, truth)["accuracy"] > 0.9


def test_fewer_genes_can_be_asked_for() -> None:
    options = AnnotationBaselineOptions(n_genes=20)
    fitted = METHOD.fit(PLANTED.paired, options, SilentMonitor())
    assert fitted.state.arrays["weights"].shape[1] == 20


def test_a_gene_that_the_tissue_never_counts_does_no_harm() -> None:
    spots = PLANTED.paired.spots
    values = spots.values.toarray()
    values[:, 0] = 0
    silent = Expression(
        values=sparse.csr_matrix(values),
        obs_names=spots.obs_names,
        gene_names=spots.gene_names,
        scale=spots.scale,
    )
    found = annotate(dataclasses.replace(PLANTED.paired, spots=silent))
    assert np.isfinite(found.probability).all()


def test_cells_without_types_are_refused_with_a_hint() -> None:
    with pytest.raises(InputError, match="cell types"):
        annotate(dataclasses.replace(PLANTED.paired, cell_types=None))
