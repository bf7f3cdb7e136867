"""Memory that was used for a while, given back to the system."""

from __future__ import annotations

import contextlib
import ctypes


def release_memory() -> None:
    """Give back what is free already, where the C library keeps it for later (glibc does).

    What is made for one stage of a fit and dropped lies between what stays: of 100,000 cells and
    20,000 spots more than a gigabyte, which the next stage cannot use in large pieces.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
