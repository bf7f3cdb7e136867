"""Peak memory."""

from __future__ import annotations

import time

import numpy as np

from napari_tessera.jobs.memory import PeakMemory, memory_now


def test_a_peak_that_has_passed_is_remembered() -> None:
    before = memory_now()
    with PeakMemory() as memory:
        block = np.ones(30_000_000)
        time.sleep(0.3)
        del block
    assert memory.peak >= before + 200_000_000
