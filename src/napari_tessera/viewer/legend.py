"""What a legend says, before anybody draws it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from napari_tessera.viewer.colours import RGBA, ramp

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_tessera.viewer.colours import Categories


@dataclass(frozen=True, kw_only=True)
class LegendEntry:
    """One line of a legend of categories.

    Parameters
    ----------
    name : str
        Type or domain.
    rgba : RGBA
        Its colour.
    count : int
        How many there are of it.
    said : str
        What stands at the end of the line instead of the count.
    """

    name: str
    rgba: RGBA
    count: int = 0
    said: str = ""


@dataclass(frozen=True, kw_only=True)
class Legend:
    """Categories with their colours, the two ends of a colour ramp, both, or a title alone.

    Parameters
    ----------
    title : str
        What the colours mean.
    entries : tuple of LegendEntry
        Empty for a ramp alone.
    low, high : str
        Text at the ends of the ramp; empty where there is none.
    ramp : tuple of RGBA
        Colours along the ramp, low end first; empty where there is none.
    """

    title: str
    entries: tuple[LegendEntry, ...] = ()
    low: str = ""
    high: str = ""
    ramp: tuple[RGBA, ...] = field(default=(), repr=False)


@dataclass(frozen=True, kw_only=True)
class Painting:
    """Colours and what they mean.

    Parameters
    ----------
    rgba : ndarray, shape (n, 4), float32
        One colour per item.
    legend : Legend
        What the colours say.
    """

    rgba: NDArray[np.float32]
    legend: Legend


def category_legend(title: str, items: Categories) -> Legend:
    """Legend of categories, the most frequent first, ties by name.

    Parameters
    ----------
    title : str
        What is counted, such as ``Cells by type``.
    items : Categories
        Names and counts; names that never occur are left out.
    """
    table = items.table().tolist()
    order = sorted(range(len(items.names)), key=lambda i: (-int(items.counts[i]), items.names[i]))
    entries = tuple(
        LegendEntry(name=items.names[i], rgba=tuple(table[i]), count=int(items.counts[i]))
        for i in order
        if items.counts[i] > 0
    )
    return Legend(title=title, entries=entries)


def ramp_legend(title: str, limits: tuple[float, float]) -> Legend:
    """Legend of a number along the shared ramp."""
    colours = tuple(tuple(c) for c in ramp(32).tolist())
    return Legend(title=title, low=short(limits[0]), high=short(limits[1]), ramp=colours)


def alpha_legend(title: str, rgba: RGBA, high: float) -> Legend:
    """Legend of one colour that goes from transparent to full."""
    colours = tuple((*rgba[:3], i / 31) for i in range(32))
    return Legend(title=title, low="0", high=short(high), ramp=colours)


def short(number: float) -> str:
    """Write a number in three figures, or as a whole number where it has more."""
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.3g}"
