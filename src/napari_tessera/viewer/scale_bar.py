"""How long a scale bar is, and what it says."""

from __future__ import annotations

import math

LONGEST = 150.0
"""Pixels of the canvas."""


def scale_bar(micrometres_per_pixel: float, longest: float = LONGEST) -> tuple[float, str]:
    """Length of a bar with a round number, and its label.

    Parameters
    ----------
    micrometres_per_pixel : float
        Micrometres that a pixel of the canvas covers.
    longest : float
        Pixels that it may be long.

    Returns
    -------
    length : float
        In pixels of the canvas; more than a third of `longest`.
    label : str
        Such as ``200 µm``.
    """
    most = micrometres_per_pixel * longest
    power = 10.0 ** math.floor(math.log10(most))
    length = max(n * power for n in (1, 2, 5) if n * power <= most * (1 + 1e-9))
    for unit, size in (("mm", 1e3), ("µm", 1.0), ("nm", 1e-3)):
        if length >= size * (1 - 1e-9):
            return length / micrometres_per_pixel, f"{length / size:g} {unit}"
    return length / micrometres_per_pixel, f"{length * 1e3:g} nm"
