"""Attribution against Captum, and the promises beside the numbers."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from captum.attr import IntegratedGradients
from scipy import sparse
from tests.explain.conftest import make_normed

from napari_tessera.contract.dominance import Attribution
from napari_tessera.contract.errors import FitCancelled, OptionError
from napari_tessera.contract.progress import Progress, SilentMonitor, Verdict
from napari_tessera.explain import gradients
from napari_tessera.explain.gradients import (
    attribute,
    block_size,
    pass_size,
    start_profile,
)
from napari_tessera.explain.options import ExplainOptions, Scalar, Spacing, Start
from napari_tessera.explain.quadrature import quadrature

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.numerics.map_encoder import MapEncoder

STARTS = [Start.ZERO, Start.MEAN, Start.SURPLUS]

INSIDE = np.arange(40) < 15
"""Spots of a region."""


def by_hand(
    encoder: MapEncoder, scalar: Scalar, spot: torch.Tensor, x: torch.Tensor
) -> torch.Tensor:
    """Score of rows, written from its definition."""
    logits = encoder.logits(x)
    p = logits.softmax(dim=1)
    if scalar is Scalar.REGION:
        mass = p[:, torch.from_numpy(INSIDE)].sum(dim=1)
        return torch.log(mass / (1 - mass))
    own = {Scalar.PROBABILITY: p, Scalar.LOG_PROBABILITY: p.log(), Scalar.LOGIT: logits}[scalar]
    return own[:, int(spot)]


def captum(encoder: MapEncoder, scalar: Scalar, start: Start, steps: int) -> NDArray[np.float32]:
    """Attributions by Captum, cell by cell, as the authors' notebooks do."""
    x = encoder.dense(slice(0, encoder.n_cells))
    begin, rows = start_profile(encoder, start, np.arange(encoder.n_cells))[None], []
    for cell in x:
        spot = encoder.logits(cell[None]).argmax(dim=1)
        engine = IntegratedGradients(partial(by_hand, encoder, scalar, spot))
        rows.append(engine.attribute(cell[None], baselines=begin, n_steps=steps))
    found = torch.cat(rows).detach()
    if start is Start.SURPLUS:
        found[x <= begin] = 0
    return np.asarray(found.numpy())


def explained(
    encoder: MapEncoder,
    **options: Any,  # noqa: ANN401 - values of options
) -> Attribution:
    """Attribute every cell."""
    chosen = ExplainOptions(
        **{"refined_steps": 0, "scalar": Scalar.PROBABILITY, "start": Start.ZERO, "steps": 20,
           "spacing": Spacing.EVEN, **options}
    )  # fmt: skip
    rows = np.arange(encoder.n_cells)
    return attribute(encoder, rows, chosen, SilentMonitor(), INSIDE)


