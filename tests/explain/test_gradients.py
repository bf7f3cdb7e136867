"""Attribution against Captum, and the promises beside the numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from captum.attr import IntegratedGradients

from napari_tessera.contract.dominance import Attribution
from napari_tessera.contract.errors import FitCancelled, OptionError
from napari_tessera.contract.progress import Progress, SilentMonitor, Verdict
from napari_tessera.explain.gradients import (
    attribute,
    attribution_blocks,
    block_size,
    start_profile,
)
from napari_tessera.explain.options import ExplainOptions, Scalar, Start

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.numerics.map_encoder import MapEncoder

TURNS = {
    Scalar.PROBABILITY: lambda v: v.softmax(dim=1),
    Scalar.LOG_PROBABILITY: lambda v: v.log_softmax(dim=1),
    Scalar.LOGIT: lambda v: v,
}


def captum(encoder: MapEncoder, scalar: Scalar, start: Start, steps: int) -> NDArray[np.float32]:
    """Attributions by Captum, cell by cell, as the authors' notebooks do."""
    engine = IntegratedGradients(lambda x: TURNS[scalar](encoder.logits(x)))
    x = encoder.dense(slice(0, encoder.n_cells))
    target = encoder.logits(x).argmax(dim=1)
    begin = start_profile(encoder, start)[None]
    rows = [
        engine.attribute(x[i : i + 1], baselines=begin, target=int(target[i]), n_steps=steps)
        for i in range(len(x))
    ]
    return np.asarray(torch.cat(rows).detach().numpy())


def explained(
    encoder: MapEncoder,
    names: NDArray[np.str_],
    **options: Any,  # noqa: ANN401 - values of options
) -> Attribution:
    """Attribute every cell."""
    chosen = ExplainOptions(**{"refined_steps": 0, **options})
    return attribute(encoder, np.arange(encoder.n_cells), chosen, SilentMonitor(), names)


@pytest.mark.parametrize("start", list(Start))
@pytest.mark.parametrize("scalar", list(Scalar))
def test_it_equals_captum_at_the_same_nodes(
    encoder: MapEncoder, names: NDArray[np.str_], scalar: Scalar, start: Start
) -> None:
    wanted = captum(encoder, scalar, start, 50)
    found = explained(encoder, names, scalar=scalar, start=start, steps=50).values.toarray()
    np.testing.assert_allclose(found, wanted, atol=1e-5 * np.abs(wanted).max())


def test_a_gene_that_a_cell_lacks_has_exactly_zero(
    encoder: MapEncoder, names: NDArray[np.str_]
) -> None:
    found = explained(encoder, names).values
    assert found.nnz == encoder.cells.nnz


def test_the_mean_profile_gives_absent_genes_an_attribution(
    encoder: MapEncoder, names: NDArray[np.str_]
) -> None:
    found = explained(encoder, names, start=Start.MEAN).values.toarray()
    assert np.abs(found[encoder.cells.toarray() == 0]).max() > 1e-4


def test_the_gap_is_what_is_missing_from_the_difference_of_scores(
    encoder: MapEncoder, names: NDArray[np.str_]
) -> None:
    found = explained(encoder, names, steps=4)
    total = np.asarray(found.values.sum(axis=1)).ravel()
    np.testing.assert_allclose(found.gap, total - (found.score - found.start_score), atol=1e-6)


def test_more_nodes_are_spent_where_attributions_do_not_add_up(
    encoder: MapEncoder, names: NDArray[np.str_]
) -> None:
    rough = explained(encoder, names, steps=3)
    mended = explained(encoder, names, steps=3, refined_steps=300)
    assert (rough.relative_gap > 0.05).any()
    assert mended.relative_gap.max() < 0.05


def test_cells_that_add_up_are_left_as_they_were(
    encoder: MapEncoder, names: NDArray[np.str_]
) -> None:
    rough = explained(encoder, names, steps=3)
    mended = explained(encoder, names, steps=3, refined_steps=300)
    good = rough.relative_gap <= 0.05
    assert good.any()
    np.testing.assert_array_equal(rough.values[good].toarray(), mended.values[good].toarray())


def test_blocks_do_not_change_the_numbers(
    encoder: MapEncoder, names: NDArray[np.str_], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = explained(encoder, names).values.toarray()
    monkeypatch.setattr("napari_tessera.explain.gradients.BLOCK_ENTRIES", 1)
    assert len(list(attribution_blocks(encoder, np.arange(5), ExplainOptions()))) == 5
    np.testing.assert_allclose(explained(encoder, names).values.toarray(), whole, atol=1e-6)


def test_a_block_has_a_bounded_number_of_logits(encoder: MapEncoder) -> None:
    assert block_size(encoder, 20) * 20 * encoder.n_spots <= 2**20


def test_the_order_of_cells_is_kept(encoder: MapEncoder, names: NDArray[np.str_]) -> None:
    rows = np.array([7, 2, 9])
    some = attribute(encoder, rows, ExplainOptions(refined_steps=0), SilentMonitor(), names)
    every = explained(encoder, names)
    assert some.cell_names.tolist() == ["c7", "c2", "c9"]
    np.testing.assert_allclose(some.values.toarray(), every.values[rows].toarray(), atol=1e-6)


def test_cancelling_is_heard(
    encoder: MapEncoder, names: NDArray[np.str_], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Impatient(SilentMonitor):
        def report(self, progress: Progress) -> Verdict:
            if progress.step >= 3:
                raise FitCancelled
            return Verdict.CONTINUE

    monkeypatch.setattr("napari_tessera.explain.gradients.BLOCK_ENTRIES", 1)
    with pytest.raises(FitCancelled):
        attribute(encoder, np.arange(9), ExplainOptions(), Impatient(), names)


def test_the_result_survives_its_file(encoder: MapEncoder, names: NDArray[np.str_]) -> None:
    found = explained(encoder, names)
    again = Attribution.from_state(found.to_state())
    assert again.gene_names.tolist() == found.gene_names.tolist()
    np.testing.assert_array_equal(again.values.toarray(), found.values.toarray())
    np.testing.assert_array_equal(again.gene("G3"), found.values[:, 3].toarray().ravel())


def test_options_out_of_bounds_are_refused() -> None:
    with pytest.raises(OptionError, match="steps"):
        ExplainOptions(steps=1)
