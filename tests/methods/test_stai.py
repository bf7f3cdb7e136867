"""stAI from planted cells to imputed genes and named types."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest

from napari_tessera.contract.errors import FitCancelled
from napari_tessera.contract.expression import Expression, ExpressionScale
from napari_tessera.contract.progress import Progress, SilentMonitor, Verdict
from napari_tessera.evaluation.annotation import score_annotation
from napari_tessera.methods import get_method
from napari_tessera.methods.stai.options import StaiOptions, Variant
from napari_tessera.testing.planted_cells import planted_cells

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_tessera.contract.annotation import Annotation
    from napari_tessera.contract.imputation import Imputation
    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.contract.method import Fitted
    from napari_tessera.contract.state import State

METHOD = get_method("stai")
N_GENES, N_MEASURED = 40, 32


def with_further(seed: int = 1) -> tuple[PairedData, np.ndarray, np.ndarray]:
    """Planted cells whose last eight genes the tissue lacks; the true types and counts of these."""
    planted = planted_cells(n_cells=250, n_spots=200, n_genes=N_GENES, seed=seed)
    whole = planted.paired

    def part(of: Expression, columns: slice) -> Expression:
        return Expression(
            values=of.values[:, columns],
            obs_names=of.obs_names,
            gene_names=of.gene_names[columns],
            scale=of.scale,
        )

    measured, hidden = slice(0, N_MEASURED), slice(N_MEASURED, N_GENES)
    paired = dataclasses.replace(
        whole,
        cells=part(whole.cells, measured),
        spots=part(whole.spots, measured),
        further=part(whole.cells, hidden),
    )
    return paired, planted.spot_types, whole.spots.values[:, hidden].toarray()


PAIRED, TYPES, TRUTH = with_further()
QUICK = StaiOptions(epochs=120, folds=2, batch=0, alignment_cells=100, genes="all")


class Fused(SilentMonitor):
    """Keeps the checkpoint after some steps, then cancels."""

    def __init__(self, steps: int) -> None:
        self.left, self.kept = steps, None

    kept: State | None

    def checkpoint(self, make_state: Callable[[], State]) -> None:
        self.left -= 1
        if self.left == 0:
            self.kept = make_state()

    def report(self, progress: Progress) -> Verdict:  # noqa: ARG002 - the protocol's shape
        if self.left == 0:
            raise FitCancelled
        return Verdict.CONTINUE


class Impatient(SilentMonitor):
    """Asks to finish after some steps."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def report(self, progress: Progress) -> Verdict:  # noqa: ARG002 - the protocol's shape
        self.left -= 1
        return Verdict.FINISH if self.left <= 0 else Verdict.CONTINUE


def answers(fitted: Fitted, paired: PairedData) -> tuple[Imputation, Annotation]:
    """Both answers."""
    result = METHOD.predict(fitted, paired)
    assert result.imputation is not None
    assert result.annotation is not None
    return result.imputation, result.annotation


@pytest.fixture(scope="module")
def fitted() -> Fitted:
    return METHOD.fit(PAIRED, QUICK, SilentMonitor())


@pytest.fixture(scope="module")
def found(fitted: Fitted) -> tuple[Imputation, Annotation]:
    return answers(fitted, PAIRED)


def test_planted_types_are_named(found: tuple[Imputation, Annotation]) -> None:
    assert score_annotation(found[1], TYPES)["accuracy"] > 0.85


def test_networks_alone_name_most_planted_types() -> None:
    alone = METHOD.fit(PAIRED, dataclasses.replace(QUICK, simple_member=False), SilentMonitor())
    assert score_annotation(answers(alone, PAIRED)[1], TYPES)["accuracy"] > 0.7


def test_probabilities_add_up_to_one(found: tuple[Imputation, Annotation]) -> None:
    assert found[1].probability.sum(axis=1) == pytest.approx(np.ones(PAIRED.n_spots))


def test_genes_that_were_never_measured_are_predicted(
    found: tuple[Imputation, Annotation],
) -> None:
    values = found[0].values[:, N_MEASURED:]
    pcc = [np.corrcoef(np.log1p(t), v)[0, 1] for t, v in zip(TRUTH.T, values.T, strict=True)]
    assert np.mean(pcc) > 0.3


def test_imputed_values_are_in_the_scale_of_the_tissue(
    found: tuple[Imputation, Annotation],
) -> None:
    imputed = found[0]
    assert (imputed.values >= 0).all()
    assert imputed.scale is ExpressionScale.LOG1P
    assert imputed.measured.tolist() == [True] * N_MEASURED + [False] * (N_GENES - N_MEASURED)


