"""Colours of categories: the one palette for layers, legends, tables and figures.

The first colours are those of Okabe and Ito (their pink, which H&E hides, comes late); the others
were chosen one by one so that each keeps the greatest distance in CIELAB from all before it and
from the pinks and violets of H&E, for full colour vision, deuteranopia and protanopia alike; then
the dark ones, which nuclei hide, were put last. Any two of the thirty differ by at least 14 in each
of the three.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

PALETTE = (
    "#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00",
    "#6644ff", "#bbee99", "#dd1144", "#6699ff", "#ccaa55", "#994477",
    "#ddee77", "#99cc99", "#446633", "#3355bb", "#00ffff", "#77ffcc",
    "#7766ff", "#55aa66", "#cc79a7", "#661144", "#0000ff", "#770000",
    "#440099", "#aa1100", "#773344", "#0022cc", "#662266", "#551177",
)  # fmt: skip


def colours_of(names: Iterable[str]) -> dict[str, str]:
    """One colour per name: the same set of names has the same colours, whatever its order.

    Parameters
    ----------
    names : iterable of str
        Names of categories; repeated ones count once.

    Returns
    -------
    dict of str to str
        Name to ``#rrggbb``, sorted by name. After the thirtieth name the palette begins again,
        darker each time.
    """
    return {name: _colour(i) for i, name in enumerate(sorted({str(n) for n in names}))}


def _colour(number: int) -> str:
    again, place = divmod(number, len(PALETTE))
    colour = PALETTE[place]
    if again == 0:
        return colour
    parts = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(part * 0.7**again):02x}" for part in parts)
