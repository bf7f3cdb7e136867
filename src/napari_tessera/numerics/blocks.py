"""How large the blocks are in which maps and losses are computed.

As large as usual, larger on an accelerator, smaller where memory is short when the first one is
made; and where memory ends all the same, half as large, and what was under way is done again.
"""

from __future__ import annotations

import threading
from functools import cache
from typing import TYPE_CHECKING, TypeVar

import psutil
import torch

from napari_tessera.contract.errors import is_memory_error
from napari_tessera.numerics.release import release_memory

if TYPE_CHECKING:
    from collections.abc import Callable

DoneT = TypeVar("DoneT")

CPU = torch.device("cpu")

LARGER = 16
"""Times the usual block that one may be on an accelerator."""

SHARE, ENTRY_BYTES = 8, 8 * 4
"""One in how many free bytes is for blocks; and bytes of an entry: eight copies in float32."""

MOST_HALVINGS = 5

CHUNK_ROWS, ROW_ACTIVATIONS = 4096, 2048
"""Rows that a network encodes at once on the CPU, and about how many activations a row has."""


class _Halvings:
    """How often memory ended in this process."""

    def __init__(self) -> None:
        self._lock, self.n = threading.Lock(), 0

    def one_more(self, seen: int) -> bool:
        """Halve, unless another thread has since `seen`; False where blocks are small enough."""
        with self._lock:
            if self.n == seen:
                self.n += 1
            return self.n <= MOST_HALVINGS


HALVINGS = _Halvings()


def free_bytes(device: torch.device) -> int:
    """Memory of a device that nobody uses now."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    if device.type == "xpu":
        return int(torch.xpu.mem_get_info(device)[0])
    if device.type == "mps":
        return int(torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory())
    return int(psutil.virtual_memory().available)


@cache
def _room(device: torch.device) -> int:
    """Entries of a block that there is room for: a power of two, asked once per process."""
    entries = max(1, free_bytes(device) // (SHARE * ENTRY_BYTES))
    return 1 << (entries.bit_length() - 1)


def rows_at_once(usual: int, width: int, device: torch.device = CPU) -> int:
    """Rows of a block.

    Parameters
    ----------
    usual : int
        Entries of a block on the CPU.
    width : int
        Columns.
    device : torch.device
        Where it is computed.

    Returns
    -------
    int
        At least one.
    """
    most = usual if device.type == "cpu" else usual * LARGER
    return max(1, (min(most, _room(device)) >> HALVINGS.n) // max(width, 1))


def row_blocks(n_rows: int, width: int, usual: int, device: torch.device = CPU) -> list[slice]:
    """Split rows into blocks; see `rows_at_once`.

    Parameters
    ----------
    n_rows : int
        All rows.
    width, usual, device
        See `rows_at_once`.
    """
    size = rows_at_once(usual, width, device)
    return [slice(i, min(i + size, n_rows)) for i in range(0, n_rows, size)]


def chunks(n_rows: int, device: torch.device) -> list[slice]:
    """Split rows into those that a network encodes at once."""
    return row_blocks(n_rows, ROW_ACTIVATIONS, CHUNK_ROWS * ROW_ACTIVATIONS, device)


def whole_blocks() -> None:
    """Begin a fit with whole blocks: what it computes does not depend on what ran before it."""
    HALVINGS.n = 0


def with_smaller_blocks(work: Callable[[], DoneT]) -> DoneT:
    """Do something; where memory ends, halve all blocks and do it again from its start.

    Parameters
    ----------
    work : callable
        What it does may be done twice.

    Raises
    ------
    RuntimeError, MemoryError
        As `work` raised it, if memory ends with small blocks too, or for another reason.
    """
    while True:
        seen = HALVINGS.n
        try:
            return work()
        except (MemoryError, RuntimeError) as error:
            if not is_memory_error(error) or not HALVINGS.one_more(seen):
                raise
        release_memory()