def assert_as_captum(encoder: MapEncoder, scalar: Scalar, start: Start) -> None:
    """Compare with Captum at the same 50 nodes, to 1e-5 of the largest attribution."""
    wanted = captum(encoder, scalar, start, 50)
    found = explained(encoder, scalar=scalar, start=start, steps=50).values.toarray()
    np.testing.assert_allclose(found, wanted, atol=1e-5 * np.abs(wanted).max())


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("scalar", list(Scalar))
def test_it_equals_captum_at_the_same_nodes(
    encoder: MapEncoder, scalar: Scalar, start: Start
) -> None:
    assert_as_captum(encoder, scalar, start)


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("scalar", list(Scalar))
def test_layers_differentiated_by_hand_equal_captum_too(
    normed: MapEncoder, scalar: Scalar, start: Start
) -> None:
    assert_as_captum(normed, scalar, start)


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have even the smallest work done by compiled loops."""
    monkeypatch.setattr(gradients, "COMPILED_NODES", 0)


@pytest.mark.usefixtures("compiled")
@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("scalar", list(Scalar))
def test_layers_followed_by_the_units_that_change_equal_captum_too(
    normed: MapEncoder, scalar: Scalar, start: Start
) -> None:
    assert_as_captum(normed, scalar, start)


@pytest.mark.usefixtures("compiled")
def test_compiled_loops_know_embeddings_that_are_not_normalised() -> None:
    plain = make_normed(cosine=False)
    assert_as_captum(plain, Scalar.LOGIT, Start.ZERO)


def test_little_work_does_not_wait_for_a_compiler(
    normed: MapEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari_tessera.explain.along.TwoLayerPass", None)
    explained(normed, steps=50)


def test_embeddings_that_are_not_normalised_equal_captum_too() -> None:
    plain = make_normed(cosine=False)
    assert_as_captum(plain, Scalar.LOGIT, Start.ZERO)


def off_truth(encoder: MapEncoder, spacing: Spacing, steps: int) -> float:
    """Mean over cells of one less the correlation with very many nodes."""
    options = {"scalar": Scalar.REGION, "start": Start.ZERO}
    exact = explained(encoder, steps=300, **options).values.toarray()
    found = explained(encoder, steps=steps, spacing=spacing, **options).values.toarray()
    return float(np.mean([1 - np.corrcoef(a, b)[0, 1] for a, b in zip(found, exact, strict=True)]))


def test_nodes_where_the_path_turns_need_be_fewer(normed: MapEncoder) -> None:
    far = replace(normed, cells=sparse.csr_matrix(normed.cells * 8))
    assert off_truth(far, Spacing.ANGLE, 8) < 0.6 * off_truth(far, Spacing.EVEN, 8)


def test_both_spacings_meet_where_there_are_very_many_nodes(normed: MapEncoder) -> None:
    assert off_truth(normed, Spacing.ANGLE, 400) < 1e-5


@pytest.mark.parametrize("spacing", list(Spacing))
def test_weights_of_the_nodes_integrate_a_line(spacing: Spacing) -> None:
    begin, step = torch.randn(24), torch.randn(7, 24)
    nodes, weights = quadrature([begin], [step], 64, spacing)
    np.testing.assert_allclose((nodes * weights).sum(dim=1), 0.5, atol=1e-4)


def test_a_cell_that_stands_where_its_path_starts_has_no_attribution(normed: MapEncoder) -> None:
    empty = sparse.csr_matrix(np.zeros(normed.cells.shape, dtype=np.float32))
    found = explained(replace(normed, cells=empty), start=Start.MEAN, spacing=Spacing.ANGLE)
    np.testing.assert_array_equal(found.values.toarray(), 0)


def test_a_gene_that_a_cell_lacks_has_exactly_zero(encoder: MapEncoder) -> None:
    found = explained(encoder).values
    assert found.nnz == encoder.cells.nnz


def test_the_mean_profile_gives_absent_genes_an_attribution(encoder: MapEncoder) -> None:
    found = explained(encoder, start=Start.MEAN).values.toarray()
    assert np.abs(found[encoder.cells.toarray() == 0]).max() > 1e-4


@pytest.mark.parametrize(
    ("scalar", "has_region", "start"),
    [
        (Scalar.REGION, True, Start.SURPLUS),
        (Scalar.REGION, False, Start.ZERO),
        (Scalar.PROBABILITY, True, Start.ZERO),
    ],
)
def test_paths_start_at_the_mean_only_where_a_region_is_asked_about(
    scalar: Scalar,
    has_region: bool,  # noqa: FBT001
    start: Start,
) -> None:
    assert ExplainOptions(scalar=scalar).settled(has_region=has_region).start is start


def test_a_start_that_was_chosen_is_kept() -> None:
    assert ExplainOptions(start=Start.MEAN).settled(has_region=True).start is Start.MEAN


def test_the_surplus_is_the_part_of_genes_that_a_cell_has_more_of(encoder: MapEncoder) -> None:
    cells = encoder.cells.toarray()
    more = cells > cells.mean(axis=0)
    whole = explained(encoder, start=Start.MEAN).values.toarray()
    found = explained(encoder, start=Start.SURPLUS).values
    np.testing.assert_allclose(found.toarray(), np.where(more, whole, 0), atol=1e-7)
    assert found.nnz <= more.sum()


def test_the_gap_is_what_is_missing_from_the_difference_of_scores(encoder: MapEncoder) -> None:
    found = explained(encoder, steps=4)
    total = np.asarray(found.values.sum(axis=1)).ravel()
    np.testing.assert_allclose(found.gap, total - (found.score - found.start_score), atol=1e-6)


def test_more_nodes_are_spent_where_attributions_do_not_add_up(encoder: MapEncoder) -> None:
    rough = explained(encoder, steps=3)
    mended = explained(encoder, steps=3, refined_steps=300)
    assert (rough.relative_gap > 0.05).any()
    assert mended.relative_gap.max() < 0.05


def test_cells_that_add_up_are_left_as_they_were(encoder: MapEncoder) -> None:
    rough = explained(encoder, steps=3)
    mended = explained(encoder, steps=3, refined_steps=300)
    good = rough.relative_gap <= 0.05
    assert good.any()
    np.testing.assert_array_equal(rough.values[good].toarray(), mended.values[good].toarray())


def test_blocks_do_not_change_the_numbers(
    encoder: MapEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = explained(encoder).values.toarray()
    monkeypatch.setattr("napari_tessera.explain.gradients.BLOCK_ENTRIES", 1)
    monkeypatch.setattr("napari_tessera.explain.gradients.PASS_ENTRIES", 0)
    assert (block_size(encoder), pass_size(encoder, 20)) == (1, 1)
    np.testing.assert_allclose(explained(encoder).values.toarray(), whole, atol=1e-6)


def test_a_pass_has_a_bounded_number_of_logits(encoder: MapEncoder) -> None:
    bound = 2**19 * torch.get_num_threads()
    assert pass_size(encoder, 20) * 20 * encoder.n_spots <= bound


def test_the_order_of_cells_is_kept(encoder: MapEncoder) -> None:
    rows = np.array([7, 2, 9])
    options = ExplainOptions(
        refined_steps=0, scalar=Scalar.PROBABILITY, start=Start.ZERO, steps=20, spacing=Spacing.EVEN
    )
    some = attribute(encoder, rows, options, SilentMonitor())
    every = explained(encoder)
    assert some.cell_names.tolist() == ["c7", "c2", "c9"]
    np.testing.assert_allclose(some.values.toarray(), every.values[rows].toarray(), atol=1e-6)


def test_cancelling_is_heard(encoder: MapEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    class Impatient(SilentMonitor):
        def report(self, progress: Progress) -> Verdict:
            if progress.step >= 3:
                raise FitCancelled
            return Verdict.CONTINUE

    monkeypatch.setattr("napari_tessera.explain.gradients.BLOCK_ENTRIES", 1)
    with pytest.raises(FitCancelled):
        attribute(encoder, np.arange(9), ExplainOptions(), Impatient())


def test_the_result_survives_its_file(encoder: MapEncoder) -> None:
    found = explained(encoder)
    again = Attribution.from_state(found.to_state())
    assert again.gene_names.tolist() == found.gene_names.tolist()
    np.testing.assert_array_equal(again.values.toarray(), found.values.toarray())
    np.testing.assert_array_equal(again.gene("G3"), found.values[:, 3].toarray().ravel())


def test_without_a_region_its_log_odds_are_the_log_probability(encoder: MapEncoder) -> None:
    rows = np.arange(4)
    found = attribute(encoder, rows, ExplainOptions(scalar=Scalar.REGION), SilentMonitor())
    assert found.scalar == "log-probability"


def test_options_out_of_bounds_are_refused() -> None:
    with pytest.raises(OptionError, match="steps"):
        ExplainOptions(steps=1)
