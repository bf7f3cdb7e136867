"""Two sections in one fit: their coordinates overlap and have nothing to do with one another."""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from scipy import sparse

from napari_tessera.contract.progress import SilentMonitor
from napari_tessera.methods import get_method
from napari_tessera.testing.planted import PITCH, planted_tissue

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.contract.results import Composition, Placement

QUICK = {"baseline": {}, "stem": {"steps": 100, "members": 1}}
BOTH = pytest.mark.parametrize("name", QUICK)


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@cache
def cut_in_two() -> tuple[PairedData, NDArray[np.float64], NDArray[np.bool_]]:
    """Call the left and the right half two sections, and shift the right one onto the left one."""
    tissue = planted_tissue(n_cells=1000, n_spots=300, seed=3)
    paired = tissue.paired
    middle = float(np.median(paired.spot_xy[:, 0]))
    right, right_cells = paired.spot_xy[:, 0] > middle, tissue.truth_xy[:, 0] > middle
    shift = np.array([middle - paired.spot_xy[:, 0].min() + PITCH / 2, 0.0])
    assert paired.spot_graph is not None
    both = sparse.coo_matrix(paired.spot_graph)
    same = right[both.row] == right[both.col]
    entries = (np.ones(int(same.sum())), (both.row[same], both.col[same]))
    graph = sparse.csr_matrix(entries, shape=paired.spot_graph.shape)
    moved = dataclasses.replace(
        paired,
        spot_xy=paired.spot_xy - shift * right[:, None],
        spot_graph=graph,
        sample=np.where(right, "right", "left"),
    )
    return moved, tissue.truth_xy - shift * right_cells[:, None], right_cells


@cache
def answer(name: str) -> tuple[Placement, Composition]:
    method = get_method(name)
    paired = cut_in_two()[0]
    fitted = method.fit(paired, method.options_type(**QUICK[name]), SilentMonitor())
    result = method.predict(fitted, paired)
    assert result.placement is not None
    assert result.composition is not None
    return result.placement, result.composition


@BOTH
def test_the_map_of_a_cell_stays_in_one_section(name: str) -> None:
    sample = cut_in_two()[0].sample
    assert sample is not None
    placement = answer(name)[0]
    right, left = (placement.map @ (sample == s).astype(float) for s in ("right", "left"))
    assert np.minimum(right, left).max() < 1e-6
    np.testing.assert_array_equal(right > left, sample[placement.modal_spot] == "right")


@BOTH
def test_most_cells_find_their_section_and_their_place_in_it(name: str) -> None:
    paired, truth, right = cut_in_two()
    assert paired.sample is not None
    placement = answer(name)[0]
    found = paired.sample[placement.modal_spot] == "right"
    assert (found == right).mean() > 0.8
    off = np.linalg.norm(placement.xy - truth, axis=1)[found == right] / PITCH
    assert off.mean() < 2.5


@BOTH
def test_spots_of_both_sections_are_composed(name: str) -> None:
    composition = answer(name)[1]
    known = planted_tissue(n_cells=1000, n_spots=300, seed=3).composition
    for side in ("left", "right"):
        mine = cut_in_two()[0].sample == side
        assert np.corrcoef(composition.values[mine].ravel(), known[mine].ravel())[0, 1] > 0.8


def test_spots_of_different_sections_are_no_neighbours_in_the_target() -> None:
    from napari_tessera.methods.stem.options import StemOptions
    from napari_tessera.methods.stem.training import TrainingData

    paired = cut_in_two()[0]
    assert paired.sample is not None
    data = TrainingData.prepare(paired, StemOptions(purified=0.0), torch.device("cpu"))
    target = data.adjacency
    assert (paired.sample[target.rows.numpy()] == paired.sample[target.indices.numpy()]).all()
    assert len(target.rows) > 3 * paired.n_spots
