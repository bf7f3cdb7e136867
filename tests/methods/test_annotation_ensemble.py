"""Annotation by several experts, from planted cells to calibrated answers."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest

from napari_tessera.contract.errors import InputError
from napari_tessera.contract.progress import Progress, SilentMonitor, Verdict
from napari_tessera.evaluation.annotation import score_annotation
from napari_tessera.methods import get_method
from napari_tessera.methods.ensemble_annotation import network
from napari_tessera.methods.ensemble_annotation.options import EnsembleAnnotationOptions
from napari_tessera.testing.planted_cells import Shift, planted_cells

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_tessera.contract.annotation import Annotation
    from napari_tessera.contract.inputs import PairedData

METHOD = get_method("annotation_ensemble")
PLANTED = planted_cells(seed=1)


@pytest.fixture(scope="module", autouse=True)
def short() -> Iterator[None]:
    """Few steps of the network are enough for planted types."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(network, "MOST_STEPS", 200)
        yield


def annotate(paired: PairedData, options: EnsembleAnnotationOptions | None = None) -> Annotation:
    """Fit and predict."""
    fitted = METHOD.fit(paired, options or EnsembleAnnotationOptions(), SilentMonitor())
    annotation = METHOD.predict(fitted, paired).annotation
    assert annotation is not None
    return annotation


@pytest.fixture(scope="module")
def found() -> Annotation:
    return annotate(PLANTED.paired)


def test_planted_types_are_found(found: Annotation) -> None:
    assert score_annotation(found, PLANTED.spot_types)["accuracy"] > 0.9


def test_probabilities_add_up_to_one_and_are_calibrated(found: Annotation) -> None:
    assert found.probability.sum(axis=1) == pytest.approx(np.ones(PLANTED.paired.n_spots))
    assert score_annotation(found, PLANTED.spot_types)["calibration_error"] < 0.06


def test_it_is_no_worse_than_the_baseline_at_low_depth() -> None:
    planted = planted_cells(seed=4, shift=Shift(depth=0.15, gene_factor=0.8))
    baseline = get_method("annotation_baseline")
    fitted = baseline.fit(planted.paired, baseline.options_type(), SilentMonitor())
    simple = baseline.predict(fitted, planted.paired).annotation
    assert simple is not None
    scores = [
        score_annotation(a, planted.spot_types)["accuracy"]
        for a in (annotate(planted.paired), simple)
    ]
    assert scores[0] > scores[1]


def test_a_type_that_the_reference_lacks_is_flagged() -> None:
    planted = planted_cells(seed=3, shift=Shift(without=("Tumour",)))
    scores = score_annotation(annotate(planted.paired), planted.spot_types)
    assert scores["novelty_auroc"] > 0.9


def test_p_values_of_known_cells_are_not_too_small(found: Annotation) -> None:
    assert (found.novelty_p < 0.1).mean() < 0.2


def test_the_same_seed_gives_the_same_answer(found: Annotation) -> None:
    again = annotate(PLANTED.paired)
    assert (again.probability == found.probability).all()
    assert (again.novelty_p == found.novelty_p).all()


def test_sections_are_not_neighbours_of_one_another() -> None:
    sample = np.where(np.arange(PLANTED.paired.n_spots) % 2, "a", "b")
    together = annotate(dataclasses.replace(PLANTED.paired, sample=sample))
    assert score_annotation(together, PLANTED.spot_types)["accuracy"] > 0.85


def test_a_few_spots_are_annotated_without_their_neighbours() -> None:
    few = annotate(PLANTED.paired.take_spots(np.arange(25)))
    assert np.isfinite(few.probability).all()


def test_the_prior_can_be_corrected(found: Annotation) -> None:
    corrected = annotate(PLANTED.paired, EnsembleAnnotationOptions(correct_prior=True))
    assert not np.allclose(corrected.probability, found.probability)


def test_cells_without_types_are_refused() -> None:
    with pytest.raises(InputError, match="cell types"):
        annotate(dataclasses.replace(PLANTED.paired, cell_types=None))


def test_progress_is_told_stage_by_stage() -> None:
    told: list[Progress] = []

    class Recorder(SilentMonitor):
        def report(self, progress: Progress) -> Verdict:
            told.append(progress)
            return Verdict.CONTINUE

    METHOD.fit(PLANTED.paired, EnsembleAnnotationOptions(), Recorder())
    assert sorted({p.fraction for p in told}) == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