def test_every_gene_has_an_expected_correlation_and_every_value_an_interval(
    found: tuple[Imputation, Annotation],
) -> None:
    assert (np.abs(found[0].expected_pcc) <= 1).all()
    assert (found[0].half_width > 0).all()


def test_held_out_genes_and_cells_are_scored(fitted: Fitted) -> None:
    assert fitted.scores["held_out_pcc"] > 0.2
    assert fitted.scores["held_out_accuracy"] > 0.7


def test_cells_without_types_are_imputed_and_not_annotated() -> None:
    bare = dataclasses.replace(PAIRED, cell_types=None)
    options = dataclasses.replace(QUICK, epochs=10)
    result = METHOD.predict(METHOD.fit(bare, options, SilentMonitor()), bare)
    assert result.annotation is None
    assert result.imputation is not None


def test_five_genes_are_enough_to_run() -> None:
    few = np.arange(5)

    def part(of: Expression) -> Expression:
        return dataclasses.replace(of, values=of.values[:, few], gene_names=of.gene_names[few])

    paired = dataclasses.replace(PAIRED, cells=part(PAIRED.cells), spots=part(PAIRED.spots))
    options = dataclasses.replace(QUICK, epochs=3, folds=5)
    imputed, annotation = answers(METHOD.fit(paired, options, SilentMonitor()), paired)
    assert np.isfinite(imputed.values).all()
    assert np.isfinite(annotation.probability).all()


def test_the_published_form_runs_and_has_no_simple_member() -> None:
    options = StaiOptions(variant=Variant.PUBLISHED, epochs=120, folds=2, alignment_cells=100)
    fitted = METHOD.fit(PAIRED, options, SilentMonitor())
    assert "simple_weights" not in fitted.state.arrays
    assert fitted.state.arrays["say"].tolist() == [1.0]
    assert fitted.scores["held_out_accuracy"] > 0.4
    assert np.isfinite(answers(fitted, PAIRED)[0].values).all()


def test_intensities_are_taken_as_they_are() -> None:
    spots = dataclasses.replace(
        PAIRED.spots, values=PAIRED.spots.values * 0.37, scale=ExpressionScale.NORMALISED
    )
    paired = dataclasses.replace(PAIRED, spots=spots)
    options = dataclasses.replace(QUICK, simple_member=False)
    result = answers(METHOD.fit(paired, options, SilentMonitor()), paired)
    assert score_annotation(result[1], TYPES)["accuracy"] > 0.5


@pytest.mark.parametrize("batch", [0, 128])
def test_the_same_seed_repeats_bit_for_bit(batch: int) -> None:
    options = dataclasses.replace(QUICK, epochs=6, batch=batch)
    a, b = (answers(METHOD.fit(PAIRED, options, SilentMonitor()), PAIRED) for _ in range(2))
    assert (a[0].values == b[0].values).all()
    assert (a[1].probability == b[1].probability).all()


@pytest.mark.parametrize("steps", [5, 17, 30])
def test_a_resumed_fit_equals_an_unbroken_one(steps: int) -> None:
    options = dataclasses.replace(QUICK, epochs=6, batch=128, refresh=2, folds=2)
    fuse = Fused(steps)
    with pytest.raises(FitCancelled):
        METHOD.fit(PAIRED, options, fuse)
    resumed = METHOD.fit(PAIRED, options, SilentMonitor(), fuse.kept)
    whole = METHOD.fit(PAIRED, options, SilentMonitor())
    a, b = (f.state.part("network2").arrays for f in (resumed, whole))
    assert all((a[name] == b[name]).all() for name in b)


@pytest.mark.parametrize("steps", [3, 9])
def test_finishing_early_keeps_a_valid_answer(steps: int) -> None:
    fitted = METHOD.fit(PAIRED, dataclasses.replace(QUICK, epochs=6), Impatient(steps))
    imputed, annotation = answers(fitted, PAIRED)
    assert fitted.ending == "finished early"
    assert np.isfinite(imputed.values).all()
    assert np.isfinite(annotation.probability).all()


def test_permuted_spots_permute_the_answer(
    fitted: Fitted, found: tuple[Imputation, Annotation]
) -> None:
    order = np.random.default_rng(0).permutation(PAIRED.n_spots)
    imputed, annotation = answers(fitted, PAIRED.take_spots(order))
    assert imputed.values == pytest.approx(found[0].values[order], abs=1e-4)
    assert annotation.probability == pytest.approx(found[1].probability[order], abs=1e-4)
