"""Blocks fit the memory that there is, and halve where it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from napari_tessera.contract.progress import SilentMonitor
from napari_tessera.methods import get_method
from napari_tessera.methods.stem import losses, training
from napari_tessera.methods.stem.options import StemOptions
from napari_tessera.numerics import blocks, cell_map
from napari_tessera.numerics.blocks import MOST_HALVINGS, rows_at_once, with_smaller_blocks
from napari_tessera.testing.planted import planted_tissue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GPU = torch.device("cuda")
PAIRED = planted_tissue(n_cells=200, n_spots=100, n_genes=40, seed=4).paired
STEM = get_method("stem")
QUICK = StemOptions(steps=4, members=1, batch_cells=64, seed=3)


@pytest.fixture(autouse=True)
def _whole_blocks() -> Iterator[None]:
    """Begin with whole blocks and unknown memory; leave it so."""
    blocks.HALVINGS.n = 0
    blocks._room.cache_clear()
    yield
    blocks.HALVINGS.n = 0
    blocks._room.cache_clear()


def full(*_: object) -> None:
    """Have no memory, as an accelerator says it."""
    message = "CUDA out of memory. Tried to allocate 2.00 GiB"
    raise torch.OutOfMemoryError(message)


def full_at_first(work: Callable[..., object], times: int) -> Callable[..., object]:
    """Run out of memory so many times, then work."""
    left = iter(range(times))

    def tried(*given: object) -> object:
        if next(left, None) is not None:
            full()
        return work(*given)

    return tried


def test_a_block_is_as_large_as_the_memory_lets_it_be(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    for gib in (80, 8, 1):
        monkeypatch.setattr(blocks, "free_bytes", lambda _device, n=gib: n << 30)
        blocks._room.cache_clear()
        sizes.append([rows_at_once(2**22, 1024, device) for device in (blocks.CPU, GPU)])
    assert sizes == [[4096, 65536], [4096, 32768], [4096, 4096]]


def test_there_is_always_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "free_bytes", lambda _device: 0)
    assert rows_at_once(2**22, 10**6) == 1


def test_what_ran_out_of_memory_is_done_again_with_half_of_it() -> None:
    sizes = []

    def work() -> str:
        sizes.append(rows_at_once(2**20, 1))
        if len(sizes) < 3:
            full()
        return "done"

    assert with_smaller_blocks(work) == "done"
    assert sizes == [2**20, 2**19, 2**18]


def test_it_is_given_up_in_the_end() -> None:
    tries = []

    def work() -> None:
        tries.append(1)
        full()

    with pytest.raises(torch.OutOfMemoryError):
        with_smaller_blocks(work)
    assert len(tries) == MOST_HALVINGS + 1


def test_other_errors_are_not_tried_again() -> None:
    def work() -> None:
        message = "expected scalar type Float"
        raise RuntimeError(message)

    with pytest.raises(RuntimeError, match="scalar"):
        with_smaller_blocks(work)
    assert blocks.HALVINGS.n == 0


def test_a_fit_goes_on_with_smaller_blocks_and_learns_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = STEM.fit(PAIRED, QUICK, SilentMonitor())
    monkeypatch.setattr(training, "transport", full_at_first(losses.transport, 3))
    halved = STEM.fit(PAIRED, QUICK, SilentMonitor())
    assert 0 < blocks.HALVINGS.n <= 3
    for name, array in whole.state.arrays.items():
        assert np.allclose(array, halved.state.arrays[name], rtol=1e-3, atol=1e-4), name


def test_a_prediction_goes_on_with_smaller_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    fitted = STEM.fit(PAIRED, QUICK, SilentMonitor())
    whole = STEM.predict(fitted, PAIRED).placement
    monkeypatch.setattr(cell_map, "_moments", full_at_first(cell_map._moments, 2))
    halved = STEM.predict(fitted, PAIRED).placement
    assert blocks.HALVINGS.n == 2
    assert whole is not None
    assert halved is not None
    assert np.allclose(whole.xy, halved.xy, atol=1e-3 * PAIRED.pitch)
